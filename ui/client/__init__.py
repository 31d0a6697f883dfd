"""What the dashboard asks the backend, and keeps for a session."""
