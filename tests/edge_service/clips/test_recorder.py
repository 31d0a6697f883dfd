"""From rule events to events with their clips."""

import errno
import logging
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import av
import pytest

from backend_api.base.durable_files import Disk
from backend_api.contract.events import Event, EventType
from backend_api.contract.media import clip_name, thumbnail_name
from edge_service.clips.cut import cut
from edge_service.clips.event_factory import EventFactory
from edge_service.clips.mp4 import Clip
from edge_service.clips.recorder import NOT_KEPT, Recorder
from edge_service.clips.timing import ClipConfig
from edge_service.detection.detector import Box
from edge_service.privacy.masking import Masking
from edge_service.privacy.privacy_config import PrivacyConfig
from edge_service.rules.machine import Machine, RuleTimes
from edge_service.rules.rule_event import RuleEvent
from edge_service.tracking.tracker import Track
from edge_service.video.file_source import FileSource
from edge_service.video.packet_ring import PacketRing
from tests.edge_service import tiny_videos
from tests.edge_service.crashing_disk import QuickDisk
from tests.edge_service.encoded_packets import made_up_packet, ring_of
from tests.edge_service.fake_frames import blank_frame

START_TIME = datetime(2026, 1, 31, 9, tzinfo=UTC)
MACHINE = Machine("bike_01", "Bike 1", ((0.1, 0.1), (0.9, 0.1), (0.5, 0.9)), RuleTimes())
TRACKS = [Track(1, Box(0.4, 0.2, 0.6, 0.8), 0.9)]
PRE_S, POST_S, END_PRE_S = 0.5, 0.4, 1.5


def encoding_when_allowed(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """What lets clips be encoded from now on, once it is set."""
    may_encode = threading.Event()

    def encode_when_allowed(*args: object) -> Clip:
        assert may_encode.wait(60)
        return cut(*args)  # type: ignore[arg-type]

    monkeypatch.setattr("edge_service.clips.recorder.cut", encode_when_allowed)
    return may_encode


class FillingDisk(QuickDisk):
    """Has no room for anything while `is_full`."""

    is_full = False

    def _write(self, descriptor: int, data: bytes) -> None:
        if self.is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super()._write(descriptor, data)


def make_recorder(
    ring: PacketRing,
    folder: Path,
    disk: Disk | None = None,
    masking: Masking | None = None,
    *,
    is_live: bool = False,
) -> Recorder:
    factory, clip = EventFactory("gym_demo", "cam_01", START_TIME), ClipConfig(PRE_S, POST_S, END_PRE_S)
    masking = masking or Masking(PrivacyConfig())
    return Recorder(ring, folder, disk or QuickDisk(), factory, [MACHINE], clip, masking, is_live=is_live)


def hit_at(time_s: float, event_type: EventType = EventType.MACHINE_OCCUPIED_START) -> RuleEvent:
    return RuleEvent(event_type, MACHINE.machine_id, time_s, time_s, 1, 0.9)


def record(path: Path, folder: Path, rule_events: list[RuleEvent], disk: Disk | None = None) -> list[Event]:
    """Play the file; each rule event is known 0.2 s after it happened."""
    ring = PacketRing(reach_s=5)
    recorder = make_recorder(ring, folder, disk)
    events: list[Event] = []
    waiting = list(rule_events)
    for frame in FileSource(path, fps=10, ring=ring):
        while waiting and waiting[0].time_s + 0.2 <= frame.time_s:
            recorder.begin(waiting.pop(0), frame, TRACKS)
        events += recorder.finished()
    return [*events, *recorder.finished(end_of_stream=True)]


@pytest.mark.parametrize("kind", [kind for kind in tiny_videos.ALL if kind != "one_second"])
def test_every_kind_of_video_gives_events_whose_clips_play(
    kind: str, drawn: Callable[[str], Path], tmp_path: Path
) -> None:
    (event,) = record(drawn(kind), tmp_path, [hit_at(1.5)])
    clip = event.clip
    assert clip is not None
    path = tmp_path / clip_name(event.event_id)
    assert (clip.bytes, clip.sha256) == (path.stat().st_size, sha256(path.read_bytes()).hexdigest())
    assert clip.start_ts <= event.ts - timedelta(seconds=PRE_S)
    assert clip.end_ts >= event.ts + timedelta(seconds=POST_S - 0.1)
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    assert frames[0].pts == 0
    shown_s = (clip.end_ts - clip.start_ts).total_seconds()
    assert shown_s - 0.1 < (frames[-1].time or 0.0) < shown_s
    assert (frames[0].width, frames[0].height) == (clip.width, clip.height)
    assert (tmp_path / thumbnail_name(event.event_id)).read_bytes().startswith(b"\xff\xd8")


def test_a_second_run_makes_the_same_events_and_the_same_bytes(drawn: Callable[[str], Path], tmp_path: Path) -> None:
    rule_events = [hit_at(0.2), hit_at(1.0), hit_at(2.9)]
    runs = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        events = record(drawn("hevc"), folder, rule_events)
        runs.append(([e.model_dump_json() for e in events], {p.name: p.read_bytes() for p in folder.iterdir()}))
    assert runs[0] == runs[1]


def test_an_event_waits_for_its_post_roll(drawn: Callable[[str], Path], tmp_path: Path) -> None:
    ring = PacketRing(reach_s=60)
    recorder = make_recorder(ring, tmp_path)
    recorder.begin(hit_at(1.0), blank_frame(1.0), TRACKS)
    came_at: list[float] = []
    for frame in FileSource(drawn("no_b_frames"), fps=10, ring=ring):
        assert recorder.is_recording == (not came_at)
        came_at += [frame.time_s for _ in recorder.finished()]
    assert came_at == [pytest.approx(1.4)]


def test_events_come_in_the_order_of_their_times_and_then_of_beginning(
    drawn: Callable[[str], Path], tmp_path: Path
) -> None:
    recorder = make_recorder(ring_of(drawn("b_frames")), tmp_path)
    for time_s, event_type in (
        (1.5, EventType.MACHINE_OCCUPIED_END),
        (1.5, EventType.CLEANING_WINDOW_OPEN),
        (0.5, EventType.MACHINE_OCCUPIED_START),
    ):
        recorder.begin(hit_at(time_s, event_type), blank_frame(2), TRACKS)
    assert [(event.media_time_s, event.event_type) for event in recorder.finished()] == [
        (0.5, EventType.MACHINE_OCCUPIED_START),
        (1.5, EventType.MACHINE_OCCUPIED_END),
        (1.5, EventType.CLEANING_WINDOW_OPEN),
    ]
    assert not recorder.is_recording


def test_events_of_one_instant_have_the_same_clip_under_the_name_of_each_and_once_on_the_disk(
    drawn: Callable[[str], Path], tmp_path: Path
) -> None:
    rule_events = [hit_at(1.5, EventType.MACHINE_OCCUPIED_END), hit_at(1.5, EventType.CLEANING_WINDOW_OPEN)]
    end, window = record(drawn("mpeg4"), tmp_path, rule_events)
    assert end.clip == window.clip
    files = [tmp_path / clip_name(event.event_id) for event in (end, window)]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[0].samefile(files[1])


def test_the_end_of_the_stream_cuts_what_is_there(drawn: Callable[[str], Path], tmp_path: Path) -> None:
    (event,) = record(drawn("one_second"), tmp_path, [hit_at(0.7)])
    assert event.clip is not None
    assert (event.clip.start_ts, event.clip.end_ts) == (START_TIME, START_TIME + timedelta(seconds=1))


def test_without_room_the_event_goes_without_its_clip_and_clips_come_again(
    drawn: Callable[[str], Path], tmp_path: Path
) -> None:
    disk = FillingDisk()
    recorder = make_recorder(ring_of(drawn("b_frames")), tmp_path, disk)
    events: list[Event] = []
    for time_s, is_full in ((0.5, True), (1.0, False)):
        disk.is_full = is_full
        recorder.begin(hit_at(time_s), blank_frame(2), TRACKS)
        events += recorder.finished()
    before, after = events
    assert before.clip is None
    assert before.clip_error == f"{clip_name(before.event_id)} could not be written: No space left on device"
    assert after.clip is not None
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        thumbnail_name(after.event_id),
        clip_name(after.event_id),
    ]


def test_a_clip_that_cannot_be_made_has_its_reason(tmp_path: Path) -> None:
    recorder = make_recorder(PacketRing(reach_s=60), tmp_path)
    recorder.begin(hit_at(1.0), blank_frame(1.0), TRACKS)
    (event,) = recorder.finished(end_of_stream=True)
    assert event.clip is None
    assert event.clip_error == "no video of that time is kept any more"


@pytest.mark.parametrize("time_s", [1.0, 7.8])
def test_an_event_that_the_ring_has_forgotten_has_no_clip_of_another_time(time_s: float, tmp_path: Path) -> None:
    ring = PacketRing(reach_s=60, max_bytes=2000)
    for number in range(100):
        ring.append(made_up_packet(number * 100, is_key=number % 10 == 0))
    recorder = make_recorder(ring, tmp_path)
    recorder.begin(hit_at(time_s), blank_frame(9.9), TRACKS)
    (event,) = recorder.finished()
    assert event.clip_error is not None
    assert "video of that time is" in event.clip_error


def test_a_clip_that_begins_late_is_told(
    drawn: Callable[[str], Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ring = ring_of(drawn("no_b_frames"), reach_s=0.6)
    recorder = make_recorder(ring, tmp_path)
    recorder.begin(hit_at(2.2), blank_frame(2.9), TRACKS)
    with caplog.at_level(logging.WARNING):
        (event,) = recorder.finished(end_of_stream=True)
    assert event.clip is not None
    assert event.clip.start_ts == START_TIME + timedelta(seconds=2)
    assert "begins 0.3 s late" in caplog.text


def test_frames_go_on_while_a_clip_is_encoded_and_events_keep_their_order(
    drawn: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_encode = encoding_when_allowed(monkeypatch)
    recorder = make_recorder(ring_of(drawn("hevc")), tmp_path)
    for time_s in (0.8, 1.2):
        recorder.begin(hit_at(time_s), blank_frame(2), TRACKS)
    assert list(recorder.finished()) == []
    assert not recorder.is_recording
    assert [rule_event.time_s for rule_event in recorder.pending] == [0.8, 1.2]
    may_encode.set()
    events = list(recorder.finished(end_of_stream=True))
    assert [event.media_time_s for event in events] == [0.8, 1.2]
    assert all(event.clip for event in events)
    assert recorder.pending == ()


def test_of_clips_that_wait_to_be_encoded_there_is_a_most(drawn: Callable[[str], Path], tmp_path: Path) -> None:
    recorder = make_recorder(ring_of(drawn("hevc")), tmp_path)
    for number in range(20):
        recorder.begin(hit_at(0.8 + number / 50), blank_frame(2), TRACKS)
    first = list(recorder.finished())
    assert len(first) >= 20 - 8
    events = [*first, *recorder.finished(end_of_stream=True)]
    assert [event.media_time_s for event in events] == [round(0.8 + number / 50, 3) for number in range(20)]


def test_it_is_said_once_why_clips_are_encoded(
    drawn: Callable[[str], Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    record(drawn("hevc"), tmp_path, [hit_at(0.8), hit_at(1.2)])
    (said,) = [line for line in caplog.messages if "encoded" in line]
    assert "96 x 64" in said
    assert "browsers do not play hevc 96x64" in said


def test_the_clip_of_the_end_of_a_use_reaches_back_further_and_is_the_windows(
    drawn: Callable[[str], Path], tmp_path: Path
) -> None:
    """A key picture stands at each second; another machine's use begins at the very instant."""
    kinds = (EventType.MACHINE_OCCUPIED_END, EventType.CLEANING_WINDOW_OPEN, EventType.MACHINE_OCCUPIED_START)
    events = record(drawn("no_b_frames"), tmp_path, [hit_at(2.2, kind) for kind in kinds])
    end, window, start = (event.clip for event in events)
    assert end is not None
    assert window is not None
    assert start is not None
    assert end == window
    files = [tmp_path / clip_name(event.event_id) for event in events]
    assert files[0].samefile(files[1])
    begins_s = [(clip.start_ts - START_TIME).total_seconds() for clip in (end, start)]
    assert begins_s[0] <= 2.2 - END_PRE_S < begins_s[1] <= 2.2 - PRE_S
    assert end.end_ts == start.end_ts


def test_clips_of_attempts_alone_may_be_kept(drawn: Callable[[str], Path], tmp_path: Path) -> None:
    clip, factory = ClipConfig(PRE_S, POST_S, PRE_S, events="attempts"), EventFactory("gym_demo", "cam_01", START_TIME)
    masking = Masking(PrivacyConfig())
    recorder = Recorder(ring_of(drawn("b_frames")), tmp_path, QuickDisk(), factory, [MACHINE], clip, masking)
    for event_type in EventType:
        recorder.begin(hit_at(1.0, event_type), blank_frame(2), TRACKS)
    events = {event.event_type: event for event in recorder.finished(end_of_stream=True)}
    assert {kind for kind, event in events.items() if event.clip is not None} == {EventType.CLEANING_ATTEMPT}
    reasons = {event.clip_error for event in events.values()}
    assert reasons == {None, NOT_KEPT}
    assert {path.name for path in tmp_path.iterdir()} == {
        clip_name(events[EventType.CLEANING_ATTEMPT].event_id),
        *(thumbnail_name(event.event_id) for event in events.values()),
    }
