"""The camera's loop: stopped, restarted, on full disks, and by a clock that jumps."""

import errno
import logging
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from av.video.frame import VideoFrame

from backend_api.contract.events import Event, EventType
from backend_api.contract.sources import EventSource, source_of
from edge_service.detection.detector import Box
from edge_service.pipeline.camera_loop import CameraLoop
from edge_service.pipeline.camera_reports import make_reporter
from edge_service.pipeline.checkpoint import CheckpointFile, Run
from edge_service.rules.machine import RuleTimes
from edge_service.tracking.witness import Grid, Witness
from edge_service.video.frame import Frame
from edge_service.video.frame_maker import FrameMaker
from tests.edge_service.crashing_disk import Crash, QuickDisk
from tests.edge_service.restart_checks import check_handed_over, check_sessions
from tests.edge_service.restart_scene import FPS, VIDEO_S, Scene
from tests.edge_service.scripted import machine
from tests.fake_clock import FakeClock

# The first START is known at 1.4 s, and its clip is over at 2.9 s.
CLIP_PENDING_S = 2.0


class ClipsDontFit(QuickDisk):
    """Has no room for the next `clips` clips."""

    def __init__(self, clips: int) -> None:
        self.clips = clips

    def put_new(self, path: Path, data: bytes) -> None:
        if path.suffix == ".mp4" and self.clips:
            self.clips -= 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().put_new(path, data)


def short(events: list[Event]) -> list[tuple[str, object]]:
    """Type, and why it ended."""
    return [(event.event_type.rsplit("_", 1)[-1], event.attributes.get("end_reason")) for event in events]


@pytest.fixture
def scene(long_video: Path, memory: Path) -> Scene:
    return Scene(long_video, memory / "scene")


def test_it_counts_what_it_does_and_leaves_nothing_open_at_the_end(scene: Scene) -> None:
    counts = scene.run(QuickDisk())
    assert (counts.events, counts.processed, counts.captured) == (6, 5 * VIDEO_S, 10 * VIDEO_S)
    assert counts.media_time_s == pytest.approx(VIDEO_S - 0.2)
    assert counts.has_ended
    assert scene.left_open() == []


class Hurrying:
    """A source of which each frame is looked at; another one comes whenever somebody reads one of its counts."""

    reconnects, problem, warning = 0, None, None

    def __init__(self) -> None:
        self._frames = 0

    @property
    def captured(self) -> int:
        self._frames += 1
        return self._frames - 1

    processed = captured


def test_counts_that_are_read_while_frames_come_can_be_reported(tmp_path: Path) -> None:
    camera: Any = SimpleNamespace(source=Hurrying(), outbox=SimpleNamespace(depth=0))
    run, clock = Run("a.mp4", "gym", "cam", datetime(2026, 1, 31, 9, tzinfo=UTC)), FakeClock()
    loop = CameraLoop(camera, run, CheckpointFile(tmp_path / "cam.checkpoint", QuickDisk()), clock)
    counts = loop.counts()
    assert counts.skipped >= 0
    assert counts.captured == counts.processed + counts.skipped
    assert make_reporter("gym", run.start_time, "1", loop.counts, lambda: None)().frames_skipped >= 0


class Watchful(Witness):
    """Says of all from `since_s` on that it is a thing, and keeps the pictures that it is shown."""

    def __init__(self, since_s: float) -> None:
        super().__init__(300)
        self.since_s = since_s
        self.looked: list[tuple[float, tuple[int, ...]]] = []

    def look(self, grid: Grid, time_s: float) -> None:
        self.looked.append((time_s, grid.shape))
        super().look(grid, time_s)

    def is_thing(self, box: Box) -> bool:
        return self.looked[-1][0] >= self.since_s


def test_events_say_that_the_main_stream_was_looked_at_for_as_long_as_it_was(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.eyes = EventSource(edge_version="1", detector="mock")
    make = FrameMaker.frame

    def of_main(maker: FrameMaker, picture: VideoFrame, *made: Any, **told: Any) -> Frame:  # noqa: ANN401 - handed on
        frame = make(maker, picture, *made, **told)
        return replace(frame, stream="main") if frame.time_s < 4 else frame

    monkeypatch.setattr(FrameMaker, "frame", of_main)
    scene.run(QuickDisk())
    streams = [source.stream for event in scene.ledger.events() if (source := source_of(event.attributes))]
    assert len(streams) == 6
    assert streams == sorted(streams, key=lambda stream: stream is None)
    assert set(streams) == {"main", None}


def test_who_is_a_thing_uses_no_machine_and_one_that_becomes_one_leaves_it(scene: Scene, undisturbed: Scene) -> None:
    scene.witness = watchful = Watchful(1e9)
    scene.run(QuickDisk())
    assert scene.ledger.bodies == undisturbed.ledger.bodies  # somebody moves, and all is as without
    assert [time_s for time_s, _ in watchful.looked] == [2.0 * k for k in range((VIDEO_S + 1) // 2)]
    assert {shape for _, shape in watchful.looked} == {(64, 96)}
    nobody = Scene(scene.video, scene.folder.with_name("nobody"), witness=Watchful(0))
    nobody.run(QuickDisk())
    assert nobody.ledger.events() == []
    stays = ((0.4, 1e9),)
    until = Scene(scene.video, scene.folder.with_name("until"), world=stays, witness=Watchful(4))
    until.run(QuickDisk())
    start, end = until.ledger.events()[:2]
    assert short([start, end]) == [("START", None), ("END", "left")]
    assert (end.ts - start.ts).total_seconds() == pytest.approx(3.4, abs=0.3)


def test_where_groups_of_pictures_are_skipped_the_witness_knows_their_key_pictures(scene: Scene) -> None:
    watchful = Watchful(1e9)
    empty = Scene(scene.video, scene.folder.with_name("empty"), (), (machine(RuleTimes()),), watchful, is_thrifty=True)
    empty.run(QuickDisk())
    assert len(empty.looked_s) <= VIDEO_S * FPS - 4 * (FPS - 1)  # four groups at least are skipped
    assert [time_s for time_s, _ in watchful.looked] == [2.0 * k for k in range((VIDEO_S + 1) // 2)]


def test_a_run_that_was_whole_owes_nothing_when_its_repetition_is_cut_short(scene: Scene) -> None:
    scene.run(QuickDisk())
    events = scene.ledger.events()
    scene.run(QuickDisk(), stops_s=1.8)
    with pytest.raises(Crash):
        scene.run(QuickDisk(), dies_s=1.8)
    scene.world = ()
    scene.run(QuickDisk(), begins_s=60)
    assert scene.ledger.events() == events


def test_told_to_stop_it_finishes_the_clips_at_hand_as_a_whole_run_does(undisturbed: Scene, scene: Scene) -> None:
    counts = scene.run(QuickDisk(), stops_s=CLIP_PENDING_S)
    assert counts.media_time_s == CLIP_PENDING_S
    assert not counts.has_ended
    assert short(scene.ledger.events()) == [("START", None)]
    assert scene.ledger.bodies.items() <= undisturbed.ledger.bodies.items()
    scene.check_media()


def test_stopped_and_started_as_the_same_run_it_completes_the_same_events(undisturbed: Scene, scene: Scene) -> None:
    for stops_s in (CLIP_PENDING_S, 0.4, 5.0, 1e9):
        scene.run(QuickDisk(), stops_s=stops_s)
    assert scene.ledger.bodies == undisturbed.ledger.bodies
    assert scene.ledger.contradictions == []
    scene.check_media()


def test_stopped_and_started_later_the_session_is_closed_as_of_the_last_look(scene: Scene) -> None:
    scene.world = ((0.4, 9.0),)
    scene.run(QuickDisk(), stops_s=4.8)
    scene.run(QuickDisk(), begins_s=60)
    start, end = scene.ledger.events()
    assert short([start, end]) == [("START", None), ("END", "recovered")]
    assert (end.ts - start.ts).total_seconds() == end.attributes["occupied_s"] == 4.4
    assert end.session_id == start.event_id


def test_stopped_and_started_soon_the_session_goes_on(undisturbed: Scene, scene: Scene) -> None:
    scene.run(QuickDisk(), stops_s=CLIP_PENDING_S)
    scene.run(QuickDisk(), begins_s=CLIP_PENDING_S + 0.4)
    assert set(undisturbed.ledger.bodies) <= set(scene.ledger.bodies)
    assert short(scene.ledger.events())[:-2] == short(undisturbed.ledger.events())[:-1]
    assert short(scene.ledger.events())[-2:] == [("END", "left"), ("OPEN", None)]  # the world goes on for longer
    check_sessions(scene)
    scene.check_media()


@pytest.mark.parametrize("begins_s", [-3600.0, -1.0, 1.0])
def test_by_a_clock_that_was_put_back_the_session_is_closed_and_no_time_is_negative(
    undisturbed: Scene, scene: Scene, begins_s: float
) -> None:
    with pytest.raises(Crash):
        scene.run(QuickDisk(), dies_s=CLIP_PENDING_S)
    before = scene.copy(scene.folder.with_name("before"))
    scene.world = ()
    scene.run(QuickDisk(), begins_s=begins_s)
    scene.world = undisturbed.world
    check_handed_over(before, scene, undisturbed)
    check_sessions(scene)
    assert short(scene.ledger.events()) == [("START", None), ("END", "recovered")]
    assert all(event.media_time_s >= 0 for event in scene.ledger.events())


def test_without_room_for_clips_events_go_without_and_say_why_until_there_is_room_again(
    undisturbed: Scene, scene: Scene
) -> None:
    scene.run(ClipsDontFit(2))
    events = scene.ledger.events()
    assert short(events) == short(undisturbed.ledger.events())
    for event in events[:2]:
        assert event.clip is None
        assert event.clip_error == f"{event.event_id}.mp4 could not be written: No space left on device"
    assert events[2:] == undisturbed.ledger.events()[2:]
    scene.check_media()


def test_a_full_outbox_refuses_events_loudly_counts_them_and_takes_later_ones(
    undisturbed: Scene, scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    lines = [len(body) for body in undisturbed.ledger.bodies.values()]
    scene.outbox_max_bytes = round(3 * sum(lines) / len(lines))  # two events, and what makes lines of them
    scene.delivery_looks = 1
    scene.ledger.outages = 20  # until 7 s, when three events have come
    with caplog.at_level(logging.WARNING):
        counts = scene.run(QuickDisk())
    assert counts.events == 5
    lost = {event.event_type for event in undisturbed.ledger.events() if event.event_id not in scene.ledger.bodies}
    assert lost == {EventType.CLEANING_WINDOW_OPEN}
    assert scene.ledger.bodies.items() <= undisturbed.ledger.bodies.items()
    refusals = [record for record in caplog.records if "refuses new events" in record.getMessage()]
    assert [record.levelno for record in refusals] == [logging.ERROR]
    assert "takes events again; 1 were refused so far" in caplog.text
