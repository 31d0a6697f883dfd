"""The mocked gym: who is where, as a detector would report it, and drawn."""
