"""Clips and pictures on the disk: where they lie, how much they take, and when they go."""
