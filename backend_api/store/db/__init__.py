"""The database itself: its tables, statements, transactions and migrations; it knows nothing of what they are for."""
