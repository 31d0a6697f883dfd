"""The pictures that the model is shown: a few frames, spread evenly over a clip by its own time stamps."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.video.frame import VideoFrame

from backend_api.contract.events import ClipInfo
from mm_worker.frames.selective_decoder import decode_wanted

MAX_FRAMES = 8

Image = npt.NDArray[np.uint8]


class ClipUnreadable(Exception):
    """The clip is missing, is not the one that its event promises, or cannot be decoded; the text says which."""


@dataclass(frozen=True, slots=True, eq=False)
class ClipFrame:
    """One picture of a clip: `time_s` is seconds from the clip's start, `image` is height x width x 3, uint8, BGR."""

    time_s: float
    image: Image


def read_clip(path: Path, promised: ClipInfo) -> bytes:
    """The clip at `path`, whole. Raises ClipUnreadable unless it is the very file that its event promises.

    A decoder hides much damage by guessing, and a verdict on guessed pictures would be worse than none.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise ClipUnreadable(
            f"clip {path} is missing; --media-dir must be the folder that the backend and the edge use"
        ) from error
    except OSError as error:
        raise ClipUnreadable(f"clip {path} cannot be read: {error.strerror}") from error
    if not data:
        raise ClipUnreadable(f"clip {path} is empty")
    if len(data) != promised.bytes:
        raise ClipUnreadable(f"clip {path} has {len(data)} bytes, but its event promises {promised.bytes}")
    if hashlib.sha256(data).hexdigest() != promised.sha256:
        raise ClipUnreadable(f"clip {path} does not match the sha256 that its event promises")
    return data


def sample_frames(clip: bytes, count: int = MAX_FRAMES) -> tuple[ClipFrame, ...]:
    """At most `count` (>= 1) frames of an MP4, evenly spread, in the order of time; fewer where some are damaged.

    Raises ClipUnreadable when it is no video, or has no frames.
    """
    try:
        with av.open(io.BytesIO(clip), "r", metadata_errors="replace") as container:
            return _sample(container, count)
    except av.FFmpegError as error:
        raise ClipUnreadable(f"the clip cannot be decoded: {error.strerror}") from error


def pick_evenly(times_s: Sequence[float], count: int) -> list[int]:
    """Which of the ascending `times_s` to show: those nearest to the middles of `count` equal slices of their span.

    Returns growing indices, at most `count`; fewer where one time is the nearest to several slices.
    """
    if not times_s:
        return []
    slice_s = (times_s[-1] - times_s[0]) / count
    middles_s = [times_s[0] + (slice_number + 0.5) * slice_s for slice_number in range(count)]
    return sorted({min(range(len(times_s)), key=lambda at: abs(times_s[at] - middle_s)) for middle_s in middles_s})


def _sample(container: InputContainer, count: int) -> tuple[ClipFrame, ...]:
    if not container.streams.video:
        raise ClipUnreadable("the clip has no video stream")
    stream = container.streams.video[0]
    packets = [packet for packet in container.demux(stream) if packet.size]
    shown_pts = sorted({packet.pts for packet in packets if packet.pts is not None and not packet.is_discard})
    if not shown_pts or stream.time_base is None:
        raise ClipUnreadable("the clip has no frames")
    times_s = [float((pts - shown_pts[0]) * stream.time_base) for pts in shown_pts]
    picked = {shown_pts[at]: times_s[at] for at in pick_evenly(times_s, count)}
    return tuple(
        ClipFrame(picked[pts], _image(frame)) for pts, frame in decode_wanted(packets, stream.codec_context, picked)
    )


def _image(frame: VideoFrame) -> Image:
    # Threads take longer to begin than the conversion takes.
    return frame.to_ndarray(format="bgr24", threads=1).astype(np.uint8, copy=False)
