"""The preview as a video: the frames that detection looked at, encoded as the run goes.

It plays at any time, also when the run is killed: it is written in fragments, which become one whole
when the run ends. A failure of it, such as a full disk, ends the preview and nothing else.
"""

import logging
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.stream import VideoStream

from backend_api.base.process import UsageError
from edge_service.pipeline.preview import draw_preview
from edge_service.privacy.masking import NO_PICTURES, Masking
from edge_service.rules.engine import RuleEngine
from edge_service.rules.machine import Machine
from edge_service.rules.machine_state import MachineState
from edge_service.tracking.tracker import Track
from edge_service.video.frame import Frame, Image

# Narrower than that, the words in the picture would have no room.
_LEAST_WIDTH, _MOST_WIDTH = 640, 1280
# With masks, frames wait for some seconds; 64 of them take 180 MB.
_MOST_WAITING = 64
_TIME_BASE = Fraction(1, 1000)
# What an encoder counts with that is not told the times: its own pictures come at theirs.
_NOMINAL_FPS = 5
# A fragment a key picture, on the disk at once; the last step makes an ordinary MP4 of them, in place.
_CONTAINER_OPTIONS = {"movflags": "frag_keyframe+hybrid_fragmented", "flush_packets": "1"}
_OPTIONS = {"preset": "veryfast", "crf": "25", "x264-params": "keyint=10:bframes=0:threads=2:rc-lookahead=10"}

# A disk's, and those of the encoder, which are of no disk.
_FAILURES = (OSError, av.error.FFmpegError)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Look:
    """A frame, in the preview's size, that waits until it is known what is hidden in it, and what was known of it."""

    image: Image
    time_s: float
    tracks: Sequence[Track]
    states: Mapping[str, MachineState]


class PreviewVideo:
    """An MP4 in H.264, 640 to 1280 pixels wide, each picture at its media time, with what `masking` hides."""

    def __init__(self, path: Path, machines: Sequence[Machine], masking: Masking) -> None:
        """Raises UsageError when `path` cannot be written, and when no picture may be kept."""
        if not masking.keeps_pictures:
            raise UsageError(f"--preview {path}: {NO_PICTURES}; leave it out")
        self._masking = masking
        self._waiting: deque[_Look] = deque()
        self._path = path
        self._machines = machines
        self._stream: VideoStream | None = None
        self._last_ms = -1
        self._failed = False
        if path.is_dir():
            raise UsageError(f"--preview {path}: is a folder; give the name of a file")
        self._is_new = not path.exists()
        try:
            path.open("ab").close()  # PyAV would open the file when there is something to write
            self._container = av.open(str(path), "w", format="mp4", options=_CONTAINER_OPTIONS)
        except OSError as error:
            raise UsageError(f"--preview {path}: {error.strerror}; give a file that can be written") from error

    def add(self, frame: Frame, tracks: Sequence[Track], rules: RuleEngine) -> None:
        """Draw and encode `frame` with `tracks` and the states that `rules` are in after it, now or soon.

        While _MOST_WAITING frames wait, further ones are left out.
        """
        time_ms = round(frame.time_s * 1000)
        if self._failed or time_ms <= self._last_ms:
            return
        self._last_ms = time_ms
        try:
            self._stream = self._stream or self._begin(frame)
            if len(self._waiting) < _MOST_WAITING:
                image = _fitted(frame.image(), self._stream.width, self._stream.height)
                self._waiting.append(_Look(image, frame.time_s, tracks, dict(rules.states)))
            while self._waiting and self._masking.is_settled(self._waiting[0].time_s):
                self._write(self._stream, self._waiting.popleft())
        except _FAILURES as error:
            self._fail(error)

    def _write(self, stream: VideoStream, look: _Look) -> None:
        image = self._masking.shown(look.image, look.time_s).image
        draw_preview(image, self._machines, look.states, look.tracks, look.time_s)
        planes = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), np.uint8)
        picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        picture.pts, picture.time_base = round(look.time_s * 1000), _TIME_BASE
        self._container.mux(stream.encode(picture))

    def finish(self) -> None:
        """Make the file whole; without a frame there is none."""
        try:
            if self._stream is not None and not self._failed:
                while self._waiting:
                    self._write(self._stream, self._waiting.popleft())
                self._container.mux(self._stream.encode(None))
                self._container.close()
                log.info("the preview is %s", self._path)
        except _FAILURES as error:
            self._fail(error)
        finally:
            with suppress(*_FAILURES):
                self._container.close()
            if self._stream is None and self._is_new:
                self._path.unlink(missing_ok=True)

    def _begin(self, frame: Frame) -> VideoStream:
        scale = min(max(frame.width, _LEAST_WIDTH), _MOST_WIDTH) / frame.width
        stream = self._container.add_stream("libx264", _NOMINAL_FPS, options=_OPTIONS)
        codec = stream.codec_context
        codec.width, codec.height = (max(2, round(side * scale / 2) * 2) for side in (frame.width, frame.height))
        codec.pix_fmt = "yuv420p"
        codec.time_base = _TIME_BASE
        return stream

    def _fail(self, error: OSError | av.error.FFmpegError) -> None:
        self._failed = True
        log.warning("--preview %s: %s; the run goes on without a preview", self._path, error.strerror or error)


@contextmanager
def preview_of(path: Path | None, machines: Sequence[Machine], masking: Masking) -> Iterator[PreviewVideo | None]:
    """The preview at `path`, whole when the block is left; None when there is to be none."""
    if path is None:
        yield None
        return
    preview = PreviewVideo(path, machines, masking)
    try:
        yield preview
    finally:
        preview.finish()


def _fitted(image: Image, width: int, height: int) -> Image:
    """A copy of `image` in that size, also when the camera has changed its own."""
    if image.shape[:2] == (height, width):
        return image.copy()
    interpolation = cv2.INTER_AREA if width < image.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=interpolation), np.uint8)
