"""The dashboard's calls to the backend, and the state that it keeps for a browser session."""
