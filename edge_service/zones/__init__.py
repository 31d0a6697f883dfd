"""Zones that change while the edge runs: drawn in the dashboard, or written into its file."""
