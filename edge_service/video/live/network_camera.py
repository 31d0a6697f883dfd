"""A camera in the network, over RTSP or HTTP, read with FFmpeg."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Final

import av
from av.container import InputContainer
from av.format import Flags
from av.stream import Stream
from av.video.stream import VideoStream

from backend_api.base.clock import Clock
from backend_api.base.process import UsageError
from edge_service.video.address import CameraAddress
from edge_service.video.format_tracker import FormatTracker
from edge_service.video.live.connection import (
    STALL_S,
    TIME_BASE_HZ,
    AccessDenied,
    Connection,
    ConnectionLost,
    RawPacket,
)
from edge_service.video.orientation import UPRIGHT
from edge_service.video.packets import PictureTooLarge, StreamFormat, bounded, detached, moving_pictures, pixel_aspect

_OPEN_S = 10.0
# When a read is given up, FFmpeg may hand over a picture that it had kept back, and the next read begins to wait anew.
_READ_S = STALL_S / 2
_CURE = "give the camera's rtsp:// address, or its MJPEG or MPEG-TS stream over http://"
_STALLED = "stopped sending pictures"
# TCP, since a lost UDP packet damages all pictures up to the next key picture; UDP with a camera that has nothing else.
# Sound is not even asked for.
_RTSP_OPTIONS = {"rtsp_flags": "prefer_tcp", "allowed_media_types": "video"}
_ASSUMED_FRAME_RATE = Fraction(25)
# FFmpeg's RTP demuxer counts it on from the sender reports.
_WALL: Final = "prft"
_FRAME_RATES = range(1, 241)


@contextmanager
def connect_camera(address: CameraAddress, clock: Clock) -> Iterator[Connection]:
    """A connection to the camera at `address`.

    Raises ConnectionLost, and UsageError when the address is that of a recording or of an HLS playlist: that comes in
    lumps of up to ten seconds, which look like a stall each, and repeats what was after every outage.
    """
    with _open(address) as container:
        _check_is_stream(container, address)
        yield _NetworkCamera(container, clock)


def _open(address: CameraAddress) -> InputContainer:
    """Raises ConnectionLost, and UsageError for a web page; FFmpeg's own messages repeat the address and password."""
    is_rtsp = _is_rtsp(address)
    try:
        return av.open(address.url, container_options=_RTSP_OPTIONS if is_rtsp else {}, timeout=(_OPEN_S, _READ_S))
    except av.error.ExitError as error:
        raise ConnectionLost(f"no answer within {_OPEN_S:.0f} s") from error
    except (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError) as error:
        raise AccessDenied(
            "refuses the user name or the password (in an address / is written as %2F, ? as %3F, # as %23, @ as %40)"
        ) from error
    except av.error.InvalidDataError as error:
        if not is_rtsp and _is_page(address):
            raise UsageError(f"{address}: is a web page and no video; {_CURE}") from error
        raise ConnectionLost(error.strerror) from error
    except av.error.FFmpegError as error:
        raise ConnectionLost(error.strerror) from error


def _check_is_stream(container: InputContainer, address: CameraAddress) -> None:
    """Raises UsageError for a picture, an HLS playlist and a recording."""
    if _is_picture(container):
        raise UsageError(f"{address}: is a single picture and no video; {_CURE}")
    if container.format.name == "hls":
        raise UsageError(f"{address}: is an HLS playlist, which is many seconds late; {_CURE}")
    if container.duration is not None and not _is_rtsp(address):
        raise UsageError(
            f"{address}: is a recording of {container.duration / av.time_base:.0f} s and no live camera;"
            " download it and give the file's name"
        )


def _is_rtsp(address: CameraAddress) -> bool:
    return address.scheme in ("rtsp", "rtsps")


def _is_picture(container: InputContainer) -> bool:
    """Whether it is a snapshot: FFmpeg reads a single picture by demuxers of its own."""
    return container.format.name.endswith("_pipe") or container.format.name == "image2"


def _is_page(address: CameraAddress) -> bool:
    """Whether what comes from `address`, which is no video, is HTML."""
    try:
        with av.open(address.url, format="data", timeout=(_OPEN_S, _READ_S)) as container:
            packet = next(container.demux(), None)
    except av.error.FFmpegError:
        return False
    return packet is not None and bytes(packet).lstrip()[:1] == b"<"


class _NetworkCamera:
    def __init__(self, container: InputContainer, clock: Clock) -> None:
        self._container = container
        self._clock = clock
        self._stream = _moving_pictures(container)
        self._is_rtsp = container.format.name == "rtsp"
        self._tells_time = not Flags(container.format.flags) & Flags.no_timestamps
        self.format = _describe(self._stream)
        self._formats = FormatTracker(self._stream, self.format, learns_orientation=True)

    def __iter__(self) -> Iterator[RawPacket]:
        seen_s = self._clock.monotonic_s()
        try:
            # Other streams are read too: FFmpeg would wait for ever for the pictures of a camera that sends only sound.
            for packet in self._container.demux():
                if packet.stream is self._stream and packet.size:
                    seen_s = self._clock.monotonic_s()
                    yield self._raw(packet)
                elif self._clock.monotonic_s() - seen_s > STALL_S:
                    raise ConnectionLost(_STALLED)
        except av.error.ExitError as error:
            raise ConnectionLost(_STALLED) from error
        except av.error.FFmpegError as error:
            raise ConnectionLost(error.strerror) from error

    def _raw(self, packet: "av.Packet[Stream]") -> RawPacket:
        # RTP has no decoding times: those that FFmpeg makes up for it are wrong for good after one wrong stamp.
        stamp = packet.dts if packet.pts is None and not self._is_rtsp else packet.pts
        try:
            stream_format = self._formats.format_of(packet)
        except PictureTooLarge as error:
            raise ConnectionLost(str(error)) from error
        wall_s = _wall_s(bytes(packet.get_sidedata(_WALL))) if packet.has_sidedata(_WALL) else None
        return RawPacket(bytes(packet), self._seconds(stamp), packet.is_keyframe, stream_format, wall_s)

    def _seconds(self, stamp: int | None) -> float | None:
        if stamp is None or self._stream.time_base is None or not self._tells_time:
            return None
        return float(stamp * self._stream.time_base)


def _wall_s(side_data: bytes) -> float | None:
    """The wall clock, in seconds, out of libavutil's AVProducerReferenceTime: microseconds as an int64 come first."""
    return None if len(side_data) < 8 else int.from_bytes(side_data[:8], sys.byteorder, signed=True) / 1e6


def _moving_pictures(container: InputContainer) -> VideoStream:
    stream = moving_pictures(container)
    if stream is None or stream.codec_context is None:
        raise ConnectionLost("it sends no video, or in a codec that cannot be decoded here")
    if not (stream.codec_context.width and stream.codec_context.pix_fmt):
        raise ConnectionLost("no picture came that could be decoded")
    try:
        bounded(stream.codec_context.width, stream.codec_context.height)
    except PictureTooLarge as error:
        raise ConnectionLost(f"{error}; set a smaller size in the camera") from error
    return stream


def _describe(stream: VideoStream) -> StreamFormat:
    rate = stream.average_rate or stream.guessed_rate or _ASSUMED_FRAME_RATE
    return StreamFormat(
        codec=stream.codec.canonical_name,
        pixel_format=str(stream.codec_context.pix_fmt),
        width=stream.codec_context.width,
        height=stream.codec_context.height,
        time_base=Fraction(1, TIME_BASE_HZ),
        frame_rate=rate if int(rate) in _FRAME_RATES else _ASSUMED_FRAME_RATE,
        sample_aspect_ratio=pixel_aspect(stream.sample_aspect_ratio),
        orientation=UPRIGHT,
        template=detached(stream),
    )
