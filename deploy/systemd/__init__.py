"""Permanent running under systemd: the units, and what installs and removes them."""
