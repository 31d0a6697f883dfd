"""From tracks to what happened at a machine. Pure."""
