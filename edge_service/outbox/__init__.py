"""Events on the disk until the backend has them."""
