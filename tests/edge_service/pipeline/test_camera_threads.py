"""Several cameras beside each other: who fails is started again, who has ended waits, and all end together."""

import itertools
import logging
import threading
from collections.abc import Callable, Sequence

import pytest

from backend_api.base.process import EXIT_DONE, EXIT_FAILED, FatalError, OneLineFormatter, UsageError
from edge_service.pipeline.camera_threads import CameraThreads, Watch
from tests.fake_clock import FakeClock

MISSING = UsageError("gone.mp4: does not exist")


class Camera:
    """A camera whose starts fail as scripted, each after so many seconds; then it ends, once it `may_end`."""

    def __init__(
        self, clock: FakeClock, failures: Sequence[tuple[float, Exception]] = (), *, is_endless: bool = True
    ) -> None:
        self.clock, self.failures = clock, list(failures)
        self.is_endless = is_endless
        self.may_end = threading.Event()
        self.started_s: list[float] = []
        self.told: list[str] = []
        self.on_end: Callable[[], None] = lambda: None
        self.on_failure: dict[int, Callable[[], None]] = {}
        self.code = EXIT_DONE

    def watch(self, name: str) -> Watch:
        return Watch(name, self.is_endless, self._run, self._fails)

    def _run(self, wait_for_others: Callable[[], None]) -> int:
        self.started_s.append(self.clock.monotonic_s())
        if self.failures:
            seconds, error = self.failures.pop(0)
            self.clock.advance(seconds)
            raise error
        assert self.may_end.wait(60)
        self.on_end()
        wait_for_others()
        return self.code

    def _fails(self, reason: str) -> None:
        self.told.append(reason)
        self.on_failure.get(len(self.told), lambda: None)()


class PatientClock(FakeClock):
    """A wait of its own takes a moment, so that the threads of others come to their turn."""

    def wait(self, signal: threading.Event, timeout_s: float) -> bool:
        signal.wait(0.001)
        return super().wait(signal, timeout_s)


def run(clock: FakeClock, *cameras: Camera, stop: threading.Event | None = None) -> int:
    watches = [camera.watch(f"cam_{number}") for number, camera in enumerate(cameras, start=1)]
    return CameraThreads(watches, clock, stop or threading.Event()).run()


def test_the_wait_doubles_from_one_second_to_a_minute() -> None:
    clock = FakeClock()
    camera = Camera(clock, [(0, OSError())] * 8)
    camera.may_end.set()
    run(clock, camera)
    begins = camera.started_s
    assert [after - before for before, after in itertools.pairwise(begins)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_one_that_fails_is_started_again_and_told_of(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    camera = Camera(clock, [(0, FatalError("the network is away")), (0, ValueError("odd")), (0, OSError("no"))])
    camera.may_end.set()
    with caplog.at_level(logging.ERROR):
        assert run(clock, camera) == EXIT_DONE
    begins = camera.started_s
    assert [after - before for before, after in itertools.pairwise(begins)] == [1, 2, 4]
    assert camera.told[0] == "the network is away; this camera is started again in 1 s"
    assert camera.told[1].startswith("ValueError: odd (unforeseen; GYM_DEBUG=1 shows where); this camera is started")
    assert [record.message for record in caplog.records] == camera.told


def test_a_long_run_ends_the_row_of_failures() -> None:
    clock = FakeClock()
    camera = Camera(clock, [(0, OSError()), (0, OSError()), (59, OSError()), (60, OSError()), (0, OSError())])
    camera.may_end.set()
    run(clock, camera)
    begins = camera.started_s
    steps = [after - before for before, after in itertools.pairwise(begins)]
    assert steps == [1, 2, 59 + 4, 60 + 1, 2]


def test_the_others_go_on_while_one_fails_and_its_lines_bear_its_name(caplog: pytest.LogCaptureFixture) -> None:
    clock, lines = PatientClock(), list[str]()
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(OneLineFormatter().format(record))  # type: ignore[method-assign]
    failing, sound = Camera(clock, [(0, OSError("away"))] * 5), Camera(clock)
    failing.may_end.set()
    log = logging.getLogger("edge_service.pipeline.camera_threads")
    log.addHandler(handler)
    try:
        failing.on_end = sound.may_end.set
        assert run(clock, failing, sound) == EXIT_DONE
    finally:
        log.removeHandler(handler)
    assert len(failing.started_s) == 6
    assert len(sound.started_s) == 1
    assert len(lines) == 5
    assert all(line.startswith("cam_1: OSError: away") for line in lines)


def test_what_cannot_be_used_is_tried_as_long_as_others_are_watched() -> None:
    clock = PatientClock()
    missing, sound = Camera(clock, [(0, MISSING)] * 1000, is_endless=False), Camera(clock)
    missing.on_failure[3] = sound.may_end.set
    assert run(clock, missing, sound) == EXIT_FAILED
    assert len(missing.started_s) >= 3


def test_where_nothing_can_be_used_the_first_mistake_ends_all() -> None:
    clock = PatientClock()
    with pytest.raises(UsageError, match="does not exist"):
        run(clock, *(Camera(clock, [(0, MISSING)] * 1000) for _ in range(3)))


def test_a_file_that_fails_keeps_nobody_up() -> None:
    clock = PatientClock()
    broken, sound = Camera(clock, [(0, OSError("read"))] * 1000, is_endless=False), Camera(clock, is_endless=False)
    sound.may_end.set()
    assert run(clock, broken, sound) == EXIT_FAILED


def test_one_that_ended_waits_for_the_others_and_the_worst_code_counts() -> None:
    clock = PatientClock()
    first, second = Camera(clock), Camera(clock)
    first.code = EXIT_FAILED
    first.may_end.set()
    first.on_end = second.may_end.set
    assert run(clock, first, second) == EXIT_FAILED


def test_to_stop_ends_also_one_that_waits_to_be_started_again() -> None:
    clock, stop = FakeClock(), threading.Event()
    failing = Camera(clock, [(0, OSError("away"))] * 1000)
    failing.on_failure[7] = stop.set
    assert run(clock, failing, stop=stop) == EXIT_FAILED
    assert len(failing.started_s) == 7
