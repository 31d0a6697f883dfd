"""The place of a machine's user: a point of its zone that can be reached from below."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from edge_service.rules.machine import Point
from edge_service.rules.zone import distance_to_boundary

_COLUMNS = 32
_MOST_DEPTH = 0.08


@dataclass(frozen=True, slots=True)
class FloorPosition:
    """`foot` lies in the zone, `depth` (in heights of the picture) straight above the zone's lower boundary."""

    foot: Point
    depth: float


def find_floor_position(zone: Sequence[Point]) -> FloorPosition:
    """Of evenly spaced columns through the valid `zone`, the position that is farthest from the zone's boundary.

    Of several that are as far, the one nearest to the middle.
    """
    left, right = min(x for x, _ in zone), max(x for x, _ in zone)
    columns = [left + (right - left) * (index + 0.5) / _COLUMNS for index in range(_COLUMNS)]
    candidates = [candidate for x in columns if (candidate := _in_column(zone, x))]
    middle = (left + right) / 2

    def rank(candidate: FloorPosition) -> tuple[float, float]:
        return round(distance_to_boundary(zone, candidate.foot), 6), -abs(candidate.foot[0] - middle)

    return max(candidates, key=rank)


def _in_column(zone: Sequence[Point], x: float) -> FloorPosition | None:
    """The position near the lowest point of the zone at `x`; None where the zone has no height there."""
    heights = sorted(
        a[1] + (x - a[0]) * (b[1] - a[1]) / (b[0] - a[0])
        for a, b in pairwise([*zone, zone[0]])
        if (a[0] > x) != (b[0] > x)
    )
    if len(heights) < 2:
        return None
    top, bottom = heights[-2:]
    depth = min(_MOST_DEPTH, (bottom - top) / 2)
    return FloorPosition((x, bottom - depth), depth) if depth > 0 else None
