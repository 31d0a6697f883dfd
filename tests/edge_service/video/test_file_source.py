"""The source of frames, on every kind of file."""

import json
import logging
import math
import shutil
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from backend_api.base.process import UsageError
from edge_service.video.file_recording import FileRecording
from edge_service.video.file_source import FileSource
from edge_service.video.packet_ring import PacketRing
from tests.edge_service import tiny_videos
from tests.edge_service.tiny_videos import damage, draw_sound_alone, draw_video, truncate
from tests.requirements import need_program

FPS = 5.0

every_kind = pytest.mark.parametrize("kind", tiny_videos.ALL)
Drawn = Callable[[str], Path]
Make = Callable[[Path], Path]


def open_source(path: Path, *, fps: float = FPS, loop: int = 1) -> FileSource:
    return FileSource(path, fps=fps, loop=loop, ring=PacketRing(reach_s=60))


def decode_everything(path: Path) -> list[tuple[float, bytes]]:
    """Time and pixels of every frame, seconds from the first one's, turned and stretched by nobody."""
    with av.open(str(path), container_options={"fflags": "+genpts"}) as container:
        stream = container.streams.video[0]
        frames = [(frame.time or 0.0, frame.to_ndarray(format="bgr24").tobytes()) for frame in container.decode(stream)]
    return [(time_s - frames[0][0], pixels) for time_s, pixels in frames]


def count_frames(path: Path) -> int:
    command = [need_program("ffprobe"), "-v", "error", "-select_streams", "v:0", "-count_frames", "-of", "json"]
    reply = subprocess.run(
        [*command, "-show_entries", "stream=nb_read_frames", path], check=True, capture_output=True, text=True
    )
    return int(json.loads(reply.stdout)["streams"][0]["nb_read_frames"])


@every_kind
def test_hands_on_the_frames_that_full_decoding_gives(kind: str, drawn: Drawn) -> None:
    path = drawn(kind)
    wanted: dict[int, tuple[float, bytes]] = {}
    for time_s, pixels in decode_everything(path):
        wanted.setdefault(math.floor((time_s + 0.001) * FPS), (time_s, pixels))
    source = open_source(path)
    frames = list(source)
    assert [frame.time_s for frame in frames] == pytest.approx([time_s for time_s, _ in wanted.values()])
    assert frames[0].time_s == pytest.approx(0, abs=0.001)
    assert all(frame.image().shape == (frame.height, frame.width, 3) for frame in frames)
    if source.format.display_size == (source.format.width, source.format.height):
        assert [frame.image().tobytes() for frame in frames] == [pixels for _, pixels in wanted.values()]


@every_kind
def test_every_frame_of_the_file_is_counted_once(kind: str, drawn: Drawn) -> None:
    path = drawn(kind)
    source = open_source(path)
    assert (source.captured, source.processed, source.skipped) == (0, 0, 0)
    for number, _ in enumerate(source, start=1):
        assert source.processed == number
        assert source.captured == source.processed + source.skipped
    assert source.captured == source.processed + source.skipped == count_frames(path)


def test_at_a_rate_above_its_own_every_frame_is_handed_on(drawn: Drawn) -> None:
    source = open_source(drawn("b_frames"), fps=60)
    assert len(list(source)) == source.captured == 75


def test_a_picture_is_converted_once(tmp_path: Path) -> None:
    frame = next(iter(open_source(draw_video(tmp_path / "a.mp4"))))
    assert frame.image() is frame.image()


def test_time_goes_on_over_the_repeats(tmp_path: Path) -> None:
    source = open_source(draw_video(tmp_path / "a.mp4", seconds=1), loop=3)
    frames = list(source)
    assert [frame.time_s for frame in frames] == pytest.approx([n / FPS for n in range(15)])
    assert [frame.source_time_s for frame in frames] == pytest.approx([n / FPS for n in range(5)] * 3)
    assert source.captured == 75


def test_0_repeats_until_it_is_closed(tmp_path: Path) -> None:
    path = draw_video(tmp_path / "a.mp4", seconds=1)
    frames = iter(open_source(path, loop=0))
    assert [next(frames).time_s for _ in range(40)][-1] == pytest.approx(39 / FPS)


def emptied(path: Path) -> None:
    """Put a file in its place that has its index, and none of its pictures."""
    data = path.read_bytes()
    (path.parent / "empty.mp4").write_bytes(data[: data.index(b"mdat") + 4])
    (path.parent / "empty.mp4").replace(path)


def test_a_file_that_holds_no_pictures_any_more_is_not_played_for_ever(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = draw_video(tmp_path / "a.mp4", seconds=1, container_options={"movflags": "+faststart"})
    frames = iter(open_source(path, loop=0))
    next(frames)
    emptied(path)
    assert len(list(frames)) == 4
    assert "holds no pictures any more, and is not played again" in caplog.text


def test_a_file_that_is_kept_alone_is_not_read_for_ever_either(tmp_path: Path) -> None:
    path = draw_video(tmp_path / "a.mp4", seconds=1, container_options={"movflags": "+faststart"})
    recording = FileRecording(path, loop=0, ring=PacketRing(60))
    with recording.opened() as feed:
        feed(0.5)
        emptied(path)
        feed(100)
    assert recording.problem == "holds no pictures any more"


def test_closing_the_iterator_closes_the_file(tmp_path: Path) -> None:
    path = draw_video(tmp_path / "a.mp4")
    frames = iter(open_source(path))
    next(frames)
    assert is_open(path)
    frames.close()
    assert not is_open(path)


def is_open(path: Path) -> bool:
    return any(link.exists() and link.resolve() == path for link in Path("/proc/self/fd").iterdir())


def test_two_recordings_in_one_file_follow_each_other(drawn: Drawn, tmp_path: Path) -> None:
    path = drawn("transport_stream")
    spliced = tmp_path / "spliced.ts"
    spliced.write_bytes(path.read_bytes() * 2)
    times = [frame.time_s for frame in open_source(spliced)]
    assert times[-1] > 5.5
    assert times == sorted(times)


def test_a_turned_video_stands_upright(tmp_path: Path) -> None:
    frame = next(iter(open_source(draw_video(tmp_path / "a.mp4", rotation_deg=-90))))
    assert (frame.width, frame.height) == (64, 96)
    # The red corner was painted at the upper left; a quarter to the right brings it to the upper right.
    blue, _, red = np.mean(frame.image()[:20, -12:], axis=(0, 1))
    assert red > 200 > 60 > blue


def test_wide_pixels_are_made_square(drawn: Drawn) -> None:
    frame = next(iter(open_source(drawn("wide_pixels"))))
    assert (frame.width, frame.height) == (128, 64)


@pytest.mark.parametrize("aspect", [Fraction(16), Fraction(1, 16)])
def test_pixels_of_a_shape_that_no_camera_has_are_taken_for_square(tmp_path: Path, aspect: Fraction) -> None:
    frame = next(iter(open_source(draw_video(tmp_path / "a.mp4", seconds=0.2, sample_aspect_ratio=aspect))))
    assert (frame.width, frame.height) == (96, 64)


def test_says_what_it_watches(drawn: Drawn) -> None:
    source = open_source(drawn("ntsc"))
    assert source.format.describe() == "h264 96x64 yuv420p, 29.97 frames a second"


def no_frame(folder: Path) -> Path:
    path = draw_video(folder / "noise.mp4", container_options={"movflags": "+faststart"})
    return damage(path, path.read_bytes().index(b"mdat") / path.stat().st_size + 0.01, 1)


def draw_wide(path: Path) -> Path:
    return draw_video(path, codec="mjpeg", pixel_format="yuvj420p", size=(8208, 16), seconds=0.2, key_every=1)


BAD_FILES: dict[str, tuple[Make, str]] = {
    "missing": (lambda folder: folder / "none.mp4", "does not exist"),
    "folder": (lambda folder: folder, "is a folder"),
    "text": (lambda folder: Path(shutil.copy(__file__, folder / "text.mp4")), "is no video"),
    "empty": (lambda folder: Path(shutil.copy("/dev/null", folder / "empty.mp4")), "is no video"),
    "without its index": (lambda folder: truncate(draw_video(folder / "cut.mp4"), 0.6), "is damaged"),
    "sound alone": (lambda folder: draw_sound_alone(folder / "sound.mp4"), "has no video stream"),
    "nothing to decode": (no_frame, "no frame could be decoded"),
    "too large": (lambda folder: draw_wide(folder / "wide.mkv"), "8208x16 pixels, more than 8192 a side; scale it"),
    "without time stamps": (lambda folder: draw_video(folder / "bare.h264"), "has no time stamps"),
}


@pytest.mark.parametrize(("make", "problem"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_file_that_cannot_be_watched_is_one_line_with_its_name(make: Make, problem: str, tmp_path: Path) -> None:
    path = make(tmp_path)
    with pytest.raises(UsageError) as refused:
        open_source(path)
    text = str(refused.value)
    assert problem in text
    assert str(path) in text
    assert "\n" not in text


def test_damage_in_the_middle_is_skipped_and_told_once(
    drawn: Drawn, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = damage(Path(shutil.copy(drawn("b_frames"), tmp_path / "b.mp4")), 0.4, 0.6)
    source = open_source(path, loop=2)
    with caplog.at_level(logging.WARNING):
        times = [frame.time_s for frame in source]
    assert source.captured == 150
    assert times[0] == 0
    assert times[-1] > 5.5
    assert len(caplog.records) == 1
    assert str(path) in caplog.text
    assert "damaged" in caplog.text


def test_a_file_that_breaks_off_is_watched_up_to_there(tmp_path: Path) -> None:
    path = draw_video(tmp_path / "a.mp4", container_options={"movflags": "+faststart"})
    source = open_source(truncate(path, 0.6))
    times = [frame.time_s for frame in source]
    assert 0.5 < times[-1] < 2.5
    assert source.captured < 75


def draw_streams(path: Path, streams: list[tuple[tuple[int, int], bool]]) -> Path:
    """Several video streams in one file, of these sizes, and whether each is the default one."""
    with av.open(str(path), "w") as container:
        drawn = []
        for size, is_default in streams:
            stream = container.add_stream("libx264", rate=10)
            stream.codec_context.width, stream.codec_context.height, stream.codec_context.pix_fmt = *size, "yuv420p"
            stream.disposition = Disposition.default if is_default else Disposition(0)
            drawn.append((stream, size))
        for number in range(10):
            for stream, size in drawn:
                frame = av.VideoFrame.from_ndarray(tiny_videos.paint(number, size), format="bgr24")
                container.mux(stream.encode(frame))
        for stream, _ in drawn:
            container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("streams", "size"),
    [
        ([((64, 48), False), ((96, 64), True)], (96, 64)),
        ([((96, 64), True), ((160, 96), False)], (96, 64)),
        ([((64, 48), False), ((160, 96), False), ((96, 64), False)], (160, 96)),
        ([((64, 48), True), ((96, 64), True)], (96, 64)),
    ],
)
def test_of_several_streams_it_is_the_default_or_the_largest(
    streams: list[tuple[tuple[int, int], bool]], size: tuple[int, int], tmp_path: Path
) -> None:
    source = open_source(draw_streams(tmp_path / "a.mkv", streams))
    assert (source.format.width, source.format.height) == size
    assert len(list(source)) == 5


def test_a_pause_is_a_gap(tmp_path: Path) -> None:
    times_ms = [*range(0, 2000, 40), *range(17_000, 19_000, 40)]
    ring = PacketRing(60)
    source = FileSource(draw_video(tmp_path / "pause.mp4", times_ms=times_ms), fps=FPS, ring=ring)
    times = [frame.time_s for frame in source]
    assert times[-1] == pytest.approx(18.8, abs=0.1)
    (gap,) = ring.gaps(0, 60)
    assert gap.start_s == pytest.approx(2.0, abs=0.05)
    assert gap.end_s == pytest.approx(17.0, abs=0.01)


def test_the_hidden_pictures_of_an_edit_list_are_neither_shown_nor_timed(tmp_path: Path) -> None:
    whole, cut = draw_video(tmp_path / "whole.mp4", options={"bf": "0"}), tmp_path / "cut.mp4"
    # Copied from the middle of a group on: the pictures before it are there, and hidden.
    command = [
        need_program("ffmpeg"),
        "-v",
        "error",
        "-ss",
        "1.4",
        "-i",
        str(whole),
        "-t",
        "1.2",
        "-c",
        "copy",
        str(cut),
    ]
    subprocess.run(command, check=True, capture_output=True)
    ring = PacketRing(60)
    source = FileSource(cut, fps=25, ring=ring)
    times = [frame.time_s for frame in source]
    hidden = [packet for packet in ring.select(-5, 60) if not packet.is_shown]
    assert hidden
    assert times[0] == pytest.approx(0, abs=0.001)
    assert times[-1] - times[0] == pytest.approx((len(times) - 1) / 25)
    assert source.captured == len(times)
    repeated = [frame.time_s for frame in FileSource(cut, fps=25, loop=2, ring=PacketRing(60))]
    assert repeated == pytest.approx([number / 25 for number in range(2 * len(times))])
