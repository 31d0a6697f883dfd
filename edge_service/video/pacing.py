"""Keeping a file at its own pace: a frame is handed on when its media time has come."""

import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

from backend_api.base.clock import Clock
from edge_service.video.frame import Frame

_F = TypeVar("_F", bound=Frame | None)


def paced(frames: Iterable[_F], speed: float | None, clock: Clock, stop: threading.Event) -> Iterator[_F]:
    """The frames of `frames`, none before its time; ends early, and at once, when `stop` is set.

    `speed` is media seconds per second, 1.0 as recorded; None hands frames on as fast as they come. Media time 0 is the
    moment of the first call. A consumer that is late is not waited for: the next frames come without a pause. A None
    among the frames, by which a live camera says that it is silent, has no time to wait for.
    """
    begin_s = clock.monotonic_s()
    for frame in frames:
        if stop.is_set():
            return
        if speed is not None and frame is not None:
            due_in_s = begin_s + frame.time_s / speed - clock.monotonic_s()
            if due_in_s > 0 and clock.wait(stop, due_in_s):
                return
        yield frame
