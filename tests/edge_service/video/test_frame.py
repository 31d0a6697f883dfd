"""What every source of frames keeps to: a file that is played and a camera that is live."""

import threading
from collections.abc import Callable
from contextlib import closing
from itertools import islice, pairwise, takewhile
from pathlib import Path
from random import Random

import pytest

from backend_api.base.process import UsageError
from edge_service.video.file_source import FileSource
from edge_service.video.frame import Frame, FrameSource
from edge_service.video.group_decoder import WHOLE, Decoding, KeyPicture
from edge_service.video.live import source as live_source
from edge_service.video.live.connection import Connect
from edge_service.video.live.source import LiveSource
from edge_service.video.packet_ring import PacketRing
from tests.edge_service.scripted_camera import ScriptedCamera, Sends, evenly, format_of, raw_packets
from tests.edge_service.tiny_videos import draw_video
from tests.fake_clock import FakeClock

FPS = 5.0
# How long ago the run began; longer than what is sent at once.
BEGAN_S = 10.0
GUARD_S = 60.0
Drawn = Callable[[str], Path]
Open = Callable[[Path, PacketRing], FrameSource]


class SentClock(FakeClock):
    """Time stands still until the camera has sent everything, and moves only for who waits for more after that."""

    source: LiveSource

    def __init__(self) -> None:
        super().__init__()
        self._has_sent = threading.Event()

    def wait(self, signal: threading.Event, timeout_s: float) -> bool:
        if threading.current_thread().name.startswith("camera"):
            # The reader has nothing left to read: what it has read lies in the queue.
            self._has_sent.set()
            self.source._queue.arrived.set()
            return signal.wait(GUARD_S)
        return super().wait(signal, timeout_s) if self._has_sent.is_set() else signal.wait(GUARD_S)


class Clear:
    """A lookout for which every key picture is clear."""

    def judge(self, decode_key: Callable[[], Frame | None], _since_s: float) -> KeyPicture:
        return KeyPicture.UNSETTLED if decode_key() is None else KeyPicture.SETTLED


def live(connect: Connect, ring: PacketRing, decoding: Decoding = WHOLE) -> LiveSource:
    clock = SentClock()
    begin_s = clock.monotonic_s() - BEGAN_S
    clock.source = LiveSource(
        connect, "rtsp://cam/1", fps=FPS, ring=ring, clock=clock, rng=Random(1), begin_s=begin_s, decoding=decoding
    )
    return clock.source


def open_live(path: Path, ring: PacketRing, decoding: Decoding = WHOLE) -> LiveSource:
    """A camera that sends what is in the file at once, as one does after it was held up, and then no more."""
    packets = evenly(raw_packets(path))
    return live(ScriptedCamera([Sends(format_of(path), packets)], FakeClock()).connect, ring, decoding)


def open_file(path: Path, ring: PacketRing) -> FrameSource:
    return FileSource(path, fps=FPS, ring=ring)


SOURCES: dict[str, Open] = {"file": open_file, "camera": open_live}


@pytest.mark.parametrize("kind", ["b_frames", "no_b_frames", "hevc", "motion_jpeg"])
@pytest.mark.parametrize("open_source", SOURCES.values(), ids=SOURCES)
def test_the_contract(open_source: Open, kind: str, drawn: Drawn) -> None:
    ring = PacketRing(reach_s=60)
    source = open_source(drawn(kind), ring)
    assert (source.captured, source.processed, source.skipped, source.reconnects) == (0, 0, 0, 0)
    assert source.description
    times: list[float] = []
    with closing(iter(source)) as frames:
        for frame in frames:
            if frame is None:  # a camera has no end
                break
            assert source.processed == len(times) + 1
            assert source.captured == source.processed + source.skipped
            assert frame.image().shape == (frame.height, frame.width, 3)
            times.append(frame.time_s)
    assert times
    assert times == sorted(set(times))
    assert source.captured == source.processed + source.skipped == 75
    assert sum(packet.is_shown for packet in ring.select(-1, 60)) == 75


def test_what_was_held_up_is_looked_at_in_its_order(drawn: Drawn) -> None:
    source = open_live(drawn("no_b_frames"), PacketRing(reach_s=60))
    with closing(iter(source)) as frames:
        times = [frame.time_s for frame in takewhile(lambda frame: frame is not None, frames) if frame]
    assert len(times) >= 14
    assert all(after - before == pytest.approx(1 / FPS, abs=0.05) for before, after in pairwise(times))
    assert source.captured == 75


def test_when_it_is_too_late_the_newest_frame_comes_and_the_others_are_counted(
    drawn: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_source, "PATIENCE_S", -1.0)
    source = open_live(drawn("no_b_frames"), PacketRing(reach_s=60))
    with closing(iter(source)) as frames:
        seen = list(takewhile(lambda frame: frame is not None, frames))
    assert seen[-1] is not None
    assert seen[-1].time_s > BEGAN_S - 0.3
    assert (source.captured, source.processed) == (75, len(seen))
    assert len(seen) < 15  # there are fifteen instants


def seen_until_silence(source: LiveSource) -> list[Frame]:
    with closing(iter(source)) as frames:
        return [frame for frame in takewhile(lambda frame: frame is not None, frames) if frame]


def test_groups_that_were_kept_are_looked_at_when_the_camera_falls_silent(tmp_path: Path) -> None:
    path = draw_video(tmp_path / "a.mp4", seconds=8, options={"bf": "0"})
    whole = seen_until_silence(open_live(path, PacketRing(reach_s=60)))
    economic = Decoding(skips_deblocking=True, lookout=Clear(), longest_s=3.0)
    thrifty = seen_until_silence(open_live(path, PacketRing(reach_s=60), economic))
    assert [frame.time_s for frame in thrifty] == pytest.approx([frame.time_s for frame in whole])
    assert any(frame.looked_at for frame in thrifty)
    assert thrifty[-1].looked_at is None


def test_while_kept_groups_are_caught_up_with_no_later_frame_is_too_late(tmp_path: Path) -> None:
    """Looking at the groups takes longer than frames may wait, since they came all at once."""
    path = draw_video(tmp_path / "a.mp4", seconds=8, options={"bf": "0"})

    class UntilFive:
        def judge(self, decode_key: Callable[[], Frame | None], _since_s: float) -> KeyPicture:
            key = decode_key()
            is_clear = key is not None and key.time_s < BEGAN_S - 3.5
            return KeyPicture.SETTLED if is_clear else KeyPicture.UNSETTLED

    source = open_live(path, PacketRing(reach_s=60), Decoding(lookout=UntilFive(), longest_s=3.0))
    clock, times = source._clock, list[float]()
    assert isinstance(clock, SentClock)
    with closing(iter(source)) as frames:
        for frame in takewhile(lambda frame: frame is not None, frames):
            assert frame is not None
            times.append(frame.time_s)
            if len(times) > 15:
                clock.advance(0.08)
    assert all(after - before == pytest.approx(1 / FPS, abs=0.05) for before, after in pairwise(times))
    assert len(times) >= 39


def test_a_camera_that_is_away_gives_none_and_lets_time_pass() -> None:
    ring = PacketRing(reach_s=60)
    source = live(ScriptedCamera(["no answer"] * 100, FakeClock()).connect, ring)
    with closing(iter(source)) as frames:
        assert list(islice(frames, 2)) == [None, None]
    assert BEGAN_S < ring.complete_s < BEGAN_S + 30
    assert source.captured == 0


def test_closing_a_camera_ends_its_thread(drawn: Drawn) -> None:
    source = open_live(drawn("no_b_frames"), PacketRing(reach_s=60))
    with closing(iter(source)) as frames:
        next(frames)
        assert any(thread.name.startswith("camera") for thread in threading.enumerate())
    assert not any(thread.name.startswith("camera") for thread in threading.enumerate())


def test_what_is_no_camera_ends_with_its_reason() -> None:
    def refuse() -> ScriptedCamera:
        raise UsageError("is a recording")

    source = live(refuse, PacketRing(reach_s=60))  # type: ignore[arg-type]
    with closing(iter(source)) as frames, pytest.raises(UsageError, match="is a recording"):
        next(frames)
