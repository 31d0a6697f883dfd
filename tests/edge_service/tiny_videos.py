"""Draws tiny videos of every kind that a user may bring; every frame is different from every other."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

Picture = npt.NDArray[np.uint8]

_SOUND_RATE = 16_000
# A second of 25 frames whose distances go from 20 to 80 milliseconds.
_UNEVEN_MS = (20, 20, 60, 40, 80, 20, 40, 40)


def draw_video(
    path: Path,
    *,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    size: tuple[int, int] = (96, 64),
    rate: Fraction = Fraction(25),
    seconds: float = 3.0,
    key_every: int = 25,
    options: dict[str, str] | None = None,
    times_ms: Sequence[int] | None = None,
    with_sound: bool = False,
    rotation_deg: int = 0,
    hflip: bool = False,
    vflip: bool = False,
    sample_aspect_ratio: Fraction = Fraction(1),
    container_options: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
) -> Path:
    """A video at `path`, whose suffix says which container; with `times_ms`, a frame at each of those milliseconds."""
    quick = {"libx264": {"preset": "ultrafast"}, "libx265": {"preset": "ultrafast", "x265-params": "log-level=none"}}
    with av.open(str(path), "w", container_options=container_options or {}) as container:
        container.metadata.update(metadata or {})
        stream = container.add_stream(codec, rate=rate, options=quick.get(codec, {}) | (options or {}))
        assert isinstance(stream, VideoStream)
        stream.codec_context.width, stream.codec_context.height = size
        stream.codec_context.pix_fmt = pixel_format
        stream.codec_context.gop_size = key_every
        stream.codec_context.sample_aspect_ratio = sample_aspect_ratio
        if times_ms is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        if rotation_deg or hflip or vflip:
            stream.set_display_rotation(rotation_deg, hflip=hflip, vflip=vflip)
        if with_sound:
            _add_silence(container, seconds)
        count = len(times_ms) if times_ms is not None else round(seconds * rate)
        for number in range(count):
            frame = VideoFrame.from_ndarray(paint(number, size), format="bgr24")
            frame.pts = times_ms[number] if times_ms is not None else number
            frame.time_base = stream.codec_context.time_base if times_ms is not None else 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def paint(number: int, size: tuple[int, int]) -> Picture:
    """Frame `number`: a slope of grey, red in the upper left corner, and a white bar that moves."""
    width, height = size
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    picture = np.repeat(((across + 2 * down) % 128).astype(np.uint8)[:, :, None], 3, axis=2)
    picture[: height // 4, : width // 4] = (0, 0, 255)
    left = number * 5 % width
    picture[height // 2 :, left : left + 8] = 250
    picture[height // 2 : height // 2 + 8, :] = number * 37 % 256
    return picture


def uneven_times_ms(seconds: float) -> list[int]:
    """When the frames of a camera that varies its rate come."""
    times = [0]
    while times[-1] < seconds * 1000 - 80:
        times.append(times[-1] + _UNEVEN_MS[len(times) % len(_UNEVEN_MS)])
    return times


def draw_sound_alone(path: Path) -> Path:
    """An MP4 without pictures."""
    with av.open(str(path), "w") as container:
        _add_silence(container, 1.0)
    return path


def damage(path: Path, begin: float, end: float) -> Path:
    """Overwrite the file from the fraction `begin` to the fraction `end` of its length."""
    data = bytearray(path.read_bytes())
    first, last = round(len(data) * begin), round(len(data) * end)
    data[first:last] = np.random.default_rng(1).integers(0, 256, last - first, np.uint8).tobytes()
    path.write_bytes(data)
    return path


def truncate(path: Path, length: float) -> Path:
    """Cut the file down to the fraction `length`."""
    data = path.read_bytes()
    path.write_bytes(data[: round(len(data) * length)])
    return path


_B_FRAMES = {"bf": "3", "b_strategy": "0", "refs": "3", "x264-params": "scenecut=0:b-pyramid=normal"}
_OPEN_GROUPS = {**_B_FRAMES, "x264-params": "scenecut=0:open-gop=1:b-pyramid=none"}

# By name, what draws it into a folder. These can be cut without encoding...
BROWSER_READY: dict[str, Callable[[Path], Path]] = {
    "b_frames": lambda folder: draw_video(folder / "b.mp4", options=_B_FRAMES),
    "no_b_frames": lambda folder: draw_video(folder / "p.mp4", options={"bf": "0"}),
    "open_groups": lambda folder: draw_video(folder / "open.ts", options=_OPEN_GROUPS),
    "variable_rate": lambda folder: draw_video(folder / "vfr.mp4", times_ms=uneven_times_ms(3), options=_B_FRAMES),
    "ntsc": lambda folder: draw_video(folder / "ntsc.mp4", rate=Fraction(30000, 1001), options=_B_FRAMES),
    "with_sound": lambda folder: draw_video(folder / "sound.mp4", with_sound=True, options=_B_FRAMES),
    "one_second": lambda folder: draw_video(folder / "1s.mp4", seconds=1),
    "transport_stream": lambda folder: draw_video(
        folder / "late.ts", options=_B_FRAMES, container_options={"output_ts_offset": "1.4"}
    ),
    "matroska": lambda folder: draw_video(folder / "b.mkv", options=_B_FRAMES),
    "one_group": lambda folder: draw_video(folder / "long.mp4", key_every=1000, options=_B_FRAMES),
}
# ... and these cannot.
OTHERS: dict[str, Callable[[Path], Path]] = {
    "hevc": lambda folder: draw_video(folder / "hevc.mp4", codec="libx265"),
    "hevc_variable_rate": lambda folder: draw_video(
        folder / "hevc_vfr.mkv", codec="libx265", times_ms=uneven_times_ms(3)
    ),
    "mpeg4": lambda folder: draw_video(folder / "mpeg4.mp4", codec="mpeg4", options={"bf": "2"}),
    "mpeg4_avi": lambda folder: draw_video(folder / "mpeg4.avi", codec="mpeg4", options={"bf": "2"}),
    "motion_jpeg": lambda folder: draw_video(folder / "mjpeg.avi", codec="mjpeg", pixel_format="yuvj420p"),
    "odd_width": lambda folder: draw_video(folder / "odd.mp4", codec="mpeg4", size=(97, 63)),
    "ten_bits": lambda folder: draw_video(folder / "10bit.mp4", pixel_format="yuv420p10le", options=_B_FRAMES),
    "yuv444": lambda folder: draw_video(folder / "444.mp4", pixel_format="yuv444p", size=(97, 63), options=_B_FRAMES),
    "turned": lambda folder: draw_video(folder / "turned.mp4", rotation_deg=-90),
    "wide_pixels": lambda folder: draw_video(folder / "wide.mp4", sample_aspect_ratio=Fraction(4, 3)),
}
ALL = BROWSER_READY | OTHERS


def _add_silence(container: OutputContainer, seconds: float) -> None:
    stream = container.add_stream("aac", rate=_SOUND_RATE)
    for number in range(round(seconds * _SOUND_RATE / 1024)):
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = _SOUND_RATE, number * 1024
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
