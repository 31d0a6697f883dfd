"""One stream that is looked at, and one that is kept: their time, their shape, and what goes on when one is away."""

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest

from backend_api.base.process import UsageError
from edge_service.pipeline.open_source import open_source
from edge_service.video.address import CameraAddress
from edge_service.video.frame import Frame
from edge_service.video.live.recording import LiveRecording
from edge_service.video.packet_ring import PacketRing
from edge_service.video.paired_source import FALLBACK_S, PairedSource
from tests.edge_service.fake_frames import blank_frame
from tests.edge_service.scripted_camera import ScriptedCamera, Sends, evenly, format_of, raw_packets
from tests.edge_service.tiny_videos import draw_video
from tests.fake_clock import FakeClock

START = datetime(2026, 1, 31, 9, tzinfo=UTC)
FPS = 5.0


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The main stream, and a small one of another rate, codec and shape."""
    folder = tmp_path_factory.mktemp("streams")
    main = draw_video(folder / "main.mp4", size=(192, 108), seconds=6, options={"bf": "0"})
    small = draw_video(
        folder / "small.mp4", codec="mpeg4", size=(64, 48), rate=Fraction(10), seconds=6, options={"bf": "0"}
    )
    return main, small


def paired(streams: tuple[Path, Path], ring: PacketRing, *, loop: int = 1, has_preview: bool = False) -> PairedSource:
    source = open_source(
        streams[0],
        START,
        fps=FPS,
        loop=loop,
        ring=ring,
        clock=FakeClock(),
        detect_address=streams[1],
        has_preview=has_preview,
    )
    assert isinstance(source, PairedSource)
    return source


def test_the_small_one_is_looked_at_and_people_see_the_main_one(
    streams: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    ring = PacketRing(60)
    times = []
    for frame in paired(streams, ring):
        assert frame is not None
        times.append(frame.time_s)
        assert (frame.width, frame.height) == (192, 108)
        assert frame.image().shape == (108, 192, 3)
        assert frame.scaled((96, 54)).shape == (54, 96, 3)
        assert ring.complete_s >= frame.time_s  # its picture is there
    assert times == [pytest.approx(number / FPS) for number in range(30)]
    assert sum(packet.is_shown for packet in ring.select(-1, 60)) == 150  # all of the main stream, to its end
    assert caplog.text.count("detection looks at pictures of 64x48, and the main stream has 192x108") == 1


def test_the_picture_is_that_of_its_moment(streams: tuple[Path, Path]) -> None:
    ring = PacketRing(60)
    alone = {
        round(frame.time_s, 3): frame.image()
        for frame in open_source(streams[0], START, fps=FPS, loop=1, ring=PacketRing(60), clock=FakeClock())
        if frame is not None
    }
    for frame in paired(streams, ring):
        assert frame is not None
        assert np.array_equal(frame.image(), alone[round(frame.time_s, 3)])


def test_where_the_main_stream_stands_still_people_see_what_is_looked_at(
    streams: tuple[Path, Path], tmp_path: Path
) -> None:
    """Its last picture would be masked as of another moment."""
    short = draw_video(tmp_path / "short.mp4", size=(192, 108), seconds=2, options={"bf": "0"})
    shapes = {
        round(frame.time_s, 3): frame.image().shape for frame in paired((short, streams[1]), PacketRing(60)) if frame
    }
    assert {time_s for time_s, shape in shapes.items() if shape == (48, 64, 3)} == {t for t in shapes if t > 2.46}
    assert max(shapes) > 3


def test_a_preview_shows_what_is_looked_at(streams: tuple[Path, Path]) -> None:
    frame = next(iter(paired(streams, PacketRing(60), has_preview=True)))
    assert frame is not None
    assert frame.image().shape == (48, 64, 3)


def test_both_are_repeated(streams: tuple[Path, Path]) -> None:
    ring = PacketRing(60)
    assert sum(frame is not None for frame in paired(streams, ring, loop=2)) == 60
    assert sum(packet.is_shown for packet in ring.select(-1, 60)) == 300


@pytest.mark.parametrize(
    ("detect", "words"),
    [("main", "is the --video itself"), ("live", "one is a file and the other is live")],
)
def test_what_is_no_pair_is_refused_with_the_cure(streams: tuple[Path, Path], detect: str, words: str) -> None:
    address = streams[0] if detect == "main" else CameraAddress("rtsp://cam/2")
    with pytest.raises(UsageError, match=words):
        open_source(streams[0], START, fps=FPS, loop=1, ring=PacketRing(60), clock=FakeClock(), detect_address=address)


@dataclass
class FakeDetection:
    """A live stream of frames of those times, None where it is silent; `before` is called before each."""

    times: list[float | None]
    before: Callable[[int], None] = lambda _: None
    wall_offset_s: float | None = None
    problem: str | None = None
    captured: int = 0
    processed: int = 0
    skipped: int = 0
    reconnects: int = 0
    is_live: bool = True
    warning: str | None = None
    complete_s: float = 0.0
    description: str = "rtsp://cam/2"
    error: Exception | None = None

    def check(self) -> None:
        if self.error is not None:
            raise self.error

    def __iter__(self) -> Generator[Frame | None, None, None]:
        for number, time_s in enumerate(self.times):
            self.before(number)
            self.complete_s = self.complete_s if time_s is None else time_s
            yield None if time_s is None else blank_frame(time_s)


@dataclass
class FakeRecording:
    wall_offset_s: float | None = None
    problem: str | None = None
    size: tuple[int, int] | None = None
    description: str = "rtsp://cam/1"
    fed_s: list[float] = field(default_factory=list)
    frames: list[Frame | None] = field(default_factory=list)
    before: Callable[[int], None] = lambda _: None
    captured: int = 0
    processed: int = 0

    def look(self) -> Frame | None:
        self.before(len(self.frames))
        self.captured += 6
        self.processed += 1
        return self.frames.pop(0)

    @contextmanager
    def opened(self) -> Iterator[Callable[[float], None]]:
        yield self.fed_s.append


def times_of(source: PairedSource) -> list[float | None]:
    return [None if frame is None else round(frame.time_s, 3) for frame in source]


def test_frames_are_moved_by_what_the_camera_s_wall_clock_says(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    detection, recording = FakeDetection([1.0, 2.0, None, 3.0], wall_offset_s=100.4), FakeRecording(100.0)
    source = PairedSource(detection, recording, PacketRing(60), FakeClock())
    assert times_of(source) == [0.6, 1.6, None, 2.6]
    assert source.complete_s == pytest.approx(2.6)
    assert recording.fed_s == pytest.approx([0.6, 1.6, 2.0, 2.6, float("inf")])
    assert caplog.text.count("is moved by that") == 1


@pytest.mark.parametrize("offset_s", [100.05, None, 200.0], ids=["near", "not told", "wrong"])
def test_what_is_little_or_not_told_or_not_to_be_believed_moves_nothing(offset_s: float | None) -> None:
    detection = FakeDetection([1.0, 2.0], wall_offset_s=offset_s)
    source = PairedSource(detection, FakeRecording(100.0), PacketRing(60), FakeClock())
    assert times_of(source) == [1.0, 2.0]
    assert (source.warning is not None) == (offset_s == 200.0)


def test_a_shift_that_changes_never_sets_time_back() -> None:
    recording = FakeRecording(100.0)
    detection = FakeDetection([1.0, 1.2, 1.4, 1.6, 1.8], wall_offset_s=100.0)

    def drift(number: int) -> None:
        detection.wall_offset_s = 100.0 if number < 2 else 100.5

    detection.before = drift
    times = times_of(PairedSource(detection, recording, PacketRing(60), FakeClock()))
    assert times == [1.0, 1.2, 1.3]
    assert times == sorted(times, key=float)  # type: ignore[arg-type]


def test_without_the_main_stream_events_go_on_and_it_is_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    recording = FakeRecording()
    detection = FakeDetection([1.0, 2.0, 3.0, 4.0])

    def away(number: int) -> None:
        recording.problem = "no answer within 10 s" if number in (1, 2) else None

    detection.before = away
    source = PairedSource(detection, recording, PacketRing(60), FakeClock())
    warnings, pictures = [], []
    for frame in source:
        assert frame is not None
        warnings.append(source.warning)
        pictures.append(frame.image().shape)
    assert warnings == [None, *["no clips at present: the main stream no answer within 10 s"] * 2, None]
    assert pictures == [(36, 64, 3)] * 4  # of detection's own stream
    assert source.problem is None
    assert caplog.text.count("events go on without clips") == 1
    assert caplog.text.count("there are clips again") == 1


def test_without_detection_s_stream_the_camera_has_a_problem() -> None:
    detection = FakeDetection([None, None], problem="cannot be reached")
    source = PairedSource(detection, FakeRecording(), PacketRing(60), FakeClock())
    assert times_of(source) == [None, None]
    assert source.problem == "the stream for detection cannot be reached"


def test_while_detection_s_stream_is_lost_for_long_the_main_one_is_looked_at(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    clock = FakeClock()
    recording = FakeRecording(frames=[blank_frame(time_s) for time_s in (13.0, 14.0, 14.2)] + [None])
    detection = FakeDetection([1.0, None, None, None, None, 14.1, 15.0])

    def lose(number: int) -> None:
        clock.advance(FALLBACK_S / 3)
        detection.problem = "no answer within 10 s" if 1 <= number < 5 else None

    def come_back(left: int) -> None:
        detection.problem = None if left == 1 else detection.problem

    detection.before, recording.before = lose, come_back
    source = PairedSource(detection, recording, PacketRing(60), clock)
    said = []
    for frame in source:
        said.append((frame and frame.time_s, frame and frame.stream, source.problem, source.warning))
    lost = "no answer within 10 s"
    away = (None, None, f"the stream for detection {lost}", None)
    main = f"the main stream is looked at, which costs more: the one for detection {lost}"
    assert said == [
        (1.0, None, None, None),
        *[away] * 4,
        *((time_s, "main", None, main) for time_s in (13.0, 14.0, 14.2)),
        (None, None, None, None),
        (15.0, None, None, None),  # what lies before the last frame of the main one is not looked at
    ]
    assert (source.captured, source.processed) == (24, 4)
    assert caplog.text.count("the main stream is looked at until that is over") == 1
    assert caplog.text.count("sends pictures again: it is looked at") == 1


def test_where_both_are_lost_the_camera_has_a_problem_and_nothing_is_tried() -> None:
    clock = FakeClock()
    recording = FakeRecording(frames=[blank_frame(20.0)], problem="cannot be reached")
    detection = FakeDetection([None] * 4, lambda _: clock.advance(FALLBACK_S), problem="cannot be reached")
    source = PairedSource(detection, recording, PacketRing(60), clock)
    assert times_of(source) == [None] * 4
    assert source.problem == "the stream for detection cannot be reached"
    assert source.warning == "no clips at present: the main stream cannot be reached"
    # The main one is lost, too, while it is looked at.
    detection.times, recording.problem = [None, None], None
    recording.before = lambda _: setattr(recording, "problem", "cannot be reached")
    assert times_of(source) == [None, 20.0, None]


def test_a_stream_for_detection_that_is_none_ends_the_run_while_the_main_one_is_looked_at() -> None:
    clock = FakeClock()
    recording = FakeRecording(frames=[blank_frame(20.0), blank_frame(21.0)])
    detection = FakeDetection([None] * 3, lambda _: clock.advance(FALLBACK_S), problem="cannot be reached")
    recording.before = lambda left: setattr(detection, "error", UsageError("is a recording") if left == 1 else None)
    with pytest.raises(UsageError, match="is a recording"):
        times_of(PairedSource(detection, recording, PacketRing(60), clock))


def test_a_live_main_stream_is_looked_at_from_a_key_picture_on_and_kept_all_the_time(tmp_path: Path) -> None:
    path = draw_video(tmp_path / "a.mp4", seconds=4, key_every=20, options={"bf": "0"})
    clock, ring, closed = FakeClock(), PacketRing(60), threading.Event()
    packets = raw_packets(path)

    def end() -> None:
        recording._reader.close()  # else it tries again and again, and its waits move the clock
        closed.set()

    camera = ScriptedCamera([Sends(format_of(path), evenly(packets))], clock, end)
    recording = LiveRecording(
        camera.connect, "rtsp://cam/1", fps=FPS, ring=ring, clock=clock, rng=Random(1), begin_s=clock.monotonic_s()
    )
    with recording.opened() as feed:
        assert closed.wait(30)
        waiting = recording._queue.take()
        for packet in waiting[:30]:
            recording._queue.put(packet)
        feed(0.0)
        assert (recording.captured, recording.processed) == (len(packets), 0)
        for packet in waiting[30:]:
            recording._queue.put(packet)
        frames = [frame for _ in range(14) if (frame := recording.look()) is not None]
        feed(0.0)
    times_s = [frame.time_s - waiting[0].time_s for frame in frames]
    key_s = 40 / 25
    assert times_s[0] == pytest.approx(key_s, abs=0.01)
    assert all(0.15 < after - before < 0.25 for before, after in pairwise(times_s))
    assert recording.size == (96, 64)
    assert recording.processed == len(frames) >= 10
    assert sum(packet.is_shown for packet in ring.select(-1, 600)) == len(packets)


def test_a_live_main_stream_is_kept_over_its_outages(tmp_path: Path) -> None:
    path = draw_video(tmp_path / "a.mp4", options={"bf": "0"})
    clock, ring, closed = FakeClock(), PacketRing(60), threading.Event()
    sends = Sends(format_of(path), evenly(raw_packets(path)), then="reset by peer")
    camera = ScriptedCamera([sends, "no answer", sends], clock, closed.set)
    recording = LiveRecording(
        camera.connect, "rtsp://cam/1", fps=FPS, ring=ring, clock=clock, rng=Random(1), begin_s=clock.monotonic_s()
    )
    assert recording.size is None
    with recording.opened() as feed:
        assert closed.wait(30)
        feed(0.0)
        assert recording.problem is not None
    assert recording.size == (96, 64)
    assert sum(packet.is_shown for packet in ring.select(-1, 600)) == 150
    assert ring.gaps(0, 600)


def test_a_main_stream_that_is_no_camera_ends_the_run_with_its_reason() -> None:
    def refuse() -> ScriptedCamera:
        raise UsageError("is a recording")

    clock = FakeClock()
    recording = LiveRecording(
        refuse,  # type: ignore[arg-type]
        "x",
        fps=FPS,
        ring=PacketRing(60),
        clock=clock,
        rng=Random(1),
        begin_s=clock.monotonic_s(),
    )
    source = PairedSource(FakeDetection([None] * 1000, lambda _: time_for_others()), recording, PacketRing(60), clock)
    with pytest.raises(UsageError, match="is a recording"):
        list(source)


def time_for_others() -> None:
    threading.Event().wait(0.01)
