"""`make run`: starts the four processes, shows what they say, starts again what dies, and ends them together."""
