"""How it runs on a computer: what starts the processes and what stands before them."""
