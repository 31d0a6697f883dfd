"""Zones: what lies in them, by a point or by the anchor of a box, and how far it is to their boundary."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_service.detection.detector import Box
from edge_service.rules.engine import RuleEngine
from edge_service.rules.machine import FEET, Anchor, AnchorKind, Point
from edge_service.rules.zone import contains, distance_to_boundary, is_in_zone, share_inside
from edge_service.tracking.tracker import Track
from tests.edge_service.scripted import machine, sample_times, types
from tests.zones import NOTCHED, SQUARE, star_shaped

CENTER = Anchor(AnchorKind.CENTER)
LOWER_HALF = ((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0))
GRID = 60

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


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    left, top = draw(st.floats(0, 0.8)), draw(st.floats(0, 0.8))
    return Box(left, top, left + draw(st.floats(0.05, 0.2)), top + draw(st.floats(0.05, 0.2)))


@pytest.mark.parametrize(
    ("box", "feet", "center", "share"),
    [
        (Box(0.4, 0.1, 0.6, 0.6), True, False, 0.2),
        (Box(0.4, 0.3, 0.6, 0.8), True, True, 0.6),
        (Box(0.4, 0.6, 0.6, 0.9), True, True, 1.0),
        (Box(0.4, 0.1, 0.6, 0.4), False, False, 0.0),
        (Box(0.4, 0.1, 0.6, 0.9), True, True, 0.5),
        (Box(0.4, 0.7, 0.6, 1.3), False, True, 0.5),
    ],
)
def test_the_three_anchors(box: Box, *, feet: bool, center: bool, share: float) -> None:
    assert is_in_zone(box, LOWER_HALF, FEET) == feet
    assert is_in_zone(box, LOWER_HALF, CENTER) == center
    assert share_inside(box, LOWER_HALF) == pytest.approx(share)
    for least in (0.05, 0.2, 0.5, 0.6, 1.0):
        assert is_in_zone(box, LOWER_HALF, Anchor(AnchorKind.OVERLAP, least)) == (share >= least - 1e-9)


@given(boxes(), st.sampled_from([LOWER_HALF, NOTCHED, tuple(reversed(NOTCHED)), ((0.1, 0.1), (0.9, 0.3), (0.4, 0.9))]))
@settings(max_examples=60)
def test_the_share_is_that_of_the_boxs_points(box: Box, zone: tuple[Point, ...]) -> None:
    width, height = box.right - box.left, box.bottom - box.top
    points = [
        (box.left + (i + 0.5) / GRID * width, box.top + (j + 0.5) / GRID * height)
        for i in range(GRID)
        for j in range(GRID)
    ]
    counted = sum(contains(zone, point) for point in points) / len(points)
    # A side may cut through all cells of two rows or columns.
    assert share_inside(box, zone) == pytest.approx(counted, abs=3 / GRID)


@given(boxes(), unit, unit)
def test_a_share_is_a_share_and_grows_with_the_zone(box: Box, a: float, b: float) -> None:
    low, high = sorted((a, b))
    small, large = (((0.0, y), (1.0, y), (1.0, 1.0), (0.0, 1.0)) for y in (high, low))
    assert 0 <= share_inside(box, small) <= share_inside(box, large) + 1e-9 <= 1 + 2e-9


def test_a_box_without_a_size_is_nowhere() -> None:
    assert share_inside(Box(0.5, 0.7, 0.5, 0.8), LOWER_HALF) == 0


@pytest.mark.parametrize(
    ("anchor", "expected"),
    [(FEET, []), (CENTER, ["START"]), (Anchor(AnchorKind.OVERLAP, 0.7), ["START"])],
)
def test_each_machine_goes_by_its_own_anchor(anchor: Anchor, expected: list[str]) -> None:
    """Feet below the zone, as behind a bench that hides where it stands."""
    engine = RuleEngine([machine(anchor=anchor)])
    user = [Track(1, Box(0.45, 0.5, 0.55, 0.95), 0.8)]
    assert (
        types([rule_event for time_s in sample_times(5, 20) for rule_event in engine.update(user, time_s)]) == expected
    )
