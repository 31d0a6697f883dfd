"""The frames that the model is shown: a few of a clip, spread evenly around its event by the clip's own time stamps.

A clip comes from outside, so everything in it has a bound before it costs memory: the file's size is compared with its
event before a byte is read, the picture's size before a frame is decoded (and by the decoder itself at every frame, as
a stream may change its size), and frames are handed on one at a time.
"""

import hashlib
import math
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from backend_api.contract.events import ClipInfo
from mm_worker.frames.selective_decoder import decode_wanted

MAX_FRAMES = 8
# The largest picture of level 5.1, which 4K cameras and hardware encoders keep to; upright as well as lying.
MAX_SIDE_PX = 4096
MAX_PIXELS = 4096 * 2304
# As much as the backend takes as an upload.
MAX_CLIP_BYTES = 1024**3
# Ten minutes, the longest clip that an edge can be told to cut, at 120 frames a second.
MAX_CLIP_PACKETS = 72_000
_CHUNK_BYTES = 1024 * 1024

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Around:
    """Which seconds around its event a clip is shown of: at most `lead_s` before it and `tail_s` after it.

    Where `lead_s` is None it is as long before its event as the clip lasts after it, at least MIN_LEAD_S: a clip that
    begins with a key frame may begin long before its event, but ends when the edge was told to end it.
    """

    lead_s: float | None = None
    tail_s: float = math.inf

    def interval_s(self, event_s: float, end_s: float) -> tuple[float, float]:
        """From which second of a clip to which frames are taken; `event_s` and `end_s` are seconds from its start."""
        lead_s = max(MIN_LEAD_S, end_s - event_s) if self.lead_s is None else self.lead_s
        return max(0.0, event_s - lead_s), min(end_s, event_s + self.tail_s)


# The edge's default of clip.pre_s.
MIN_LEAD_S = 3.0
AROUND_ATTEMPT = Around()
# The END is the last sighting: what matters lies before it, as far back as the edge's default of clip.end_pre_s.
AROUND_END = Around(lead_s=15.0, tail_s=1.0)


class ClipUnreadable(Exception):
    """The clip is missing, is not the one that its event promises, or cannot be decoded; the text says which."""


@dataclass(frozen=True, slots=True, eq=False)
class ClipFrame:
    """One picture of a clip: `time_s` is seconds from the clip's start, `image` is height x width x 3, uint8, BGR."""

    time_s: float
    image: Image


@contextmanager
def open_clip(path: Path, promised: ClipInfo) -> Iterator[BinaryIO]:
    """The clip at `path`, at its beginning. Raises ClipUnreadable unless it is the very file that its event promises.

    A decoder hides much damage by guessing, and a verdict on guessed pictures would be worse than none.
    """
    try:
        with path.open("rb") as file:
            _check_content(file, path, promised)
            file.seek(0)
            yield file
    except FileNotFoundError as error:
        raise ClipUnreadable(
            f"clip {path} is missing; --media-dir must be the folder that the backend and the edge use"
        ) from error
    except OSError as error:
        raise ClipUnreadable(f"clip {path} cannot be read: {error.strerror}") from error


def _check_content(file: BinaryIO, path: Path, promised: ClipInfo) -> None:
    size_bytes = file.seek(0, 2)
    if not size_bytes:
        raise ClipUnreadable(f"clip {path} is empty")
    if size_bytes != promised.bytes:
        raise ClipUnreadable(f"clip {path} has {size_bytes} bytes, but its event promises {promised.bytes}")
    if size_bytes > MAX_CLIP_BYTES:
        raise ClipUnreadable(
            f"clip {path} has {size_bytes} bytes, and {MAX_CLIP_BYTES} is the most that is decoded; "
            "let the edge cut shorter clips (clip.pre_s, clip.post_s)"
        )
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
    if digest.hexdigest() != promised.sha256:
        raise ClipUnreadable(f"clip {path} does not match the sha256 that its event promises")


def sample_frames(
    clip: BinaryIO, promised: ClipInfo, event_s: float, count: int = MAX_FRAMES, around: Around = AROUND_ATTEMPT
) -> Iterator[ClipFrame]:
    """At most `count` (>= 1) frames of an MP4, in the order of time; fewer where some are damaged.

    They are spread evenly over the seconds `around` the event, which is `event_s` seconds after the clip's start.
    Decoded one at a time. Raises ClipUnreadable when the clip is no video, has no frames, or has larger ones than its
    event promises or than MAX_PIXELS.
    """
    bounds = {"max_pixels": str(MAX_PIXELS)}
    try:
        with av.open(clip, "r", metadata_errors="replace", options=bounds) as container:
            if not container.streams.video:
                raise ClipUnreadable("the clip has no video stream")
            stream = container.streams.video[0]
            _check_size(stream.width, stream.height, promised)
            stream.codec_context.options = bounds
            for pts, frame in _decode(container, stream, event_s, around, count):
                _check_size(frame.width, frame.height, promised)
                yield ClipFrame(pts, _image(frame))
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


def _check_size(width: int, height: int, promised: ClipInfo) -> None:
    size = f"{width}x{height}"
    if max(width, height) > MAX_SIDE_PX or width * height > MAX_PIXELS:
        raise ClipUnreadable(f"the clip's pictures have {size} pixels; at most 4096x2304 are decoded")
    if width > promised.width or height > promised.height:
        raise ClipUnreadable(
            f"the clip's pictures have {size} pixels, but its event promises {promised.width}x{promised.height}"
        )


def _decode(
    container: InputContainer, stream: VideoStream, event_s: float, around: Around, count: int
) -> Iterator[tuple[float, VideoFrame]]:
    """The picked frames, each with its second from the clip's start."""
    packets = list(islice((packet for packet in container.demux(stream) if packet.size), MAX_CLIP_PACKETS + 1))
    if len(packets) > MAX_CLIP_PACKETS:
        raise ClipUnreadable(f"the clip has more than {MAX_CLIP_PACKETS} frames")
    times_s = _shown_times(packets, stream)
    pts_shown = list(times_s)
    end_s = times_s[pts_shown[-1]]
    begin_s, last_s = around.interval_s(min(max(0.0, event_s), end_s), end_s)
    candidates = [pts for pts in pts_shown if begin_s <= times_s[pts] <= last_s]
    picked = [candidates[at] for at in pick_evenly([times_s[pts] for pts in candidates], count)]
    for pts, frame in decode_wanted(packets, stream.codec_context, picked):
        yield times_s[pts], frame


def _shown_times(packets: Collection["Packet[VideoStream]"], stream: VideoStream) -> dict[int, float]:
    """The seconds from the first shown frame, by time stamp, ascending. Raises ClipUnreadable without any."""
    shown_pts = sorted({packet.pts for packet in packets if packet.pts is not None and not packet.is_discard})
    if not shown_pts or stream.time_base is None:
        raise ClipUnreadable("the clip has no frames")
    times_s = {pts: float((pts - shown_pts[0]) * stream.time_base) for pts in shown_pts}
    if not math.isfinite(times_s[shown_pts[-1]]):
        raise ClipUnreadable("the clip's time stamps make no sense")
    return times_s


def _image(frame: VideoFrame) -> Image:
    # Threads take longer to begin than the conversion takes.
    return frame.to_ndarray(format="bgr24", threads=1).astype(np.uint8, copy=False)
