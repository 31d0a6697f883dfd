"""Encoding to what every browser plays, H.264 in 8-bit yuv420p, when the packets are not that already."""

from collections.abc import Iterable, Iterator, Sequence

from av.codec.context import ThreadType
from av.container import OutputContainer
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from edge_service.clips.mp4 import Clip, new_mp4
from edge_service.video.packets import EncodedPacket, StreamFormat, decode_all
from edge_service.video.picture import even_size, to_yuv420p

_KEY_PICTURE_EVERY_S = 2
# A fixed number of threads, so that the same frames become the same bytes on every computer. x264's fastest assembly
# differs from one processor to the next, and reads memory that it has not written: cpu-independent leaves it out.
_THREADS = 2
_OPTIONS = {"preset": "veryfast", "crf": "23", "x264-params": "cpu-independent=1"}


class NothingDecoded(Exception):
    """None of the pictures could be decoded."""


def encode(packets: Sequence[EncodedPacket], start_s: float, end_s: float) -> Clip:
    """A clip of what is on the screen from `start_s` to `end_s`, every picture at its own time.

    `packets` begin with a key picture and come in the order of decoding. Raises NothingDecoded, av.error.FFmpegError.
    """
    stream_format = packets[0].format
    durations = _on_screen(packets, start_s, end_s)
    frames = (frame for frame in decode_all(packets) if frame.pts in durations)
    with new_mp4() as (container, mp4):
        encoded = _encode(frames, durations, stream_format, container)
    if not encoded:
        raise NothingDecoded
    width, height = even_size(stream_format)
    first, end = encoded[0], encoded[-1] + durations[encoded[-1]]
    time_base = stream_format.time_base
    return Clip(mp4.getvalue(), float(first * time_base), float(end * time_base), width, height)


def _on_screen(packets: Iterable[EncodedPacket], start_s: float, end_s: float) -> dict[int, int]:
    """By time stamp, the duration of each picture that is on the screen at some time from `start_s` to `end_s`.

    A picture stays until the next one comes: with a variable frame rate a packet's own duration need not say so.
    """
    shown = sorted((packet for packet in packets if packet.is_shown), key=lambda packet: packet.pts)
    left_s = [packet.time_s for packet in shown[1:]] + [packet.end_s for packet in shown[-1:]]
    return {
        packet.pts: packet.duration
        for packet, until_s in zip(shown, left_s, strict=True)
        if packet.time_s <= end_s and until_s > start_s
    }


def _encode(
    frames: Iterator[VideoFrame], durations: dict[int, int], stream_format: StreamFormat, container: OutputContainer
) -> list[int]:
    """Encode `frames` into `container`, the first at 0; their time stamps, in the order of showing."""
    stream: VideoStream | None = None
    times: list[int] = []
    for frame in frames:
        picture = to_yuv420p(frame, stream_format)
        stream = stream or _new_stream(container, picture, stream_format)
        time = frame.pts or 0
        if times and time <= times[-1]:
            continue  # damage can make a decoder repeat itself, and an encoder takes each time once
        times.append(time)
        picture.pts, picture.duration = time - times[0], durations[time]
        # The source's kinds of pictures are nothing to the encoder.
        picture.pict_type = PictureType.NONE
        container.mux(stream.encode(picture))
    if stream:
        container.mux(stream.encode(None))
    return times


def _new_stream(container: OutputContainer, picture: VideoFrame, stream_format: StreamFormat) -> VideoStream:
    stream = container.add_stream("libx264", rate=stream_format.frame_rate, options=_OPTIONS)
    codec = stream.codec_context
    codec.width, codec.height = picture.width, picture.height
    codec.pix_fmt = "yuv420p"
    codec.time_base = stream_format.time_base
    codec.gop_size = max(1, round(_KEY_PICTURE_EVERY_S * stream_format.frame_rate))
    codec.thread_count = _THREADS
    codec.thread_type = ThreadType.FRAME
    codec.color_range, codec.colorspace = picture.color_range, picture.colorspace
    codec.color_primaries, codec.color_trc = picture.color_primaries, picture.color_trc
    return stream
