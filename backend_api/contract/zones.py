"""The one rule for a valid zone, for those that draw zones and those that read them."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from backend_api.contract.values import MAX_CORNERS

Point = tuple[float, float]

# Two points of a 4K picture lie 2.6e-4 apart, so what is nearer than this is the same for every camera.
_TOLERANCE = 1e-9
_LEAST_AREA = 1e-6
MARGIN = 0.25
MARGIN_ABOVE = 0.75
"""What belongs to a zone beyond its box, on each side and above it: shares of its longer side."""


def zone_problem(points: Sequence[Point]) -> str | None:
    """Why `points` (x and y in 0..1 of the picture, in either direction) are no zone, with the cure; or None."""
    if len(points) < 3:
        return f"has {len(points)} points; a zone needs at least 3"
    if len(points) > MAX_CORNERS:
        return f"has {len(points)} points; a zone has at most {MAX_CORNERS}: draw it with fewer"
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


def sides(points: Sequence[Point]) -> Iterator[tuple[Point, Point]]:
    """A polygon's sides in order, the last one back to its first corner."""
    return zip(points, [*points[1:], *points[:1]], strict=True)


def _turn(a: Point, b: Point, c: Point) -> float:
    """Twice the area of the triangle: above 0 when a, b, c turn one way, below when the other, 0 on one line."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _side_of(a: Point, b: Point, point: Point) -> int:
    turn = _turn(a, b, point)
    return 0 if abs(turn) <= _TOLERANCE else 1 if turn > 0 else -1


def is_on(a: Point, b: Point, point: Point) -> bool:
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
    return is_on(a, b, c) or is_on(a, b, d) or is_on(c, d, a) or is_on(c, d, b)


def _first_crossing(points: Sequence[Point]) -> tuple[int, int] | None:
    """The first two sides, counted from 1, that meet elsewhere than at the corner between neighbours."""
    numbered = list(enumerate(sides(points)))
    for (i, (a, b)), (j, (c, d)) in combinations(numbered, 2):
        if j == i + 1:
            meets = is_on(a, b, d) or is_on(c, d, a)
        elif i == 0 and j == len(numbered) - 1:
            meets = is_on(a, b, c) or is_on(c, d, b)
        else:
            meets = _meet(a, b, c, d)
        if meets:
            return i + 1, j + 1
    return None


def area(points: Sequence[Point]) -> float:
    """The area of a polygon, by the shoelace formula; 0 when it has no points."""
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in sides(points))) / 2


def surroundings(points: Sequence[Point], aspect: float) -> tuple[float, float, float, float]:
    """Left, top, right and bottom (not cut off at the picture's edges) of what belongs to a zone in a picture.

    A zone is where somebody's feet are, often no more than a strip of floor: the hands above it and the reach beside it
    belong to it. `aspect` is the picture's width over its height; margins are shares of the zone's longer side, which
    is about a machine's length.
    """
    xs, ys = [x for x, _ in points], [y for _, y in points]
    longer = max((max(xs) - min(xs)) * aspect, max(ys) - min(ys))
    across = MARGIN * longer / aspect
    return min(xs) - across, min(ys) - MARGIN_ABOVE * longer, max(xs) + across, max(ys) + MARGIN * longer
