"""One camera's loop, and what a restart needs."""
