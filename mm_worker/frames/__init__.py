"""The frames of a clip that the model is shown."""
