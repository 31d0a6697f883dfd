"""Zones: which are refused, and which are not."""

import re

import pytest
from hypothesis import given

from backend_api.contract.zones import Point, zone_problem
from tests.zones import NOTCHED, SQUARE, star_shaped


@pytest.mark.parametrize("zone", [SQUARE, tuple(reversed(SQUARE)), NOTCHED, ((0, 0), (1, 0), (0.5, 0.001))])
def test_good_zones(zone: tuple[Point, ...]) -> None:
    assert zone_problem(zone) is None


@given(star_shaped())
def test_star_shaped_polygons_are_good_zones(zone: tuple[Point, ...]) -> None:
    assert zone_problem(zone) is None


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
