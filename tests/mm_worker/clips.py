"""Tiny clips that tests draw: every frame is one grey, which says which frame it is."""

import hashlib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from backend_api.contract.events import ClipInfo
from tests.backend_api.events import START

WIDTH, HEIGHT = 64, 48
_GREY_STEP = 10


def draw_clip(path: Path, times_ms: Sequence[int]) -> ClipInfo:
    """An H.264 file with B frames and frame n at `times_ms[n]`, at most 25 of them; what its event promises of it."""
    with av.open(path, "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=30, options={"bf": "2", "g": "10", "crf": "5"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, time_ms in enumerate(times_ms):
            picture = np.full((HEIGHT, WIDTH, 3), number * _GREY_STEP, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = time_ms, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return promise_of(path)


def promise_of(path: Path) -> ClipInfo:
    """What an event would promise of the file at `path`."""
    data = path.read_bytes()
    return ClipInfo(
        start_ts=START,
        end_ts=START,
        codec="h264",
        width=WIDTH,
        height=HEIGHT,
        bytes=max(1, len(data)),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def frame_number(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> int:
    """Which frame of the clip a picture is."""
    return round(float(image.mean()) / _GREY_STEP)
