"""Zones for tests: a square, one with a notch, and any number of good ones."""

from math import cos, pi, sin

from hypothesis import strategies as st

from backend_api.contract.zones import Point

SQUARE = ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))
# The letter U: its notch is outside.
NOTCHED = ((0.0, 0.0), (0.3, 0.0), (0.3, 0.6), (0.7, 0.6), (0.7, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


@st.composite
def star_shaped(draw: st.DrawFn) -> tuple[Point, ...]:
    """Simple polygons around the middle of the picture, corners in order of their angle, either way round."""
    count = draw(st.integers(3, 10))
    radii = draw(st.lists(st.floats(0.05, 0.5), min_size=count, max_size=count))
    turns = [2 * pi * index / count for index in range(count)]
    zone = [(0.5 + radius * cos(turn), 0.5 + radius * sin(turn)) for radius, turn in zip(radii, turns, strict=True)]
    return tuple(reversed(zone) if draw(st.booleans()) else zone)
