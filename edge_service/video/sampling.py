"""When a frame is wanted: the first one at or past each sampling instant k / fps of media time, for any frame rate."""

import math

# Containers round time stamps, Matroska to whole milliseconds: a frame that is this early still meets its instant.
_ROUNDING_S = 0.001


def instant_at(time_s: float, fps: float) -> int:
    """The number k of the last sampling instant, k / `fps` seconds, at or before `time_s`; `fps` is above 0."""
    return math.floor((time_s + _ROUNDING_S) * fps)


class Sampler:
    """Picks frames as they come, in the order of showing: never two for one instant, none before time 0."""

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._last_instant = -1

    def wants(self, time_s: float) -> bool:
        """Whether to take the frame at `time_s`, the first since an instant passed; then that instant is served."""
        instant = instant_at(time_s, self._fps)
        if instant <= self._last_instant:
            return False
        self._last_instant = instant
        return True


class Outlook:
    """Tells of packets, before they are decoded, whose frame a Sampler will want.

    Of the frames that share an instant that is the earliest one. Packets come in the order of decoding, so the answer
    for one is only sure when all that are shown before it have been noted.
    """

    _REMEMBERED_INSTANTS = 256

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._earliest_s: dict[int, float] = {}

    def note(self, time_s: float) -> None:
        """There is a frame at `time_s`."""
        instant = instant_at(time_s, self._fps)
        self._earliest_s[instant] = min(time_s, self._earliest_s.get(instant, time_s))
        if len(self._earliest_s) > self._REMEMBERED_INSTANTS:
            del self._earliest_s[next(iter(self._earliest_s))]

    def is_wanted(self, time_s: float) -> bool:
        """Whether the frame at `time_s`, which has been noted, is the earliest one of its instant."""
        return self._earliest_s.get(instant_at(time_s, self._fps)) == time_s
