"""What follows from the events of a use: its session, what is asked and said of it, and the same made anew."""
