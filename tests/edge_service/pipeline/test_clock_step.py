"""Steps of the wall clock, and what they do to the events of a live camera."""

import logging
import threading
from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend_api.contract.events import Event
from edge_service.clips.event_factory import EventFactory
from edge_service.clips.pictures import StillSlot
from edge_service.clips.recorder import Recorder
from edge_service.clips.timing import ClipConfig
from edge_service.detection.detector import Detection
from edge_service.outbox.outbox import Outbox
from edge_service.pipeline.camera_loop import Camera, CameraLoop
from edge_service.pipeline.checkpoint import CheckpointFile, Run
from edge_service.pipeline.clock_step import ClockSteps
from edge_service.pipeline.recovery import recover
from edge_service.privacy.masking import Masking
from edge_service.privacy.privacy_config import PrivacyConfig
from edge_service.rules.machine import RuleTimes
from edge_service.tracking.tracker import Tracker
from edge_service.video.frame import Frame
from edge_service.video.packet_ring import PacketRing
from tests.edge_service.crashing_disk import QuickDisk
from tests.edge_service.fake_frames import blank_frame
from tests.edge_service.opened_outbox import read_all
from tests.edge_service.scripted import IN_ZONE, machine
from tests.fake_clock import FakeClock

BEGIN = datetime(2026, 1, 31, 9, tzinfo=UTC)
MONTH_S = 30 * 86_400.0
FPS = 5


def test_small_steps_are_none_until_they_add_up() -> None:
    clock = FakeClock()
    steps = ClockSteps(clock)
    clock.advance(3600)
    assert steps.take() == 0
    clock.jump_wall_clock(0.6)
    assert steps.take() == 0
    clock.jump_wall_clock(0.6)
    assert steps.take() == pytest.approx(1.2)
    assert steps.take() == 0


@pytest.mark.parametrize("step_s", [MONTH_S, -7200.0])
def test_a_clock_that_is_set_is_noticed_once(step_s: float) -> None:
    clock = FakeClock()
    steps = ClockSteps(clock)
    clock.jump_wall_clock(step_s)
    clock.advance(5)
    assert steps.take() == pytest.approx(step_s)
    assert steps.take() == 0


def test_a_process_that_is_held_up_between_two_readings_sees_no_step() -> None:
    class Slow(FakeClock):
        def now(self) -> datetime:
            self.advance(30)
            return super().now()

    assert ClockSteps(Slow()).take() == 0


def test_what_was_before_a_step_keeps_its_time() -> None:
    factory = EventFactory("gym", "cam_01", BEGIN)
    before = [factory.timestamp(time_s) for time_s in (0.0, 10.0)]
    factory.set_clock(10.0, MONTH_S)
    assert [factory.timestamp(time_s) for time_s in (0.0, 10.0)] == before
    assert factory.timestamp(10.001) == BEGIN + timedelta(seconds=MONTH_S + 10.001)
    factory.set_clock(20.0, -3600.0)
    assert [factory.timestamp(time_s) for time_s in (0.0, 10.0)] == before
    assert factory.timestamp(15.0) == BEGIN + timedelta(seconds=MONTH_S + 15)
    assert factory.timestamp(25.0) == BEGIN + timedelta(seconds=MONTH_S + 25 - 3600)


class LiveFrames:
    """A live camera that gives a frame every fifth of a second; the wall clock is set by `step_s` at `steps_at_s`."""

    captured = processed = skipped = reconnects = 0
    is_live = True
    problem = warning = None
    complete_s = float("-inf")
    description = "rtsp://cam/1"

    def __init__(self, clock: FakeClock, times_s: Iterator[float], steps_at_s: float, step_s: float) -> None:
        self._clock, self._times_s, self._steps_at_s, self._step_s = clock, times_s, steps_at_s, step_s

    def __iter__(self) -> Generator[Frame | None, None, None]:
        for time_s in self._times_s:
            self._clock.advance(1 / FPS)
            if abs(time_s - self._steps_at_s) < 0.01:
                self._clock.jump_wall_clock(self._step_s)
            yield blank_frame(time_s)


class Eye:
    """Sees somebody from `start_s` to `end_s`."""

    def __init__(self, start_s: float, end_s: float) -> None:
        self._start_s, self._end_s = start_s, end_s

    def detect(self, frame: Frame) -> list[Detection]:
        return [Detection(IN_ZONE, 0.8)] if self._start_s <= frame.time_s <= self._end_s else []


def watch(folder: Path, begin: datetime, seconds: int, eye: Eye, *, steps_at_s: float, step_s: float) -> list[Event]:
    """All events of one run, which is told to stop at its end."""
    clock, disk, stop, machines = FakeClock(begin), QuickDisk(), threading.Event(), (machine(RuleTimes(1, 2, 0.5, 20)),)
    run = Run("rtsp://cam/1", "gym", "cam_01", begin)

    def times() -> Iterator[float]:
        yield from (number / FPS for number in range(seconds * FPS))
        stop.set()
        yield float(seconds)

    with Outbox.open(folder, "cam_01", disk, max_bytes=2**20) as outbox:
        checkpoint_file = CheckpointFile(folder / "cam_01.checkpoint", disk)
        recovery = recover(checkpoint_file.load(), run, machines, outbox)
        factory = EventFactory("gym", "cam_01", begin, machines, clock_steps=recovery.clock_steps)
        masking = Masking(PrivacyConfig())
        recorder = Recorder(PacketRing(60), folder, disk, factory, machines, ClipConfig(0.5, 0.5), masking)
        source = LiveFrames(clock, times(), steps_at_s, step_s)
        camera_loop = CameraLoop(
            Camera(source, eye, Tracker(), recovery.rules, recorder, outbox, masking, StillSlot(masking)),
            run,
            checkpoint_file,
            clock,
        )
        camera_loop.begin(recovery)
        camera_loop.run(None, stop)
        batch = read_all(outbox)
        assert batch is not None
        outbox.acknowledge(batch)
        return [Event.model_validate_json(event.body) for event in batch.events]


def short(events: list[Event]) -> list[str]:
    return [event.event_type.rsplit("_", 1)[-1] for event in events]


@pytest.mark.parametrize("step_s", [MONTH_S, -7200.0])
def test_events_go_by_the_clock_as_it_is_set_and_those_before_keep_theirs(
    step_s: float, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    start, end, opened = watch(tmp_path, BEGIN, 30, Eye(2, 12), steps_at_s=8.0, step_s=step_s)
    assert short([start, end, opened]) == ["START", "END", "OPEN"]
    assert start.ts == BEGIN + timedelta(seconds=2)
    assert end.ts == opened.ts == BEGIN + timedelta(seconds=12 + step_s)
    assert end.session_id == start.event_id
    assert end.attributes["occupied_s"] == 10
    told = [record.getMessage() for record in caplog.records if "clock" in record.getMessage()]
    assert len(told) == 1
    assert told[0].startswith(f"the computer's clock was set by {step_s:+.1f} s: events from now on go by the new time")


def test_a_restart_after_a_step_goes_on_with_the_session_that_began_before_it(tmp_path: Path) -> None:
    (start,) = watch(tmp_path, BEGIN, 10, Eye(2, 99), steps_at_s=8.0, step_s=MONTH_S)
    again = BEGIN + timedelta(seconds=MONTH_S + 11)
    end, opened = watch(tmp_path, again, 30, Eye(0, 4), steps_at_s=-1, step_s=0.0)
    assert short([start, end, opened]) == ["START", "END", "OPEN"]
    assert end.session_id == start.event_id
    assert end.ts == again + timedelta(seconds=4)


def test_a_step_of_a_file_s_run_is_none_of_its_business(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LiveFrames, "is_live", False)
    events = watch(tmp_path, BEGIN, 30, Eye(2, 12), steps_at_s=8.0, step_s=MONTH_S)
    assert events[1].ts == BEGIN + timedelta(seconds=12)
