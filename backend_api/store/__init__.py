"""The database: events, the verdicts and reviews of them, and what follows from these, in one transaction."""
