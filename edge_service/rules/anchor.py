"""Whether a person is in a zone, by the part of their box that the machine's anchor names (pure)."""

from collections.abc import Sequence

from backend_api.contract.zones import area
from edge_service.detection.detector import Box
from edge_service.rules.machine import Anchor, AnchorKind, Point
from edge_service.rules.zone import contains

_TOLERANCE = 1e-9


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
    """What is left of a polygon where the coordinate `axis` is at least `limit`, or at most for a `sign` of -1."""
    kept: list[Point] = []
    for a, b in zip(points, [*points[1:], *points[:1]], strict=True):
        a_in, b_in = sign * (a[axis] - limit), sign * (b[axis] - limit)
        if a_in >= 0:
            kept.append(a)
        if (a_in >= 0) != (b_in >= 0):
            t = a_in / (a_in - b_in)
            kept.append((a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])))
    return kept
