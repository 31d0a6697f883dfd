"""What is kept in the database: events, what is said of them, and what follows, in one transaction."""
