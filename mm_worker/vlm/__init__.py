"""Asking a model: the plug point, the mock, and chat servers that take pictures."""
