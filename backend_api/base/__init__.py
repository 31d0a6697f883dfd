"""The needs of every process at its edge: the clock, signals, flags, durable files, HTTP. Imports nothing of ours."""
