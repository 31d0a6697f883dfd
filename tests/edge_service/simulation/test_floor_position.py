"""Where somebody stands in a zone."""

import pytest
from hypothesis import given

from edge_service.rules.machine import Point
from edge_service.rules.zone import contains
from edge_service.simulation.floor_position import find_floor_position
from tests.zones import NOTCHED, SQUARE, star_shaped


def test_in_a_rectangle_it_is_in_the_middle_above_the_lower_side() -> None:
    point = find_floor_position(SQUARE)
    assert point.foot == pytest.approx((0.5, 0.72), abs=0.02)
    assert point.depth == pytest.approx(0.08)


def test_in_a_notched_zone_it_is_below_the_notch() -> None:
    assert contains(NOTCHED, find_floor_position(NOTCHED).foot)


@given(star_shaped())
def test_it_is_in_the_zone_and_its_depth_below_it_is_the_boundary(zone: tuple[Point, ...]) -> None:
    point = find_floor_position(zone)
    x, y = point.foot
    assert 0 < point.depth <= 0.08
    assert contains(zone, (x, y))
    assert contains(zone, (x, y + point.depth - 1e-6))
    assert not contains(zone, (x, y + point.depth + 1e-6))
