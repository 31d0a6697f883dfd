"""What the events of one use add up to, and what is asked about its end."""
