"""Zones: what lies in them, and how far it is to their boundary."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_service.rules.machine import Point
from edge_service.rules.zone import contains, distance_to_boundary
from tests.zones import NOTCHED, SQUARE, star_shaped

unit = st.floats(0, 1)


@given(star_shaped())
def test_a_star_shaped_polygon_contains_its_middle(zone: tuple[Point, ...]) -> None:
    assert contains(zone, (0.5, 0.5))


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
