"""Zones: whether a point, or the anchor of a person's box, lies in one, and how far it is from its boundary (pure)."""

import math
from collections.abc import Sequence

from backend_api.contract.zones import Point, area, is_on, sides
from edge_service.detection.detector import Box
from edge_service.rules.machine import Anchor, AnchorKind

_TOLERANCE = 1e-9


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


def is_in_zone(box: Box, zone: Sequence[Point], anchor: Anchor) -> bool:
    """Whether the person in `box` is in `zone`; the zone's boundary counts as inside."""
    if anchor.kind is AnchorKind.OVERLAP:
        return share_inside(box, zone) >= anchor.share - _TOLERANCE
    y = box.bottom if anchor.kind is AnchorKind.BOTTOM_CENTER else (box.top + box.bottom) / 2
    return contains(zone, ((box.left + box.right) / 2, y))


def share_inside(box: Box, zone: Sequence[Point]) -> float:
    """The share (0..1) of the area of `box` that lies in `zone`, a simple polygon.

    Method: the zone is cut along each side of the box (Sutherland, Hodgman, "Reentrant Polygon Clipping", CACM 1974).
    Where a zone with a notch falls into parts, these stay joined by lines that enclose no area.
    """
    points = list(zone)
    for axis, limit, sign in ((0, box.left, 1), (0, box.right, -1), (1, box.top, 1), (1, box.bottom, -1)):
        points = _cut(points, axis, limit, sign)
    box_area = (box.right - box.left) * (box.bottom - box.top)
    return area(points) / box_area if box_area > 0 else 0.0


def _cut(points: Sequence[Point], axis: int, limit: float, sign: int) -> list[Point]:
    """The part of a polygon where the coordinate `axis` is at least `limit`, or at most for a `sign` of -1."""
    kept: list[Point] = []
    for a, b in zip(points, [*points[1:], *points[:1]], strict=True):
        a_in, b_in = sign * (a[axis] - limit), sign * (b[axis] - limit)
        if a_in >= 0:
            kept.append(a)
        if (a_in >= 0) != (b_in >= 0):
            t = a_in / (a_in - b_in)
            kept.append((a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])))
    return kept
