"""The same person from frame to frame."""
