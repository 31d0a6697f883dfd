"""Which frames the model sees, and every way in which a clip may fail to give them."""

import io
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext
from hypothesis import given
from hypothesis import strategies as st

from backend_api.base.process import REPOSITORY
from backend_api.contract.events import ClipInfo
from mm_worker.frames import clip_frames
from mm_worker.frames.clip_frames import (
    AROUND_ATTEMPT,
    AROUND_END,
    MAX_FRAMES,
    Around,
    ClipFrame,
    ClipUnreadable,
    open_clip,
    pick_evenly,
    sample_frames,
)
from tests.backend_api.events import START
from tests.mm_worker.clips import HEIGHT, WIDTH, draw_clip, frame_number, promise_of

PROMISED = ClipInfo(start_ts=START, end_ts=START, codec="h264", width=WIDTH, height=HEIGHT, bytes=1, sha256="0" * 64)


def sampled(clip: bytes, count: int = MAX_FRAMES, promised: ClipInfo = PROMISED) -> list[ClipFrame]:
    """The frames of a clip whose event lies at its start."""
    return list(sample_frames(io.BytesIO(clip), promised, 0.0, count))


def read_whole(path: Path, promised: ClipInfo) -> bytes:
    with open_clip(path, promised) as file:
        return file.read()


@given(
    times_s=st.lists(st.floats(0, 100), min_size=1, max_size=60, unique=True).map(sorted),
    count=st.integers(1, 10),
)
def test_picks_are_growing_bounded_and_each_slice_has_its_nearest(times_s: list[float], count: int) -> None:
    picked = pick_evenly(times_s, count)
    assert 1 <= len(picked) <= count
    assert picked == sorted(set(picked))
    slice_s = (times_s[-1] - times_s[0]) / count
    for number in range(count):
        middle_s = times_s[0] + (number + 0.5) * slice_s
        nearest_s = min(abs(time_s - middle_s) for time_s in times_s)
        assert min(abs(times_s[at] - middle_s) for at in picked) == nearest_s


def test_no_times_give_no_picks() -> None:
    assert pick_evenly([], 8) == []


def test_a_steady_clip_is_sampled_at_the_middles_of_its_slices(tmp_path: Path) -> None:
    draw_clip(tmp_path / "clip.mp4", [number * 100 for number in range(25)])
    frames = sampled((tmp_path / "clip.mp4").read_bytes(), 4)
    assert [frame.time_s for frame in frames] == pytest.approx([0.3, 0.9, 1.5, 2.1])
    assert [frame_number(frame.image) for frame in frames] == [3, 9, 15, 21]
    assert all(frame.image.shape == (HEIGHT, WIDTH, 3) and frame.image.dtype == np.uint8 for frame in frames)


def test_a_clip_of_varying_rate_is_sampled_by_time_not_by_frame_count(tmp_path: Path) -> None:
    burst_then_slow_ms = [*range(0, 300, 15), *range(1000, 4001, 1000)]
    draw_clip(tmp_path / "clip.mp4", burst_then_slow_ms)
    frames = sampled((tmp_path / "clip.mp4").read_bytes(), 4)
    assert [frame.time_s for frame in frames] == pytest.approx([0.285, 1.0, 2.0, 3.0])


def test_times_count_from_the_first_frame(tmp_path: Path) -> None:
    draw_clip(tmp_path / "clip.mp4", [5000, 5100, 5200])
    frames = sampled((tmp_path / "clip.mp4").read_bytes())
    assert [frame.time_s for frame in frames] == pytest.approx([0.0, 0.1, 0.2])


def test_a_clip_of_one_frame_gives_that_frame(tmp_path: Path) -> None:
    draw_clip(tmp_path / "clip.mp4", [0])
    assert [frame.time_s for frame in sampled((tmp_path / "clip.mp4").read_bytes())] == [0.0]


def test_a_clip_as_promised_is_read(tmp_path: Path) -> None:
    promised = draw_clip(tmp_path / "clip.mp4", [0, 100])
    assert read_whole(tmp_path / "clip.mp4", promised) == (tmp_path / "clip.mp4").read_bytes()


def test_a_missing_clip_is_named_with_the_cure(tmp_path: Path) -> None:
    promised = draw_clip(tmp_path / "clip.mp4", [0])
    with pytest.raises(ClipUnreadable, match=r"gone\.mp4 is missing; --media-dir"):
        read_whole(tmp_path / "gone.mp4", promised)


def test_a_folder_in_place_of_a_clip_is_named(tmp_path: Path) -> None:
    promised = draw_clip(tmp_path / "clip.mp4", [0])
    with pytest.raises(ClipUnreadable, match="cannot be read: Is a directory"):
        read_whole(tmp_path, promised)


@pytest.mark.parametrize(
    ("kept_bytes", "reason"), [(0, "is empty"), (-1, r"bytes, but its event promises"), (None, "sha256")]
)
def test_a_clip_other_than_the_promised_one_is_refused(tmp_path: Path, kept_bytes: int | None, reason: str) -> None:
    path = tmp_path / "clip.mp4"
    promised = draw_clip(path, [0, 100])
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]) if kept_bytes is None else data[:kept_bytes])
    with pytest.raises(ClipUnreadable, match=reason):
        read_whole(path, promised)


def test_of_a_damaged_clip_the_whole_frames_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    draw_clip(path, [number * 100 for number in range(20)])
    data = path.read_bytes()
    frames = sampled(data[: int(len(data) * 0.8)])
    assert 0 < len(frames) < 8
    assert [frame_number(frame.image) for frame in frames] == [round(frame.time_s * 10) for frame in frames]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.4])
def test_a_file_that_was_cut_short_is_unreadable(tmp_path: Path, share: float) -> None:
    path = tmp_path / "clip.mp4"
    draw_clip(path, [number * 100 for number in range(20)])
    data = path.read_bytes()
    with pytest.raises(ClipUnreadable):
        sampled(data[: int(len(data) * share)])


def test_a_file_that_is_no_video_is_unreadable() -> None:
    with pytest.raises(ClipUnreadable, match="cannot be decoded"):
        sampled(b"This is a text and no video. " * 100)


def test_a_clip_whose_tags_are_no_text_is_sampled_all_the_same(tmp_path: Path) -> None:
    draw_clip(tmp_path / "clip.mp4", [0, 100])
    data = (tmp_path / "clip.mp4").read_bytes()
    assert b"Lavf" in data
    assert len(sampled(data.replace(b"Lavf", b"\xff\xfe\x9ef"))) == 2


def test_the_promise_of_a_clip_holds_for_its_file_alone(tmp_path: Path) -> None:
    draw_clip(tmp_path / "one.mp4", [0, 100])
    draw_clip(tmp_path / "other.mp4", [0, 100, 200])
    with pytest.raises(ClipUnreadable):
        read_whole(tmp_path / "one.mp4", promise_of(tmp_path / "other.mp4"))


@pytest.mark.parametrize(
    ("size", "promised", "reason"),
    [
        ((4112, 16), (4112, 16), "at most 4096x2304 are decoded"),
        ((4096, 2320), (4096, 2320), "at most 4096x2304 are decoded"),
        ((2320, 4096), (2320, 4096), "at most 4096x2304 are decoded"),
        ((640, 480), (64, 48), "its event promises 64x48"),
        ((64, 96), (64, 48), "its event promises 64x48"),
    ],
)
def test_a_picture_larger_than_promised_or_than_any_camera_gives_is_refused_before_it_is_decoded(
    size: tuple[int, int], promised: tuple[int, int], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_frames, "decode_wanted", lambda *_: pytest.fail("a frame was decoded"))
    with pytest.raises(ClipUnreadable, match=reason):
        sampled(flat_clip(size), promised=promise(promised))


def test_the_largest_picture_is_shown_upright_and_lying(tmp_path: Path) -> None:
    for size in ((4096, 2304), (2304, 4096)):
        assert sampled(flat_clip(size), 1, promise(size))[0].image.shape == (size[1], size[0], 3)


def test_a_picture_that_grows_in_the_middle_of_a_clip_is_refused() -> None:
    grown = joined(flat_clip((64, 48)), flat_clip((128, 96)))
    assert len(sampled(grown, 8, promise((128, 96)))) == 8
    with pytest.raises(ClipUnreadable, match="128x96 pixels, but its event promises 64x48"):
        sampled(grown, 8, promise((64, 48)))


def test_a_bomb_that_goes_off_in_the_middle_is_held_by_the_decoder(tmp_path: Path) -> None:
    """What a header does not tell is bounded by the decoder, in a process of its own, whose peak is measured."""
    (tmp_path / "bomb.mp4").write_bytes(joined(flat_clip((64, 48)), flat_clip((8192, 8192), frames=2)))
    shown, peak_mib = run_python(_DECODE, str(tmp_path / "bomb.mp4")).split()
    assert shown == "7"  # the small ones that were picked; a picture of 8192 x 8192 alone takes 96 MiB, twice
    assert float(peak_mib) < 150


_DECODE = """
import re, sys
from pathlib import Path
from tests.mm_worker.frames.test_clip_frames import promise
from mm_worker.frames.clip_frames import sample_frames
with open(sys.argv[1], "rb") as clip:
    frames = list(sample_frames(clip, promise((8192, 8192)), 0.0))
assert {frame.image.shape for frame in frames} == {(48, 64, 3)}
# The peak of this program alone: that of getrusage is inherited.
[peak_kib] = re.findall(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(len(frames), int(peak_kib) / 1024)
"""


def run_python(source: str, *argv: str) -> str:
    command = [sys.executable, "-c", source, *argv]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=60).stdout


def test_frames_are_decoded_one_at_a_time() -> None:
    frames = sample_frames(io.BytesIO(flat_clip((64, 48))), PROMISED, 0.0)
    assert next(frames).time_s < next(frames).time_s


def test_a_clip_with_too_many_frames_or_bytes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    promised = draw_clip(tmp_path / "clip.mp4", range(0, 2000, 100))
    monkeypatch.setattr(clip_frames, "MAX_CLIP_PACKETS", 19)
    with pytest.raises(ClipUnreadable, match="more than 19 frames"):
        sampled((tmp_path / "clip.mp4").read_bytes())
    monkeypatch.setattr(clip_frames, "MAX_CLIP_BYTES", promised.bytes - 1)
    with pytest.raises(ClipUnreadable, match=r"clip\.pre_s"):
        read_whole(tmp_path / "clip.mp4", promised)


@pytest.mark.parametrize(
    ("event_s", "end_s", "begin_s"),
    [
        (3.0, 8.0, 0.0),  # cut as the edge is configured
        (55.0, 60.0, 50.0),  # the key frame lies far before the event
        (59.5, 60.0, 56.5),  # and the stream ends right after it
        (10.0, 40.0, 0.0),
        (0.0, 0.0, 0.0),
    ],
)
def test_frames_are_taken_around_the_event(event_s: float, end_s: float, begin_s: float) -> None:
    assert AROUND_ATTEMPT.interval_s(event_s, end_s) == (begin_s, end_s)


@pytest.mark.parametrize(
    ("event_s", "end_s", "shown_s"),
    [
        (15.0, 20.0, (0.0, 16.0)),  # cut as the edge is configured
        (19.0, 24.0, (4.0, 20.0)),  # a key frame lies four seconds before
        (3.0, 8.0, (0.0, 4.0)),  # by an edge that does not reach back further
        (60.0, 60.5, (45.0, 60.5)),
        (0.0, 0.0, (0.0, 0.0)),
    ],
)
def test_of_the_end_of_a_use_what_came_before_is_shown(
    event_s: float, end_s: float, shown_s: tuple[float, float]
) -> None:
    assert AROUND_END.interval_s(event_s, end_s) == shown_s


@given(event_s=st.floats(0, 600), after_s=st.floats(0, 600), around=st.sampled_from([AROUND_ATTEMPT, AROUND_END]))
def test_the_event_is_always_among_what_is_shown(event_s: float, after_s: float, around: Around) -> None:
    begin_s, last_s = around.interval_s(event_s, event_s + after_s)
    assert 0 <= begin_s <= event_s <= last_s <= event_s + after_s
    assert begin_s == 0 or event_s - begin_s >= 3.0 - 1e-9


def test_of_a_long_clip_the_frames_near_the_event_are_shown(tmp_path: Path) -> None:
    draw_clip(tmp_path / "clip.mp4", range(0, 25_000, 1000))
    clip = io.BytesIO((tmp_path / "clip.mp4").read_bytes())
    times_s = [frame.time_s for frame in sample_frames(clip, PROMISED, 20.0, 4)]
    assert times_s == [16.0, 18.0, 20.0, 22.0] or times_s == [17.0, 19.0, 21.0, 23.0]


def test_of_a_long_clip_the_seconds_before_the_end_of_a_use_are_shown(tmp_path: Path) -> None:
    draw_clip(tmp_path / "clip.mp4", range(0, 36_000, 1500))
    clip = io.BytesIO((tmp_path / "clip.mp4").read_bytes())
    times_s = [frame.time_s for frame in sample_frames(clip, PROMISED, 30.0, around=AROUND_END)]
    assert len(times_s) >= 7
    assert 15.0 <= times_s[0] <= 16.5
    assert 28.5 <= times_s[-1] <= 31.0
    assert all(1.5 <= later - earlier <= 3.0 for earlier, later in pairwise(times_s))


def test_an_event_beyond_its_clip_counts_as_its_end(tmp_path: Path) -> None:
    draw_clip(tmp_path / "clip.mp4", range(0, 10_000, 500))
    clip = io.BytesIO((tmp_path / "clip.mp4").read_bytes())
    assert all(6.5 <= frame.time_s <= 9.5 for frame in sample_frames(clip, PROMISED, 1e12, 4))


def promise(size: tuple[int, int]) -> ClipInfo:
    return PROMISED.model_copy(update={"width": size[0], "height": size[1]})


def flat_clip(size: tuple[int, int], frames: int = 8) -> bytes:
    """A grey H.264 file, a picture each 100 ms."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=10, options={"preset": "ultrafast", "g": "1"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        picture = av.VideoFrame(*size, "yuv420p")
        for plane in picture.planes:
            plane.update(bytes([128]) * plane.buffer_size)
        for number in range(frames):
            picture.pts = number
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return file.getvalue()


def joined(*clips: bytes) -> bytes:
    """One stream of several, each with its own parameter sets among its pictures, as a camera joins them."""
    raw = b"".join(annex_b(clip) for clip in clips)
    file = io.BytesIO()
    with av.open(io.BytesIO(raw), "r", format="h264") as source, av.open(file, "w", format="mp4") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(packet for packet in source.demux() if packet.size):
            packet.stream, packet.time_base = stream, Fraction(1, 10)
            packet.pts = packet.dts = number
            packet.duration = 1
            target.mux(packet)
    return file.getvalue()


def annex_b(clip: bytes) -> bytes:
    with av.open(io.BytesIO(clip), "r") as container:
        to_annex_b = BitStreamFilterContext("h264_mp4toannexb", container.streams.video[0])
        return b"".join(
            bytes(filtered) for packet in container.demux(video=0) for filtered in to_annex_b.filter(packet)
        )
