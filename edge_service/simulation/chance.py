"""Chance without state: a number that looks random and is a pure function of its key."""

from hashlib import blake2b


def uniform(low: float, high: float, *key: int | str) -> float:
    """A number from `low` up to, not including, `high`: the same for the same key, in any order, on any computer."""
    digest = blake2b(repr(key).encode(), digest_size=7).digest()
    return low + (high - low) * int.from_bytes(digest) / 2**56
