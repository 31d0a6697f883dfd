"""The page Review: sessions, what the model says of their cleaning, and what a person thinks of that."""
