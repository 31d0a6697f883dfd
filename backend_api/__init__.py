"""The API, the database and the media folder; every other package may import its contract, none is imported by it."""
