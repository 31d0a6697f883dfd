"""The API's routes, a file for each family of addresses."""
