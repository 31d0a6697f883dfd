"""Where people were seen, and so where they may be at any moment between, before and after the looks (pure values).

Detection looks at a few frames a second and misses some people in some of them, while every frame of a clip is to be
masked. Where somebody is at a moment follows from the last sighting before and the first one after it: nobody is
farther from the nearer of the two than their speed allows, so each is grown by that speed times the time to the nearer
one. A track that begins or is lost is held for HOLD_S before and behind, and grows for as long; at the picture's edge,
where people come and go, and for a single sighting, which may be a false alarm, for half of that. Speeds are the
greatest that the track showed lately, and at least that of somebody who starts to run.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count

from backend_api.contract.events import MaskKind
from edge_service.detection.detector import Box, Detection
from edge_service.tracking.tracker import Track

HOLD_S = 2.0
"""So long before its first and after its last sighting a track is masked."""
_SPEED_S = 1.0
SETTLE_S = HOLD_S + _SPEED_S
"""What is masked at a moment is known for good once detection has looked so much later."""

_EDGE_HOLD_S = 1.0
_EDGE = 0.01
_SINGLE_HOLD_S = 1.0
# A detection that no track has: it may be somebody, and stays for about as long as a look takes to come.
_UNTRACKED_HOLD_S = 0.5
# A person who is lost may have started to run; one who stays lost for longer is mostly still near.
_RUNS_S = 0.5
_STROLLS = 1 / 3
# Where the nearest look is farther away than this, or than a look takes to come, nobody knows who was there.
_UNSEEN_S = 1.0
_MOST_SIGHTINGS = 100_000

# In widths and heights of a person a second: starting to run, and crouching or jumping.
_LEAST_SPEED = (3.0, 1.0)
_SPEED_MARGIN = 1.25
# A person who is seen from the side, or cut by the picture's edge, is no narrower than this share of their height.
_LEAST_WIDTH = 0.35
# What is added to a box on each side, above and below, in its widths and heights: detectors cut hair and hands off.
_SIDE_MARGIN = 0.15
_TOP_MARGIN = 0.08
_BOTTOM_MARGIN = 0.05
# How much of a box is the head. A standing person has it in the upper seventh; of somebody behind a machine the box
# shows less of the body, whose width then tells the head's height better. A bent or lying person's may be anywhere.
_HEAD_OF_HEIGHT = 0.25
_HEAD_OF_WIDTH = 0.55
_BENT = 0.8


@dataclass(frozen=True, slots=True)
class Sighting:
    """A `part` (0..1 of the picture) that was to be hidden at `time_s`.

    It moves by at least `speed` (in 0..1 of width and height a second) if it moves, and is held for `hold_s`.
    """

    time_s: float
    part: Box
    speed: tuple[float, float]
    hold_s: float


@dataclass(frozen=True, slots=True)
class Seen:
    """All sightings of a span: `looks` are the times of the frames that were looked at, `tracks` ascend in time."""

    looks: Sequence[float]
    tracks: Sequence[Sequence[Sighting]]
    unseen_s: float

    def parts(self, time_s: float) -> list[Box] | None:
        """What is to be hidden at `time_s`; None where no look is near, and so nothing may be shown."""
        place = bisect_left(self.looks, time_s)
        nearest_s = min((abs(time_s - look) for look in self.looks[max(0, place - 1) : place + 1]), default=None)
        if nearest_s is None or nearest_s > self.unseen_s:
            return None
        return list(chain.from_iterable(_parts(track, time_s) for track in self.tracks))


class Sightings:
    """Notes who was seen when, for the last `reach_s` seconds; looks come `fps` a second."""

    def __init__(self, mask: MaskKind, *, reach_s: float, fps: float) -> None:
        self._mask: MaskKind = mask
        self._reach_s = reach_s + 2 * SETTLE_S
        self._unseen_s = max(_UNSEEN_S, 1 / fps)
        self._looks: deque[tuple[float, tuple[tuple[int, Sighting], ...]]] = deque()
        self._size = 0
        self._untracked = count(-1, -1)

    @property
    def looked_s(self) -> float:
        """The time of the last look; minus infinity before the first."""
        return self._looks[-1][0] if self._looks else float("-inf")

    def look(self, time_s: float, tracks: Sequence[Track], detections: Sequence[Detection], aspect: float) -> None:
        """The frame at `time_s`, `aspect` times as wide as high, was looked at; tracks are made of detections.

        A doubtful detection that no track has is hidden, too. Beyond 100,000 sightings the oldest looks are forgotten.
        """
        followed = {track.box for track in tracks}
        others = dict.fromkeys(found.box for found in detections if found.box not in followed)
        seen = [
            (track.track_id, _sighting(track.box, time_s, aspect, self._mask, _hold_s(track.box))) for track in tracks
        ]
        seen += [
            (next(self._untracked), _sighting(box, time_s, aspect, self._mask, _UNTRACKED_HOLD_S)) for box in others
        ]
        self._looks.append((time_s, tuple(seen)))
        self._size += len(seen)
        while self._size > _MOST_SIGHTINGS or self._looks[0][0] < time_s - self._reach_s:
            self._size -= len(self._looks.popleft()[1])

    def between(self, start_s: float, end_s: float) -> Seen:
        """What was seen from so long before `start_s` to so long after `end_s` that it bears on the time between."""
        looks = [look for look in self._looks if start_s - SETTLE_S <= look[0] <= end_s + SETTLE_S]
        tracks: dict[int, list[Sighting]] = {}
        for _, seen in looks:
            for track_id, sighting in seen:
                tracks.setdefault(track_id, []).append(sighting)
        return Seen([time_s for time_s, _ in looks], list(tracks.values()), self._unseen_s)


def hidden_part(box: Box, aspect: float, mask: MaskKind) -> Box:
    """The part of a person's `box` that `mask` hides, and a margin; the picture is `aspect` times as wide as high."""
    width, height = box.right - box.left, box.bottom - box.top
    shape = width * aspect / height if height > 0 else 1.0
    share = 1.0
    if mask == "heads" and shape < _BENT:
        share = min(1.0, max(_HEAD_OF_HEIGHT, _HEAD_OF_WIDTH * shape))
    side = _SIDE_MARGIN * max(width, _LEAST_WIDTH * height / aspect)
    return Box(
        box.left - side,
        box.top - _TOP_MARGIN * height,
        box.right + side,
        box.top + (share + _BOTTOM_MARGIN) * height,
    )


def _hold_s(box: Box) -> float:
    return _EDGE_HOLD_S if box.left <= _EDGE or box.right >= 1 - _EDGE else HOLD_S


def _sighting(box: Box, time_s: float, aspect: float, mask: MaskKind, hold_s: float) -> Sighting:
    height = box.bottom - box.top
    width = max(box.right - box.left, _LEAST_WIDTH * height / aspect)
    return Sighting(time_s, hidden_part(box, aspect, mask), (_LEAST_SPEED[0] * width, _LEAST_SPEED[1] * height), hold_s)


def _parts(track: Sequence[Sighting], time_s: float) -> list[Box]:
    """Where somebody of `track` may be at `time_s`, by the sightings before and after it that are held until then."""
    if not track[0].time_s - HOLD_S <= time_s <= track[-1].time_s + HOLD_S:
        return []
    place = bisect_right(track, time_s, key=lambda sighting: sighting.time_s)
    held = [
        sighting for sighting in track[max(0, place - 1) : place + 1] if _apart_s(sighting, time_s) <= sighting.hold_s
    ]
    if not held:
        return []
    apart_s = min(_apart_s(sighting, time_s) for sighting in held)
    if len(track) == 1 and apart_s > _SINGLE_HOLD_S:
        return []
    near = held if len(held) > 1 else [other for other in track if _apart_s(other, held[0].time_s) <= _SPEED_S]
    runs_s = apart_s if len(held) > 1 else min(apart_s, _RUNS_S)
    x, y = _reach(held[0], near, apart_s, runs_s)
    return [_grown(sighting.part, x, y) for sighting in held]


def _apart_s(sighting: Sighting, time_s: float) -> float:
    return abs(sighting.time_s - time_s)


def _reach(sighting: Sighting, others: Sequence[Sighting], for_s: float, runs_s: float) -> tuple[float, float]:
    """How far, across and down in 0..1 of the picture, somebody may come from `sighting` in `for_s` seconds.

    At the greatest speed between it and any of `others`, and at least as far as somebody who runs for `runs_s` of them.
    """
    least_s = runs_s + _STROLLS * (for_s - runs_s)
    x, y = sighting.speed[0] * least_s, sighting.speed[1] * least_s
    for other in others:
        if apart_s := _apart_s(other, sighting.time_s):
            a, b, share = sighting.part, other.part, _SPEED_MARGIN * for_s / apart_s
            x = max(x, share * max(abs(a.left - b.left), abs(a.right - b.right)))
            y = max(y, share * max(abs(a.top - b.top), abs(a.bottom - b.bottom)))
    return x, y


def _grown(box: Box, x: float, y: float) -> Box:
    return Box(box.left - x, box.top - y, box.right + x, box.bottom + y)
