"""Killing the real processes at random, and comparing what is left with an undisturbed run."""
