"""What the events add up to: sessions, machines, figures, and how far people agree with the model."""
