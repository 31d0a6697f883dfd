"""The values that cross a border between processes, as pydantic models: events, verdicts, sessions, figures."""
