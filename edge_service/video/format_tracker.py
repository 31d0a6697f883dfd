"""New parameters of the codec within a file or a connection: from their key picture on, packets are of another format.

A container says so beside the packet (MP4 with several sample descriptions, Matroska, FLV), or the parameters lie
within the packet (MPEG-TS, RTP). Without them what comes after could neither be decoded nor be cut into a clip.
"""

from dataclasses import replace
from typing import Any, Final

import av
from av.bitstream import BitStreamFilterContext
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from edge_service.video.orientation import UPRIGHT, orientation_of
from edge_service.video.packets import StreamFormat, bounded, detached, new_decoder, pixel_aspect

_BESIDE: Final = "new_extradata"
# FFmpeg's filter that takes the parameters out of a packet knows them.
_WITHIN = {"h264", "hevc", "vvc", "av1", "mpeg4", "mpeg2video", "mpeg1video", "vc1"}
_WITH_LENGTHS = {"h264", "hevc", "vvc"}


class FormatTracker:
    """Tells the format of each packet of one stream, as PyAV reads them."""

    def __init__(self, stream: VideoStream, stream_format: StreamFormat, *, learns_orientation: bool = False) -> None:
        """`stream_format` is that of the first packets; with `learns_orientation` but for the first key picture's."""
        self._current = stream_format
        self._learns_orientation = learns_orientation
        looks_within = stream_format.codec in _WITHIN and not _has_lengths(stream_format)
        self._within = BitStreamFilterContext("extract_extradata", stream) if looks_within else None
        self._seen: bytes | None = None

    def format_of(self, packet: "av.Packet[Any]") -> StreamFormat:
        """The format of the next packet: the same object as long as one decoder can go on with what comes.

        Raises PictureTooLarge.
        """
        parameters = self._parameters(packet)
        if parameters is not None and parameters != self._seen:
            is_first, self._seen = self._seen is None, parameters
            # The parameters within the first packet are mostly those that the stream has said of itself.
            if not is_first or parameters != self._current.parameters:
                self._current = _with_parameters(self._current, parameters, packet)
        if self._learns_orientation and packet.is_keyframe:
            self._learns_orientation = False
            self._current = _turned(self._current, packet)
        return self._current

    def _parameters(self, packet: "av.Packet[Any]") -> bytes | None:
        if packet.has_sidedata(_BESIDE):
            return bytes(packet.get_sidedata(_BESIDE))
        if self._within is None or not packet.is_keyframe:
            return None
        # The filter keeps what it is given.
        copy: av.Packet[Any] = av.Packet(packet.size)
        copy.update(bytes(packet))
        try:
            parts = [part for part in self._within.filter(copy) if part.has_sidedata(_BESIDE)]
        except av.error.FFmpegError:  # a damaged packet
            return None
        return bytes(parts[-1].get_sidedata(_BESIDE)) if parts else None


def _has_lengths(stream_format: StreamFormat) -> bool:
    """Whether a unit within a packet has its length before it, as in MP4 and Matroska, and no start code.

    The filter knows start codes alone, and takes a length of 256 to 511 for one (ISO/IEC 14496-15, 5.3.3 and 8.3.3).
    """
    return stream_format.codec in _WITH_LENGTHS and stream_format.parameters[:1] == b"\x01"


def _with_parameters(before: StreamFormat, parameters: bytes, key: "av.Packet[Any]") -> StreamFormat:
    """`before` with new `parameters`, and the size and so on that a decoder finds in `key`, unless it is damaged."""
    after = replace(before, template=detached(before.template, parameters))
    decoder = new_decoder(after)
    frame = _picture(decoder, key)
    if frame is None:
        return after
    bounded(frame.width, frame.height)
    orientation = orientation_of(frame)
    return replace(
        after,
        width=frame.width,
        height=frame.height,
        pixel_format=frame.format.name,
        sample_aspect_ratio=pixel_aspect(decoder.sample_aspect_ratio or before.sample_aspect_ratio),
        orientation=before.orientation if orientation == UPRIGHT else orientation,
        template=detached(before.template, parameters, size=(frame.width, frame.height)),
    )


def _turned(before: StreamFormat, key: "av.Packet[Any]") -> StreamFormat:
    """`before` with the orientation of `key`; the very same where that is what it says, or `key` is damaged."""
    frame = _picture(new_decoder(before), key)
    orientation = before.orientation if frame is None else orientation_of(frame)
    return before if orientation == before.orientation else replace(before, orientation=orientation)


def _picture(decoder: VideoCodecContext, key: "av.Packet[Any]") -> VideoFrame | None:
    """The picture of `key`, None when it is damaged."""
    copy: av.Packet[Any] = av.Packet(key.size)
    copy.update(bytes(key))
    try:
        return next(iter([*decoder.decode(copy), *decoder.decode(None)]), None)
    except av.error.FFmpegError:
        return None
