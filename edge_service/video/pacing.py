"""Keeping a file at its own pace: a frame is handed on when its media time has come."""

import threading
from collections.abc import Iterable, Iterator

from backend_api.base.clock import Clock
from edge_service.video.frame import Frame

TICK_S = 1.0


def paced(
    frames: Iterable[Frame | None], speed: float | None, clock: Clock, stop: threading.Event
) -> Iterator[Frame | None]:
    """The frames of `frames`, none before its time; ends early, and at once, when `stop` is set.

    `speed` is media seconds per second, 1.0 as recorded; None hands frames on as fast as they come. Media time 0 is the
    moment of the first call. A consumer that is late is not waited for: the next frames come without a pause. A None
    among the frames, by which a live camera says that it is silent, has no time to wait for. While a file pauses a None
    is handed on every TICK_S, so that what waits for time to pass can go on.
    """
    begin_s = clock.monotonic_s()
    for frame in frames:
        if stop.is_set():
            return
        if speed is not None and frame is not None:
            while (due_in_s := begin_s + frame.time_s / speed - clock.monotonic_s()) > 0:
                if clock.wait(stop, min(due_in_s, TICK_S)):
                    return
                if due_in_s > TICK_S:
                    yield None
        yield frame
