"""Backups: a database and its media as they were at one moment, kept in a folder, verified, and restored from it."""
