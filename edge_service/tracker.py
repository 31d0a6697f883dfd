"""Following people from frame to frame, so that the same person keeps the same number."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge_service.detector import Box, Detection

# A person walks about two of their box's widths in a second; before two people are compared their boxes grow by that.
_GROWTH_PER_S = 1.0
_MOST_GROWTH = 1.0
_LEAST_OVERLAP = 0.2
_LOST_S = 2.0


@dataclass(frozen=True, slots=True)
class Track:
    """One person in one frame; `track_id` counts from 1, `score` is 0..1."""

    track_id: int
    box: Box
    score: float


@dataclass(frozen=True, slots=True)
class _Known:
    box: Box
    seen_s: float


class Tracker:
    """Gives each detection the number of the person seen nearest before, or a new one.

    Method: greedy association by the overlap (intersection over union) of boxes that are grown in proportion to the
    time between the sightings (buffered IoU, Yang et al., "Hard to Track Objects with Irregular Motions and Similar
    Appearances?", WACV 2023). People who are not seen for 2 s of media time are forgotten.
    """

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}
        self._last_id = 0

    def update(self, detections: Sequence[Detection], time_s: float) -> Sequence[Track]:
        """The people in the frame at `time_s` seconds of media time, in the order of `detections`."""
        # A time that jumped back is as strange as one that jumped ahead: nobody from there is known here.
        self._known = {i: known for i, known in self._known.items() if abs(time_s - known.seen_s) <= _LOST_S}
        ids = self._match(detections, time_s)
        tracks = []
        for index, detection in enumerate(detections):
            if (track_id := ids.get(index)) is None:
                track_id = self._last_id = self._last_id + 1
            self._known[track_id] = _Known(detection.box, time_s)
            tracks.append(Track(track_id, detection.box, detection.score))
        return tracks

    def _match(self, detections: Sequence[Detection], time_s: float) -> dict[int, int]:
        """Track ids by index of detection: the best overlap first, each id and each detection once."""
        pairs = sorted(
            (-overlap, track_id, index)
            for track_id, known in self._known.items()
            for index, detection in enumerate(detections)
            if (overlap := _overlap(known.box, detection.box, abs(time_s - known.seen_s))) >= _LEAST_OVERLAP
        )
        ids: dict[int, int] = {}
        taken: set[int] = set()
        for _, track_id, index in pairs:
            if index not in ids and track_id not in taken:
                ids[index] = track_id
                taken.add(track_id)
        return ids


def _overlap(a: Box, b: Box, apart_s: float) -> float:
    """Intersection over union (0..1) of two boxes that were seen `apart_s` seconds apart, grown by that time."""
    growth = min(_GROWTH_PER_S * apart_s, _MOST_GROWTH)
    a, b = _grow(a, growth), _grow(b, growth)
    width = min(a.right, b.right) - max(a.left, b.left)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (_area(a) + _area(b) - shared)


def _grow(box: Box, growth: float) -> Box:
    """`box` with `growth` times its size added on every side."""
    x, y = growth * (box.right - box.left), growth * (box.bottom - box.top)
    return Box(box.left - x, box.top - y, box.right + x, box.bottom + y)


def _area(box: Box) -> float:
    return (box.right - box.left) * (box.bottom - box.top)
