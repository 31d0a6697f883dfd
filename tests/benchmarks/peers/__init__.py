"""What one would pick or write instead, to be measured beside the project in the same run."""
