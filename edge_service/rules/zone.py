"""Zones: whether a point lies in one, and how far it is from its boundary."""

import math
from collections.abc import Sequence

from backend_api.contract.zones import Point, is_on, sides


def contains(zone: Sequence[Point], point: Point) -> bool:
    """Whether `point` lies in the simple polygon `zone`; its boundary counts as inside.

    Crossing number method: a ray from an inner point crosses the sides an odd number of times.
    """
    x, y = point
    inside = False
    for a, b in sides(zone):
        if is_on(a, b, point):
            return True
        if (a[1] > y) != (b[1] > y) and x < a[0] + (y - a[1]) * (b[0] - a[0]) / (b[1] - a[1]):
            inside = not inside
    return inside


def distance_to_boundary(zone: Sequence[Point], point: Point) -> float:
    """How far `point` is from the nearest side of `zone`."""
    return min(_distance(a, b, point) for a, b in sides(zone))


def _distance(a: Point, b: Point, point: Point) -> float:
    """How far `point` is from the stretch from `a` to `b`, two different points."""
    along = (b[0] - a[0], b[1] - a[1])
    share = ((point[0] - a[0]) * along[0] + (point[1] - a[1]) * along[1]) / (along[0] ** 2 + along[1] ** 2)
    share = min(1.0, max(0.0, share))
    return math.dist(point, (a[0] + share * along[0], a[1] + share * along[1]))
