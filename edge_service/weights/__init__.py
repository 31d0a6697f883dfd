"""Weights of detection networks: which there are, and how they come onto this computer."""
