"""Encoded video in memory: a stream's format, and its packets on the run's time line."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, groupby

import av
from av.codec.context import ThreadType
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from edge_service.video.orientation import Orientation

MAX_SIDE_PX = 8192
"""Larger pictures are refused before they are decoded: one of this size takes 100 MB."""
# Anamorphic lenses and half the lines of television make 2 of it; by as much a picture grows when it is shown.
_MOST_PIXEL_ASPECT = 4


class PictureTooLarge(ValueError):
    """Pictures are larger than MAX_SIDE_PX on a side; the text says how large."""


@dataclass(frozen=True, slots=True)
class StreamFormat:
    """All that is needed to decode or to mux packets, independent of the file that they came from.

    `width` and `height` are pixels as they are encoded; `sample_aspect_ratio` is the width of a pixel over its height;
    `orientation` is how the picture must be turned and mirrored to be as players show it.
    `template` is a stream of no file that carries the codec's parameters.
    """

    codec: str
    pixel_format: str
    width: int
    height: int
    time_base: Fraction
    frame_rate: Fraction
    sample_aspect_ratio: Fraction
    orientation: Orientation
    template: VideoStream = field(repr=False, compare=False)

    @property
    def display_size(self) -> tuple[int, int]:
        """Width and height in square pixels of the upright picture."""
        width = max(1, round(self.width * self.sample_aspect_ratio))
        return (self.height, width) if self.orientation.is_transposed else (width, self.height)

    def seconds(self, ticks: int) -> float:
        """`ticks` of the time base in seconds, rounded once, as the fraction is; for every packet that is too slow."""
        return ticks * self.time_base.numerator / self.time_base.denominator

    @property
    def parameters(self) -> bytes:
        """The codec's own, such as the parameter sets of H.264, in the container's manner."""
        return bytes(self.template.codec_context.extradata or b"")

    def describe(self) -> str:
        """One phrase for people, e.g. `h264 1920x1080 yuv420p, 29.97 frames a second`."""
        return (
            f"{self.codec} {self.width}x{self.height} {self.pixel_format}, {float(self.frame_rate):.4g} frames a second"
        )


@dataclass(frozen=True, slots=True)
class EncodedPacket:
    """One encoded picture.

    `pts`, `dts` and `duration` count in `format.time_base` from the start of the run; `dts` is None where the file has
    none. `is_shown` is false for a picture that is only there for others to be decoded from.
    """

    data: bytes = field(repr=False)
    pts: int
    dts: int | None
    duration: int
    is_key: bool
    is_shown: bool
    format: StreamFormat = field(repr=False)

    @property
    def time_s(self) -> float:
        """When it is shown, in seconds of media time."""
        return self.format.seconds(self.pts)

    @property
    def end_s(self) -> float:
        """When it is no longer shown, in seconds of media time."""
        return self.format.seconds(self.pts + self.duration)


def reorder_depth(stream_format: StreamFormat) -> int:
    """How many pictures may lie between decoding and showing one, as far as the codec's parameters say so."""
    return max(0, stream_format.template.codec_context.reorder_depth)


def detached(
    stream: VideoStream, parameters: bytes | None = None, *, size: tuple[int, int] | None = None
) -> VideoStream:
    """A stream like `stream` that stays valid when the file of `stream` is closed.

    With the codec's `parameters` instead of its own, and pictures of `size` (width and height in pixels), where given.
    """
    # Closed, the container knows its stream no longer: a decoder's pictures, 20 MB in Full HD, go with the decoder and
    # wait for no search for circles.
    with av.open("detached", "w", format="null") as container:
        result = container.add_stream_from_template(stream, opaque=True)
        if parameters is not None:
            result.codec_context.extradata = parameters
        if size is not None:
            result.codec_context.width, result.codec_context.height = size
        container.start_encoding()  # what was set becomes what the next one copies
    return result


def moving_pictures(container: InputContainer) -> VideoStream | None:
    """The stream that a player shows: of those that can be decoded the default one, of several the largest.

    Covers of music and thumbnails are no moving pictures; None when there are none. One that cannot be decoded has no
    `codec_context`.
    """
    no_video = Disposition.attached_pic | Disposition.still_image | Disposition.timed_thumbnails
    streams = [stream for stream in container.streams.video if not stream.disposition & no_video]
    return max(streams, key=_rank, default=None)


def _rank(stream: VideoStream) -> tuple[bool, bool, int]:
    codec = stream.codec_context
    is_default = bool(stream.disposition & Disposition.default)
    return (False, is_default, 0) if codec is None else (True, is_default, codec.width * codec.height)


def bounded(width: int, height: int) -> None:
    """Raises PictureTooLarge when a picture is larger than any that is decoded here."""
    if max(width, height) > MAX_SIDE_PX:
        raise PictureTooLarge(f"its pictures are {width}x{height} pixels, more than {MAX_SIDE_PX} a side")


def pixel_aspect(said: Fraction | None) -> Fraction:
    """The width of a pixel over its height, as a stream has `said`; 1 where that is nothing, or no camera's."""
    return said if said and Fraction(1, _MOST_PIXEL_ASPECT) <= said <= _MOST_PIXEL_ASPECT else Fraction(1)


def new_decoder(stream_format: StreamFormat, *, skips_deblocking: bool = False) -> VideoCodecContext:
    """A decoder for one run of packets. One thread: the least CPU, and a packet's skip mode is its own.

    With `skips_deblocking` the edges of blocks are not smoothed: a third less to do, and pictures drift away from what
    the camera saw until the next key picture.
    """
    decoder = detached(stream_format.template).codec_context
    decoder.thread_type = ThreadType.NONE
    decoder.thread_count = 1
    # A picture says its size itself, and a larger one than that is not even begun.
    decoder.options = {"max_pixels": str(MAX_SIDE_PX**2)}
    if skips_deblocking:
        decoder.options["skip_loop_filter"] = "all"
    return decoder


def to_av_packet(packet: EncodedPacket) -> "av.Packet[Stream]":
    """The packet as PyAV takes it."""
    # Made from bytes it would lie where they lie, without the zeros behind it that decoders read on into.
    result = av.Packet(len(packet.data))
    result.update(packet.data)
    result.time_base = packet.format.time_base
    result.pts, result.dts, result.duration = packet.pts, packet.dts, packet.duration
    result.is_keyframe = packet.is_key
    return result


def decode_all(
    packets: Iterable[EncodedPacket], is_wanted: Callable[[EncodedPacket], bool] = lambda _: True
) -> Iterator[tuple[VideoFrame, StreamFormat]]:
    """Every frame that is shown, with its format, in the order of showing; `pts` as in `EncodedPacket`.

    Damaged ones are left out, and those that are not wanted may be. Another format begins with a key picture.
    """
    # Two formats that differ in their codec's parameters alone are equal.
    for _, run in groupby(packets, key=lambda packet: id(packet.format)):
        first = next(run)
        stream_format, hidden = first.format, set()
        decoder = new_decoder(stream_format)
        for packet in chain([first], run):
            if not packet.is_shown:
                hidden.add(packet.pts)
            if stream_format.codec == "h264":
                decoder.skip_frame = "DEFAULT" if is_wanted(packet) else "NONREF"
            yield from ((frame, stream_format) for frame in decode(decoder, packet) or () if frame.pts not in hidden)
        yield from ((frame, stream_format) for frame in decode(decoder, None) or () if frame.pts not in hidden)


def begins_whole(packet: EncodedPacket) -> bool:
    """Whether the picture of `packet`, a key one, can be decoded from it alone.

    It cannot where a camera refreshes its pictures stripe by stripe (intra refresh): there a key picture is where
    decoding may begin, and pictures are whole only some time later (H.264, D.2.8, recovery point).
    """
    return packet.format.codec != "h264" or decode_key(packet) != []


def decode_key(packet: EncodedPacket, *, skips_deblocking: bool = False) -> list[VideoFrame] | None:
    """The picture of `packet`, a key one, from it alone: none where that cannot be; None when it is damaged."""
    decoder = new_decoder(packet.format, skips_deblocking=skips_deblocking)
    frames = decode(decoder, packet)
    return frames if frames is None else frames or decode(decoder, None)


def decode(decoder: VideoCodecContext, packet: EncodedPacket | None) -> list[VideoFrame] | None:
    """The frames that `packet` completes (None: those that are left); None when it is damaged."""
    try:
        return decoder.decode(None if packet is None else to_av_packet(packet))
    except av.error.FFmpegError:
        return None
