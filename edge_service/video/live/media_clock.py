"""From a live camera's time stamps to media time: the stream's own spacing, kept to the clock of arrival (pure).

A camera's stamps are even, but its clock drifts, may jump, or tells nothing; arrival does not drift, but trembles with
the network. A packet can come late and never early, so of the last seconds' differences (arrival - stamp) the smallest
is the least delayed: the minimum filter of NTP (RFC 5905, section 10) and of GStreamer's jitter buffer (D. Fober,
Y. Orlarey, S. Letz, "Real Time Clock Skew Estimation over Network Delays", 2005). Media time is the stamp plus an
offset that slews to that minimum: it stays by the arrival for ever, and its spacing the camera's to within `MAX_SLEW`.
"""

from collections import deque
from collections.abc import Sequence

WINDOW_S = 10.0
MAX_SLEW = 0.1
# Offsets that are further apart are no drift: the camera's clock has jumped, and so must the offset.
STEP_S = 1.0
AHEAD_S = 5.0
# A clock that jumps this often within one connection is none: the time of arrival is taken from then on.
MAX_JUMPS = 3
MIN_STEP_S = 0.001

Arrival = tuple[float | None, float]
"""A packet's time stamp of decoding (None: it has none) and when it came, both in seconds, by two unrelated clocks."""


class MediaClock:
    """Places the packets of one camera, over all its connections; media times only ascend.

    Arrivals are in seconds since the run began, so that media time 0 is then.
    """

    def __init__(self) -> None:
        self.last_s = 0.0
        """The media time of the last packet."""
        self._offset_s: float | None = None
        self._stamp_s: float | None = None
        self._jumps = 0
        self._delays: deque[tuple[float, float]] = deque()

    def connect(self, first: Sequence[Arrival]) -> None:
        """A new connection, of which `first` are the first packets: its stamps have nothing to do with those before.

        What is opened hands over at once what came while it was opening. The least delayed of `first` says when.
        """
        self._offset_s, self._stamp_s, self._jumps = None, None, 0
        self._delays.clear()
        delays = [(arrival_s, arrival_s - stamp_s) for stamp_s, arrival_s in first if stamp_s is not None]
        for arrival_s, delay_s in delays:
            self._note(arrival_s, delay_s)
        if delays:
            self._offset_s = self._lowest_s()

    def is_past(self, stamp_s: float | None) -> bool:
        """Whether a packet with this stamp shows, by more than a jump, what was before the last packet."""
        if stamp_s is None or self._offset_s is None:
            return False
        return stamp_s + self._offset_s < self.last_s - STEP_S

    def place(self, stamp_s: float | None, arrival_s: float) -> float:
        """The media time at which the packet is decoded, in seconds: later than that of the one before."""
        if stamp_s is None or self._jumps >= MAX_JUMPS:
            placed_s = arrival_s
        else:
            placed_s = stamp_s + self._follow(stamp_s, arrival_s)
        self.last_s = max(placed_s, self.last_s + MIN_STEP_S)
        return self.last_s

    def _follow(self, stamp_s: float, arrival_s: float) -> float:
        """The offset for this packet."""
        delay_s = arrival_s - stamp_s
        before_s, self._stamp_s = self._stamp_s, stamp_s
        offset_s = self._offset_s
        if offset_s is None or self._is_jump(before_s, stamp_s, delay_s, offset_s):
            self._jumps += offset_s is not None
            self._delays.clear()
            offset_s, before_s = delay_s, None
        if before_s is None:
            offset_s = max(offset_s, self.last_s + MIN_STEP_S - stamp_s)
        self._note(arrival_s, delay_s)
        lowest_s = self._lowest_s()
        if lowest_s > offset_s + STEP_S and self._delays[-1][0] - self._delays[0][0] >= WINDOW_S - 1:
            self._jumps += 1  # whatever came in the whole window was late: the camera's clock stood still
            offset_s = lowest_s
        most_s = MAX_SLEW * (0.0 if before_s is None else stamp_s - before_s)
        self._offset_s = offset_s + min(max(lowest_s - offset_s, -most_s), most_s)
        return self._offset_s

    def _is_jump(self, before_s: float | None, stamp_s: float, delay_s: float, offset_s: float) -> bool:
        does_not_ascend = before_s is not None and stamp_s <= before_s
        return does_not_ascend or delay_s < offset_s - AHEAD_S

    def _note(self, arrival_s: float, delay_s: float) -> None:
        """Keep the smallest delay of each second, and ten seconds of them."""
        if self._delays and arrival_s - self._delays[-1][0] < 1.0:
            second_s, lowest_s = self._delays[-1]
            self._delays[-1] = second_s, min(lowest_s, delay_s)
        else:
            self._delays.append((arrival_s, delay_s))
        while self._delays[0][0] < arrival_s - WINDOW_S:
            self._delays.popleft()

    def _lowest_s(self) -> float:
        return min(delay_s for _, delay_s in self._delays)
