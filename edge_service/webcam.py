"""A camera at this computer: OpenCV reads its pictures, and an encoder makes the packets that it does not give."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Protocol

import av
import cv2
import numpy as np
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.frame import VideoFrame

from edge_service.encoded import StreamFormat, detached
from edge_service.frame import Image
from edge_service.live_connection import TIME_BASE_HZ, Connection, ConnectionLost, RawPacket
from edge_service.video_address import Webcam

_FRAME_RATE = 30
_KEY_PICTURE_EVERY = 30
# Every picture comes out of the encoder before the next one goes in.
_OPTIONS = {"preset": "ultrafast", "tune": "zerolatency", "crf": "23"}


class Capture(Protocol):
    """As much of cv2.VideoCapture as is needed."""

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        """Whether there is a camera."""
        ...

    def read(self) -> tuple[bool, object]:
        """Whether there is a next picture, and the picture."""
        ...

    def release(self) -> None:
        """Close the camera."""
        ...


@contextmanager
def connect_webcam(webcam: Webcam, open_capture: Callable[[int], Capture] = cv2.VideoCapture) -> Iterator[Connection]:
    """The pictures of `webcam`. Raises ConnectionLost when there is none, or it gives no picture."""
    capture = open_capture(webcam.index)
    try:
        if not capture.isOpened():
            raise ConnectionLost("cannot be opened: plug it in, and close other programs that use it")
        with av.open("nowhere", "w", format="null") as container:
            yield _Webcam(capture, container, _read(capture))
    finally:
        capture.release()


class _Webcam:
    """The first picture is encoded at once: before it neither the size nor the encoder's parameters are known."""

    def __init__(self, capture: Capture, container: OutputContainer, first: Image) -> None:
        self._capture = capture
        self._height, self._width = (side - side % 2 for side in first.shape[:2])
        self._stream = container.add_stream("libx264", rate=_FRAME_RATE, options=_OPTIONS)
        encoder = self._stream.codec_context
        encoder.width, encoder.height, encoder.pix_fmt = self._width, self._height, "yuv420p"
        encoder.gop_size = _KEY_PICTURE_EVERY
        encoder.flags |= Flags.global_header
        self._count = 0
        self._first = self._encode(first)
        container.start_encoding()
        self.format = StreamFormat(
            codec="h264",
            pixel_format="yuv420p",
            width=self._width,
            height=self._height,
            time_base=Fraction(1, TIME_BASE_HZ),
            frame_rate=Fraction(_FRAME_RATE),
            sample_aspect_ratio=Fraction(1),
            rotation_deg=0,
            template=detached(self._stream),
        )

    def __iter__(self) -> Iterator[RawPacket]:
        yield from self._first
        while True:
            yield from self._encode(_read(self._capture))

    def _encode(self, picture: Image) -> list[RawPacket]:
        even = np.ascontiguousarray(picture[: self._height, : self._width])
        frame = VideoFrame.from_ndarray(even, format="bgr24")
        frame.pts, self._count = self._count, self._count + 1
        return [RawPacket(bytes(packet), None, None, packet.is_keyframe) for packet in self._stream.encode(frame)]


def _read(capture: Capture) -> Image:
    # OpenCV itself gives up after ten seconds without a picture.
    is_read, picture = capture.read()
    if not is_read or not isinstance(picture, np.ndarray):
        raise ConnectionLost("gives no picture")
    return picture
