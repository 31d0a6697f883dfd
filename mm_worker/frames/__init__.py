"""What of a clip the model is shown."""
