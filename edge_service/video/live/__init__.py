"""Live cameras: the connection, the thread that reads it, and its media clock."""
