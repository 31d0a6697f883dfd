"""Reports on the events: sessions, machines, figures, and how far people agree with the model."""
