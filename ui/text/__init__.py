"""Words, times and names as people read them. Pure."""
