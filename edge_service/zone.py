"""Zones: what makes a polygon a valid zone, and whether a point lies in one."""

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

from edge_service.machine import Point

# Two points of a 4K picture lie 2.6e-4 apart, so what is nearer than this is the same for every camera.
_TOLERANCE = 1e-9
_LEAST_AREA = 1e-6


def zone_problem(points: Sequence[Point]) -> str | None:
    """Why `points` (x and y in 0..1 of the picture, in either direction) are no zone, with the cure; or None."""
    if len(points) < 3:
        return f"has {len(points)} points; a zone needs at least 3"
    for number, (x, y) in enumerate(points, start=1):
        if not (0 <= x <= 1 and 0 <= y <= 1):
            return f"point {number} [{x:g}, {y:g}] lies outside the picture; x and y go from 0 to 1"
    # A flat polygon also touches itself, and of the two mistakes this is the one to name.
    if all(abs(_turn(points[0], a, b)) <= _TOLERANCE for a, b in combinations(points[1:], 2)):
        return "encloses no area; give points that are not on one line"
    if crossing := _first_crossing(points):
        first, second = crossing
        return f"crosses or touches itself (side {first} and side {second}); give the points in order around the zone"
    if area(points) < _LEAST_AREA:
        return "encloses next to no area; draw it larger"
    return None


def contains(zone: Sequence[Point], point: Point) -> bool:
    """Whether `point` lies in the simple polygon `zone`; its boundary counts as inside.

    Crossing number method: a ray from an inner point crosses the sides an odd number of times.
    """
    x, y = point
    inside = False
    for a, b in _sides(zone):
        if _is_on(a, b, point):
            return True
        if (a[1] > y) != (b[1] > y) and x < a[0] + (y - a[1]) * (b[0] - a[0]) / (b[1] - a[1]):
            inside = not inside
    return inside


def _sides(points: Sequence[Point]) -> Iterator[tuple[Point, Point]]:
    return zip(points, [*points[1:], *points[:1]], strict=True)


def _turn(a: Point, b: Point, c: Point) -> float:
    """Twice the area of the triangle: above 0 when a, b, c turn one way, below when the other, 0 on one line."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _side_of(a: Point, b: Point, point: Point) -> int:
    turn = _turn(a, b, point)
    return 0 if abs(turn) <= _TOLERANCE else 1 if turn > 0 else -1


def _is_on(a: Point, b: Point, point: Point) -> bool:
    """Whether `point` lies on the stretch from `a` to `b`."""
    return (
        _side_of(a, b, point) == 0
        and min(a[0], b[0]) - _TOLERANCE <= point[0] <= max(a[0], b[0]) + _TOLERANCE
        and min(a[1], b[1]) - _TOLERANCE <= point[1] <= max(a[1], b[1]) + _TOLERANCE
    )


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether the stretches a-b and c-d have a point in common."""
    if _side_of(a, b, c) * _side_of(a, b, d) < 0 and _side_of(c, d, a) * _side_of(c, d, b) < 0:
        return True
    return _is_on(a, b, c) or _is_on(a, b, d) or _is_on(c, d, a) or _is_on(c, d, b)


def _first_crossing(points: Sequence[Point]) -> tuple[int, int] | None:
    """The first two sides, counted from 1, that meet elsewhere than at the corner between neighbours."""
    sides = list(_sides(points))
    for (i, (a, b)), (j, (c, d)) in combinations(enumerate(sides), 2):
        if j == i + 1:
            meets = _is_on(a, b, d) or _is_on(c, d, a)
        elif i == 0 and j == len(sides) - 1:
            meets = _is_on(a, b, c) or _is_on(c, d, b)
        else:
            meets = _meet(a, b, c, d)
        if meets:
            return i + 1, j + 1
    return None


def area(points: Sequence[Point]) -> float:
    """The area of a polygon, by the shoelace formula; 0 when it has no points."""
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in _sides(points))) / 2


def distance_to_boundary(zone: Sequence[Point], point: Point) -> float:
    """How far `point` is from the nearest side of `zone`."""
    return min(_distance(a, b, point) for a, b in _sides(zone))


def _distance(a: Point, b: Point, point: Point) -> float:
    """How far `point` is from the stretch from `a` to `b`, two different points."""
    along = (b[0] - a[0], b[1] - a[1])
    share = ((point[0] - a[0]) * along[0] + (point[1] - a[1]) * along[1]) / (along[0] ** 2 + along[1] ** 2)
    share = min(1.0, max(0.0, share))
    return math.dist(point, (a[0] + share * along[0], a[1] + share * along[1]))
