"""What crosses a border between processes, as pydantic models: events, verdicts, sessions, figures."""
