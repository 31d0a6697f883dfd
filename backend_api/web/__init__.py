"""The HTTP API: the application, its server, keys, errors, uploads and the stream of changes."""
