"""The page Setup: cameras and how they are, the verdict queue, and the zones of machines."""
