"""From a live camera's time stamps to media time: the stream's own spacing, kept to the clock of arrival (pure).

A camera's stamps are even, but its clock drifts, may jump, tells nothing, or is wrong once; arrival does not drift, but
trembles with the network. A packet can come late and never early, so of the last seconds' differences (arrival - stamp)
the smallest is the least delayed: the minimum filter of NTP (RFC 5905, section 10) and of GStreamer's jitter buffer
(D. Fober, Y. Orlarey, S. Letz, "Real Time Clock Skew Estimation over Network Delays", 2005). Media time is the stamp
plus an offset that slews to that minimum: it stays by the arrival for ever, and its spacing the camera's to within
`MAX_SLEW`.

Invariant: no picture is placed more than `AHEAD_S` after its arrival, and decoding times only ascend, whatever comes. A
stamp that does not go on where those before it were (`stamps.py`) is put where its picture is to be expected; what its
successors say decides whether it was a single one, which is passed over, or a step of the clock, which is followed.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from edge_service.video.stamps import MAX_REORDERED, StampLine, usual_spacing

WINDOW_S = 10.0
MAX_SLEW = 0.1
# Delays that differ by more are no drift, and so must the offset jump.
STEP_S = 1.0
AHEAD_S = 5.0
# A clock that runs away this often within one connection is none: the time of arrival is taken from then on.
MAX_JUMPS = 3
MIN_STEP_S = 0.001
LASTING = 5
"""So many pictures in a row by another clock are a step, which is followed."""
# A stamp that leaps ahead is believed when its picture came as much later, too.
_EARLY_S = 0.5
_LEAST_STAMPS_SPAN_S = WINDOW_S - 1

Arrival = tuple[float | None, float]
"""A picture's time stamp (of showing; None: it has none) and when it came, both in seconds, by two unrelated clocks."""


@dataclass(frozen=True, slots=True)
class Placement:
    """When a picture is shown and when it is decoded, in seconds of media time: `decoded_s` <= `shown_s`.

    No later picture is shown before `decoded_s`, unless the stream reorders more pictures than it ever has before.
    """

    shown_s: float
    decoded_s: float


class _Delays:
    """The smallest difference (arrival - stamp) of each of the last ten seconds."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[float, float]] = deque()

    def note(self, arrival_s: float, delay_s: float) -> None:
        if self._seconds and arrival_s - self._seconds[-1][0] < 1.0:
            second_s, lowest_s = self._seconds[-1]
            self._seconds[-1] = second_s, min(lowest_s, delay_s)
        else:
            self._seconds.append((arrival_s, delay_s))
        while self._seconds[0][0] < arrival_s - WINDOW_S:
            self._seconds.popleft()

    @property
    def is_known(self) -> bool:
        return bool(self._seconds)

    @property
    def lowest_s(self) -> float:
        return min(delay_s for _, delay_s in self._seconds)

    @property
    def span_s(self) -> float:
        return self._seconds[-1][0] - self._seconds[0][0]


@dataclass(slots=True)
class _Clock:
    """One clock of the camera: its believed stamps, and what must be added to them."""

    offset_s: float
    line: StampLine
    delays: _Delays = field(default_factory=_Delays)

    def accept(self, stamp_s: float, arrival_s: float, spacing_s: float | None) -> None:
        # A leap may yet be a wrong stamp, and says nothing of the delay.
        if self.line.continues(stamp_s, spacing_s) or not self.delays.is_known:
            self.delays.note(arrival_s, arrival_s - stamp_s)
        self.line.accept(stamp_s)


class MediaClock:
    """Places the packets of one camera, over all its connections; decoding times only ascend.

    Arrivals are in seconds since the run began, so that media time 0 is then.
    """

    # Of one connection: its clock; another one, by which the last doubted stamps may be; how many were doubted in a
    # row; how often the clock ran away; the usual spacing; the last stamps, and where their pictures were put.
    _reorder_depth: int
    _clock: _Clock | None
    _other: _Clock | None
    _strays: int
    _jumps: int
    _spacing_s: float | None
    _stamps: deque[float]
    _shown: deque[float]

    def __init__(self) -> None:
        self.last_s = 0.0
        """The decoding time of the last packet."""
        self._placed: deque[float] = deque(maxlen=MAX_REORDERED)
        self._begin_connection(0)

    def connect(self, first: Sequence[Arrival], reorder_depth: int = 0) -> None:
        """A new connection, of which `first` are the first packets: its stamps have nothing to do with those before.

        A connection hands over at once all that came while it was opening. The least delayed of `first` says when.
        `reorder_depth` is what the codec says of it.
        """
        self._begin_connection(reorder_depth)
        spacing_s = usual_spacing(stamp_s for stamp_s, _ in first if stamp_s is not None)
        line, delays = StampLine(reorder_depth), _Delays()
        for stamp_s, arrival_s in first:
            if stamp_s is not None and (spacing_s is None or line.continues(stamp_s, spacing_s, free=STEP_S)):
                line.accept(stamp_s)
                delays.note(arrival_s, arrival_s - stamp_s)
        if line.count:
            self._clock = _Clock(delays.lowest_s, StampLine(reorder_depth), delays)

    def is_past(self, stamp_s: float | None) -> bool:
        """Whether a packet with this stamp shows, by more than a jump, what was before the last packet."""
        if stamp_s is None or self._clock is None:
            return False
        return stamp_s + self._clock.offset_s < self.last_s - STEP_S

    def place(self, stamp_s: float | None, arrival_s: float) -> Placement:
        """Where the next packet, in the order of decoding, belongs; it is decoded later than the one before."""
        if stamp_s is None or self._jumps >= MAX_JUMPS:
            return self._in_order(arrival_s)
        self._stamps.append(stamp_s)
        self._spacing_s = usual_spacing(self._stamps)
        clock = self._clock = self._clock or _Clock(arrival_s - stamp_s, StampLine(self._reorder_depth))
        if self._is_believed(clock, stamp_s, arrival_s):
            self._other, self._strays = None, 0
            return self._in_order(stamp_s + self._follow(clock, stamp_s, arrival_s))
        return self._in_order(self._doubt(clock, stamp_s, arrival_s))

    def _begin_connection(self, reorder_depth: int) -> None:
        self._reorder_depth = reorder_depth
        self._clock = self._other = self._spacing_s = None
        self._strays = self._jumps = 0
        self._stamps = deque(maxlen=MAX_REORDERED + 1)
        self._shown = deque(maxlen=MAX_REORDERED + 1)

    def _is_believed(self, clock: _Clock, stamp_s: float, arrival_s: float) -> bool:
        if clock.line.continues(stamp_s, self._spacing_s):
            return True
        return stamp_s > clock.line.newest and stamp_s + clock.offset_s <= arrival_s + _EARLY_S

    def _follow(self, clock: _Clock, stamp_s: float, arrival_s: float) -> float:
        """The offset for this believed stamp, which slews to the lowest delay."""
        advanced_s = max(0.0, stamp_s - clock.line.newest) if clock.line.count else 0.0
        clock.accept(stamp_s, arrival_s, self._spacing_s)
        lowest_s = clock.delays.lowest_s
        if stamp_s + clock.offset_s > arrival_s + AHEAD_S:
            self._jumps += 1  # it runs faster than time
            clock.offset_s, clock.delays = arrival_s - stamp_s, _Delays()
            clock.delays.note(arrival_s, clock.offset_s)
            return clock.offset_s
        if lowest_s > clock.offset_s + STEP_S and clock.delays.span_s >= _LEAST_STAMPS_SPAN_S:
            self._jumps += 1  # whatever came in the whole window was late: the camera's clock stood still
            clock.offset_s = lowest_s
        most_s = MAX_SLEW * advanced_s
        clock.offset_s += min(max(lowest_s - clock.offset_s, -most_s), most_s)
        return clock.offset_s

    def _doubt(self, clock: _Clock, stamp_s: float, arrival_s: float) -> float:
        """When the picture of a doubted stamp is shown: when it is expected; a clock that lasts is followed."""
        self._strays += 1
        other = self._other
        if other is None or not self._is_believed(other, stamp_s, arrival_s):
            other = self._other = _Clock(self._expected_s(arrival_s) - stamp_s, clock.line.like())
        other.accept(stamp_s, arrival_s, self._spacing_s)
        shown_s = min(stamp_s + other.offset_s, arrival_s + _EARLY_S)
        if other.line.count >= LASTING:
            if other.delays.lowest_s > other.offset_s + STEP_S:
                other.offset_s = other.delays.lowest_s  # it was away for a while before it came back with another clock
            self._clock, self._other, self._strays = other, None, 0
        return shown_s

    def _expected_s(self, arrival_s: float) -> float:
        """When the next picture is to be expected: a spacing after the one before, and not before it has come."""
        if self._spacing_s is None or not self._shown or self._strays > MAX_REORDERED:
            return arrival_s
        return min(arrival_s, max(self._shown) + self._spacing_s)

    def _in_order(self, shown_s: float) -> Placement:
        """No picture is shown before it is decoded, and none is decoded before the one before it."""
        self._shown.append(shown_s)
        depth = 0 if self._clock is None else self._clock.line.reorder_depth
        latest = sorted(self._shown)[-(depth + 1) :]
        missing_s = (depth + 1 - len(latest)) * (self._spacing_s or 0.0)
        self.last_s = max(min(latest[0] - missing_s, shown_s), self.last_s + MIN_STEP_S)
        shown_s = max(shown_s, self.last_s)
        while any(abs(shown_s - other_s) < MIN_STEP_S / 2 for other_s in self._placed):
            shown_s += MIN_STEP_S
        self._placed.append(shown_s)
        return Placement(shown_s, self.last_s)
