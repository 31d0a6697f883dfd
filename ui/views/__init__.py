"""The pages, one script each, which ui/dashboard.py leads to."""
