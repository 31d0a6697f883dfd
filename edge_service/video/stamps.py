"""Whether a time stamp is believed: what it must look like to go on where those before it were (pure).

Time stamps are numbers from outside: one may be wrong by an hour, a clock may be set, a camera may start again.
Pictures come in the order of decoding, in which a stamp may be at most 16 pictures out of the order of showing (H.264
and HEVC allow no more), and never in the place of another one. Stamps are in any unit: seconds, or a stream's ticks.
"""

from collections import deque
from collections.abc import Iterable
from itertools import pairwise
from statistics import median

MAX_REORDERED = 16
"""Pictures that may be shown before one that comes before them."""

_REMEMBERED = 2 * MAX_REORDERED
_DISPLACEMENTS = 64
# A picture or two may be lost, and no clock is even: the next stamp may lie so many spacings further.
_MAX_STEP = 2.5
_LEAST_STEP = 0.4
# Before each group of B frames the stamps leap; two such leaps may yet be of wrong ones.
_LEAPS_BEFORE_USUAL = 3
_LOST_AFTER_LEAP = 1.5


def usual_spacing(stamps: Iterable[float]) -> float | None:
    """The median distance of pictures that are shown one after the other, None where fewer than three are known.

    A few wrong stamps among `stamps`, in any order, change next to nothing.
    """
    distances = [after - before for before, after in pairwise(sorted(stamps)) if after > before]
    return median(distances) if len(distances) >= 2 else None


class StampLine:
    """The stamps of one clock that were believed, in the order of decoding."""

    def __init__(self, reorder_depth: int = 0, usual_leap: float = 0.0) -> None:
        """`reorder_depth` is what the codec says: how many pictures may lie between decoding and showing one.

        `usual_leap` is how far the stamps leap before each group of B frames, as far as that is known.
        """
        self._least_depth = min(max(reorder_depth, 0), MAX_REORDERED)
        self._least_leap = usual_leap
        self._leaps: deque[float] = deque(maxlen=_DISPLACEMENTS)
        self._recent: deque[float] = deque(maxlen=_REMEMBERED)
        self._displacements: deque[int] = deque(maxlen=_DISPLACEMENTS)
        self.count = 0

    @property
    def newest(self) -> float:
        """The largest stamp, of the picture that is shown last."""
        return max(self._recent)

    @property
    def reorder_depth(self) -> int:
        """By how many pictures one may come late, 0 to MAX_REORDERED: as it was said, or was lately seen."""
        return max(self._least_depth, max(self._displacements, default=0))

    @property
    def usual_leap(self) -> float:
        """How far the stamps lately leap again and again."""
        if len(self._leaps) < _LEAPS_BEFORE_USUAL:
            return self._least_leap
        return max(self._least_leap, sorted(self._leaps)[-_LEAPS_BEFORE_USUAL])

    def continues(self, stamp: float, spacing: float | None, *, free: float = 0.0) -> bool:
        """Whether `stamp` goes on where the line is, or fills a place that reordering has left open.

        `spacing` is the usual one, None where it is not known; a step of up to `free` is never doubted.
        """
        if not self._recent:
            return True
        reach = free
        if spacing is not None:
            most_leap = min(self.usual_leap, MAX_REORDERED * spacing) + _LOST_AFTER_LEAP * spacing
            reach = max(free, (self.reorder_depth + _MAX_STEP) * spacing, most_leap)
        before = max((known for known in self._recent if known < stamp), default=None)
        displaced = self._displaced(stamp)
        if before is None or stamp - before > reach or displaced > min(self.reorder_depth + 1, MAX_REORDERED):
            return False
        if not displaced:
            return stamp > self.newest
        nearest = min(abs(known - stamp) for known in self._recent)
        return nearest > 0 and (spacing is None or nearest >= _LEAST_STEP * spacing)

    def like(self) -> "StampLine":
        """An empty line for another clock of the same stream."""
        return StampLine(self.reorder_depth, self.usual_leap)

    def accept(self, stamp: float) -> None:
        """`stamp` is believed, and the next ones are measured by it."""
        displaced = self._displaced(stamp)
        self._displacements.append(min(displaced, MAX_REORDERED))
        if self._recent and not displaced:
            self._leaps.append(stamp - self.newest)
        self._recent.append(stamp)
        self.count += 1

    def _displaced(self, stamp: float) -> int:
        return sum(known > stamp for known in self._recent)
