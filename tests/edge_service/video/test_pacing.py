"""Pacing: no frame before its time, none held up, and a stop that is heard."""

import threading
from collections.abc import Iterator
from itertools import pairwise
from threading import Event

from edge_service.video.frame import Frame
from edge_service.video.pacing import paced
from tests.edge_service.fake_frames import blank_frame
from tests.fake_clock import FakeClock

TIMES_S = [0.0, 0.2, 0.4, 1.5, 1.7]


def frames() -> Iterator[Frame]:
    return map(blank_frame, TIMES_S)


def arrivals_s(speed: float | None) -> list[float]:
    clock = FakeClock()
    begin_s = clock.monotonic_s()
    told = ((frame, clock.monotonic_s() - begin_s) for frame in paced(frames(), speed, clock, threading.Event()))
    return [round(time_s, 6) for frame, time_s in told if frame is not None]


def test_as_recorded() -> None:
    assert arrivals_s(1.0) == TIMES_S


def test_four_times_as_fast() -> None:
    assert arrivals_s(4.0) == [0.0, 0.05, 0.1, 0.375, 0.425]


def test_as_fast_as_it_goes() -> None:
    assert arrivals_s(None) == [0.0] * 5


def test_a_late_consumer_gets_the_next_frames_without_a_pause() -> None:
    clock = FakeClock()
    begin_s = clock.monotonic_s()
    seen_s = []
    for frame in paced(frames(), 1.0, clock, threading.Event()):
        seen_s.append(round(clock.monotonic_s() - begin_s, 6))
        if frame and frame.time_s == 0.0:
            clock.advance(1.0)
    assert seen_s == [0.0, 1.0, 1.0, 1.5, 1.7]


def test_stop_ends_it_between_two_frames() -> None:
    stop = threading.Event()
    seen = []
    for frame in paced(frames(), None, FakeClock(), stop):
        seen.append(frame and frame.time_s)
        if seen[-1] == 0.4:
            stop.set()
    assert seen == [0.0, 0.2, 0.4]


def test_stop_ends_it_while_it_waits() -> None:
    stop = threading.Event()

    class StoppedWhileWaiting(FakeClock):
        def wait(self, signal: threading.Event, timeout_s: float) -> bool:
            signal.set()
            return True

    assert [frame and frame.time_s for frame in paced(frames(), 1.0, StoppedWhileWaiting(), stop)] == [0.0]


def test_over_a_pause_somebody_is_told_every_second() -> None:
    clock = FakeClock()
    begin_s = clock.monotonic_s()
    pausing = map(blank_frame, [0.0, 0.2, 600.2, 600.4])
    told = [(frame and frame.time_s, clock.monotonic_s() - begin_s) for frame in paced(pausing, 1.0, clock, Event())]
    assert [time_s for time_s, _ in told if time_s is not None] == [0.0, 0.2, 600.2, 600.4]
    assert sum(time_s is None for time_s, _ in told) == 599
    assert all(after_s - before_s <= 1.0 + 1e-6 for (_, before_s), (_, after_s) in pairwise(told))
