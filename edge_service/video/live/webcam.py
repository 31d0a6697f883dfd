"""A camera at this computer: OpenCV reads its pictures, and an encoder makes the packets that it does not give."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from io import BytesIO
from typing import Protocol

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from edge_service.video.address import Webcam
from edge_service.video.frame import Image
from edge_service.video.live.connection import TIME_BASE_HZ, Connection, ConnectionLost, RawPacket
from edge_service.video.orientation import UPRIGHT
from edge_service.video.packets import StreamFormat, detached

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
    # It would repeat at every attempt, in words of its own, what is logged once.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    capture = open_capture(webcam.index)
    try:
        if not capture.isOpened():
            raise ConnectionLost("cannot be opened: plug it in, and close other programs that use it")
        with av.open("nowhere", "w", format="null") as container:
            yield _Webcam(capture, container, _read(capture))
    finally:
        capture.release()


class _Webcam:
    """Of the camera's first picture is taken how large they are, and what its encoder's parameters are."""

    def __init__(self, capture: Capture, container: OutputContainer, first: Image) -> None:
        self._capture = capture
        self._first = first
        self._stream = _new_stream(container, first)
        self._count = 0
        self.format = StreamFormat(
            codec="h264",
            pixel_format="yuv420p",
            width=self._stream.codec_context.width,
            height=self._stream.codec_context.height,
            time_base=Fraction(1, TIME_BASE_HZ),
            frame_rate=Fraction(_FRAME_RATE),
            sample_aspect_ratio=Fraction(1),
            orientation=UPRIGHT,
            template=_template(first),
        )

    def __iter__(self) -> Iterator[RawPacket]:
        yield from self._encode(self._first)
        while True:
            yield from self._encode(_read(self._capture))

    def _encode(self, picture: Image) -> list[RawPacket]:
        frame = _even(picture)
        frame.pts, self._count = self._count, self._count + 1
        return [RawPacket(bytes(packet), None, packet.is_keyframe) for packet in self._stream.encode(frame)]


def _new_stream(container: OutputContainer, picture: Image) -> VideoStream:
    stream = container.add_stream("libx264", rate=_FRAME_RATE, options=_OPTIONS)
    frame, encoder = _even(picture), stream.codec_context
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "yuv420p"
    encoder.gop_size = _KEY_PICTURE_EVERY
    return stream


def _template(picture: Image) -> VideoStream:
    """The stream as one who reads it finds it; the encoder's own could only encode."""
    file = BytesIO()
    with av.open(file, "w", format="mpegts") as container:
        stream = _new_stream(container, picture)
        container.mux(stream.encode(_even(picture)))
        container.mux(stream.encode(None))
        with av.open(BytesIO(file.getvalue())) as written:
            return detached(written.streams.video[0])


def _even(picture: Image) -> VideoFrame:
    """The picture without what H.264's colours, at half the resolution, cannot show of it."""
    height, width = (side - side % 2 for side in picture.shape[:2])
    return VideoFrame.from_ndarray(np.ascontiguousarray(picture[:height, :width]), format="bgr24")


def _read(capture: Capture) -> Image:
    # OpenCV itself gives up after ten seconds without a picture.
    is_read, picture = capture.read()
    if not is_read or not isinstance(picture, np.ndarray):
        raise ConnectionLost("gives no picture")
    return picture
