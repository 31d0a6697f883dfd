"""Alerts: which conditions last, whom to tell what and when, in which words, and that it arrives or is seen not to."""
