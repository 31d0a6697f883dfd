"""The page Usage: when machines are in use, on one day and over many."""
