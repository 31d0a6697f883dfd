"""Zones: which are refused, and what lies in those that are not."""

import re
from math import cos, pi, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_service.machine import Point
from edge_service.zone import contains, distance_to_boundary, zone_problem

SQUARE = ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))
# The letter U: its notch is outside.
NOTCHED = ((0.0, 0.0), (0.3, 0.0), (0.3, 0.6), (0.7, 0.6), (0.7, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))

unit = st.floats(0, 1)


@st.composite
def star_shaped(draw: st.DrawFn) -> tuple[Point, ...]:
    """Simple polygons around the middle of the picture, corners in order of their angle, either way round."""
    count = draw(st.integers(3, 10))
    radii = draw(st.lists(st.floats(0.05, 0.5), min_size=count, max_size=count))
    turns = [2 * pi * index / count for index in range(count)]
    zone = [(0.5 + radius * cos(turn), 0.5 + radius * sin(turn)) for radius, turn in zip(radii, turns, strict=True)]
    return tuple(reversed(zone) if draw(st.booleans()) else zone)


@pytest.mark.parametrize("zone", [SQUARE, tuple(reversed(SQUARE)), NOTCHED, ((0, 0), (1, 0), (0.5, 0.001))])
def test_good_zones(zone: tuple[Point, ...]) -> None:
    assert zone_problem(zone) is None


@given(star_shaped())
def test_star_shaped_polygons_are_good_zones_that_contain_their_middle(zone: tuple[Point, ...]) -> None:
    assert zone_problem(zone) is None
    assert contains(zone, (0.5, 0.5))


@pytest.mark.parametrize(
    ("zone", "problem"),
    [
        ((), "at least 3"),
        (SQUARE[:2], "at least 3"),
        (((0.1, 0.1), (1.1, 0.1), (0.5, 0.5)), "point 2 .* outside the picture"),
        (((0.1, 0.1), (0.5, -0.1), (0.5, 0.5)), "point 2 .* outside the picture"),
        (((0.1, 0.1), (0.5, 0.5), (float("nan"), 0.5)), "point 3 .* outside the picture"),
        (((0.1, 0.1), (0.2, 0.2), (0.3, 0.3)), "no area"),
        (((0.1, 0.1), (0.1, 0.1), (0.3, 0.3)), "no area"),
        (((0.1, 0.1), (0.1, 0.1), (0.3, 0.1), (0.3, 0.3)), "touches itself"),
        (((0, 0), (1, 1), (1, 0), (0, 1)), "side 1 and side 3"),
        (((0, 0), (1, 0), (0.5, 0), (0.5, 1)), "side 1 and side 2"),
        (((0, 0), (1, 0), (1, 1), (0.5, 0), (0, 1)), "touches itself"),
        (((0.5, 0.5), (0.500001, 0.5), (0.5, 0.500001)), "next to no area|no area"),
    ],
)
def test_bad_zones(zone: tuple[Point, ...], problem: str) -> None:
    assert re.search(problem, zone_problem(zone) or "none")


@given(unit, unit)
def test_an_upright_rectangle_contains_what_lies_between_its_sides(x: float, y: float) -> None:
    assert contains(SQUARE, (x, y)) == (0.2 - 1e-9 <= x <= 0.8 + 1e-9 and 0.2 - 1e-9 <= y <= 0.8 + 1e-9)


@given(unit, unit)
def test_a_notch_is_outside(x: float, y: float) -> None:
    in_notch = 0.3 + 1e-9 < x < 0.7 - 1e-9 and y < 0.6 - 1e-9
    assert contains(NOTCHED, (x, y)) == (not in_notch)


@given(star_shaped(), st.integers(0, 9), unit)
def test_the_boundary_counts_as_inside(zone: tuple[Point, ...], side: int, share: float) -> None:
    a, b = zone[side % len(zone)], zone[(side + 1) % len(zone)]
    assert contains(zone, (a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])))


@given(star_shaped(), unit, unit, st.integers(0, 9))
def test_neither_direction_nor_first_corner_matters(zone: tuple[Point, ...], x: float, y: float, first: int) -> None:
    first %= len(zone)
    turned = zone[first:] + zone[:first]
    assert contains(zone, (x, y)) == contains(turned, (x, y)) == contains(tuple(reversed(turned)), (x, y))


def test_distance_to_the_nearest_side_or_corner() -> None:
    assert distance_to_boundary(SQUARE, (0.5, 0.7)) == pytest.approx(0.1)
    assert distance_to_boundary(SQUARE, (0.2, 0.5)) == pytest.approx(0)
    assert distance_to_boundary(SQUARE, (0.9, 0.9)) == pytest.approx(0.1 * 2**0.5)
