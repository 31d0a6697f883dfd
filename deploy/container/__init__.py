"""The product in containers: what makes the image, what starts it, and what watches a process in it."""
