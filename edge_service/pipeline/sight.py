"""Whether pictures that come are looked at, and often enough for the rules, so that no camera is blind unsaid (pure).

The rules take what lies more than GAP_S apart for unobserved; where every two looks do, they never know anything.
"""

from collections import deque
from statistics import median

from edge_service.rules.presence import GAP_S

BLIND_S = 15.0
"""So long pictures come and none is looked at before it is said."""

_LEAST_PICTURES = 10
_LOOKS = 5


class Sight:
    """Told of every look and of the time in between, it knows the present fault."""

    def __init__(self, now_s: float) -> None:
        """Times are of a clock that never goes back, in seconds."""
        self._looked_at_s = now_s
        self._captured = 0
        self._media_time_s: float | None = None
        self._steps_s: deque[float] = deque(maxlen=_LOOKS)
        self._now_s = now_s
        self._newly_captured = 0

    def look(self, media_time_s: float, captured: int, now_s: float) -> None:
        """A picture was looked at, of `media_time_s` seconds; `captured` have come so far."""
        if self._media_time_s is not None:
            self._steps_s.append(media_time_s - self._media_time_s)
        self._media_time_s, self._looked_at_s = media_time_s, now_s
        self._captured = captured
        self.wait(captured, now_s)

    def wait(self, captured: int, now_s: float) -> None:
        """No picture was looked at until now."""
        self._now_s, self._newly_captured = now_s, captured - self._captured

    @property
    def fault(self) -> str | None:
        """The trouble, in one line with its cure; None while all is well."""
        blind_s = self._now_s - self._looked_at_s
        if blind_s >= BLIND_S and self._newly_captured >= _LEAST_PICTURES:
            return (
                f"blind for {blind_s:.0f} s: {self._newly_captured} pictures came and none could be looked at;"
                " they are damaged, or detection does not keep up: set another codec or a lower rate in the camera"
            )
        if len(self._steps_s) == _LOOKS and (step_s := median(self._steps_s)) > GAP_S:
            return (
                f"a picture only every {step_s:.1f} s, which is too seldom for the rules to see a machine in use:"
                f" set the camera to one every {GAP_S:g} s at least, better to five a second"
            )
        return None
