"""What is kept in the database, table family by table family: events, verdicts, reviews, cameras, stores."""
