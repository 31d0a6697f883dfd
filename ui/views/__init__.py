"""The pages, one script each, which ui/app.py leads to."""
