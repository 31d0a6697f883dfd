"""From a file's time stamps to those of the run, which starts at 0 and only goes on, over repeats and splices (pure).

A stamp that does not go on where those before it were (`stamps.py`) is held against the pictures after it. Where they
return to the old line, it was a wrong one, which is passed over. Where they do not, a leap of up to MAX_PAUSE_S is a
pause of the recording, which keeps its length; any other is a clock that was set or started again, or a recording that
was appended: it follows upon what comes before it. So a wrong clock never makes hours of nothing, and media time goes
with the wall clock over the pauses of a camera that records movement alone.

Limit: where several stamps within some tens of pictures are wrong, one by less than a second, which is believed, and
another by more, the other one may be believed, too, in one of some thousand such files: there, its picture alone, or
all that follow, lie as far off as it says. A cure for the rest of these made clocks that are set back worse.
"""

import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from edge_service.video.gaps import least_gap_s
from edge_service.video.stamps import MAX_REORDERED, StampLine, usual_spacing

MAX_PAUSE_S = 600.0
"""A picture that goes on later than this, by its stamp, follows upon the one before."""

LOOKED_AHEAD = MAX_REORDERED
"""So many stamps after the one in question are to be known, where there are so many."""

# Files vary their frame rate: a step like this is never doubted, and a wrong stamp within it does little harm.
_FREE_S = 1.0
# How far n pictures go on that return to the old line: from so many usual spacings each to so many beyond n of them.
_LEAST_RETURN, _MOST_RETURN = 0.4, 1.5
# The place of a picture is open where two others lie so many spacings apart.
_LEAST_HOLE, _MOST_HOLE = 1.5, 3.5
# Pictures that are further apart have no usual distance: their stamps are of many clocks.
_MOST_SPACING_S = 60
_TOLD_PAUSE_S = 5.0
_MOST_TOLD = 5

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FilePlacement:
    """When a picture is shown, when it is decoded (None: the file does not say), how long it stays; in ticks."""

    pts: int
    dts: int | None
    duration: int


class FileClock:
    """Places the pictures of one file; all numbers but those in seconds count in the stream's time base."""

    def __init__(self, name: str, time_base: Fraction, reorder_depth: int = 0) -> None:
        """`name` is what the log calls the file; `reorder_depth` is what the codec says of it."""
        self.begun_at = 0
        """Where the current repeat of the file started."""
        self.wrong = 0
        """Stamps that were passed over."""
        self._name = name
        self._time_base = time_base
        self._reorder_depth = reorder_depth
        self._shift = 0
        self._end = 0
        self._last_dts: int | None = None
        self._placed: deque[int] = deque(maxlen=MAX_REORDERED)
        self._told = 0
        self._begin_line()

    def begin(self, start: int) -> None:
        """The file begins, whose stream starts at the stamp `start`: right after the last picture's end."""
        self._begin_line()
        self._shift = self._end - start
        self._last_dts = None
        self.begun_at = self._end

    def place(self, pts: int, dts: int | None, duration: int, ahead: Sequence[int]) -> FilePlacement:
        """Where the next picture belongs, in the order of decoding; `ahead` are the stamps of those after it.

        Decoding times only ascend, and no picture is shown before it is decoded.
        """
        spacing = usual_spacing([*self._believed, pts, *ahead])
        if spacing is not None and spacing * self._time_base > _MOST_SPACING_S:
            spacing = None
        duration = self._usual(duration, spacing)
        if self._line.continues(pts, spacing, free=float(_FREE_S / self._time_base)):
            placed = self._believe(pts)
        elif spacing is not None and (end := self._returned_to(spacing, ahead)) is not None:
            self.wrong += 1
            stamp = self._open_place(end, spacing, ahead)
            self._believed.append(stamp)
            placed = stamp + self._shift
            dts = None if dts is None or self._last_dts is None else self._last_dts - self._shift
        else:
            self._step(pts, round(spacing or duration))
            placed = self._believe(pts)
        decoded = None if dts is None else self._in_order(dts + self._shift, placed)
        shown = placed if decoded is None else max(placed, decoded)
        while shown in self._placed:
            shown += 1
        self._placed.append(shown)
        self._end = max(self._end, shown + duration)
        return FilePlacement(shown, decoded, duration)

    def place_hidden(self, pts: int, dts: int | None, duration: int) -> FilePlacement:
        """The same for a picture that is never shown: it takes no time, and tells nothing of it."""
        decoded = None if dts is None else self._in_order(dts + self._shift, pts + self._shift)
        return FilePlacement(pts + self._shift, decoded, duration)

    def _begin_line(self) -> None:
        self._line = StampLine(self._reorder_depth)
        self._believed: deque[int] = deque(maxlen=2 * MAX_REORDERED)

    def _believe(self, pts: int) -> int:
        self._line.accept(pts)
        self._believed.append(pts)
        return pts + self._shift

    def _usual(self, duration: int, spacing: float | None) -> int:
        """`duration`, but the usual one where it is that of a pause: the last picture before it is no longer there."""
        if spacing is None or duration * self._time_base <= least_gap_s(float(spacing * self._time_base)):
            return duration
        return max(1, round(spacing))

    def _returned_to(self, spacing: float, ahead: Sequence[int]) -> int | None:
        """The end of the line if the stamp in question leads nowhere: the file ends with it, or the next ones return.

        It is the newest stamp, or the one that was believed last where the newest was a wrong one within _FREE_S.
        """
        ends = int(self._line.newest), self._believed[-1]
        for end in ends:
            if not ahead or any(
                _LEAST_RETURN * number * spacing
                <= stamp - end
                <= (number + self._line.reorder_depth + _MOST_RETURN) * spacing
                for number, stamp in enumerate(ahead, start=2)
            ):
                return end
        return None

    def _open_place(self, newest: int, spacing: float, ahead: Sequence[int]) -> int:
        """The stamp that a picture with a wrong one would have had: that of the first open place."""
        near = sorted(stamp for stamp in [*self._believed, *ahead] if abs(stamp - newest) <= MAX_REORDERED * spacing)
        for before, after in pairwise(near):
            if _LEAST_HOLE * spacing <= after - before <= _MOST_HOLE * spacing:
                return before + round(spacing)
        return newest + round(spacing)

    def _step(self, pts: int, spacing: int) -> None:
        """The clock leaps to `pts` and stays there."""
        leap_s = float((pts - self._line.newest - spacing) * self._time_base)
        at_s = float((self._end - self.begun_at) * self._time_base)
        if 0 < leap_s <= MAX_PAUSE_S:
            if leap_s >= _TOLD_PAUSE_S:
                self._tell(f"the recording pauses for {leap_s:.0f} s, {at_s:.0f} s after its start")
            return
        if abs(leap_s) > _TOLD_PAUSE_S:
            self._tell(
                f"its clock leaps by {leap_s:+.0f} s, {at_s:.0f} s after its start; what comes then follows at once"
            )
        self._begin_line()
        self._shift = self._end - pts

    def _tell(self, what: str) -> None:
        self._told += 1
        if self._told <= _MOST_TOLD:
            more = "" if self._told < _MOST_TOLD else "; further leaps are not told"
            log.warning("%s: %s%s", self._name, what, more)

    def _in_order(self, dts: int, pts: int) -> int:
        last = self._last_dts
        self._last_dts = min(dts, pts) if last is None else max(min(dts, pts), last + 1)
        return self._last_dts
