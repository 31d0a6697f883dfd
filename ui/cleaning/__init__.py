"""The page Cleaning: what became of cleaning windows, in figures, by day and by machine."""
