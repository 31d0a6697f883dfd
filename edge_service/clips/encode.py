"""Encoding to what every browser plays, H.264 in 8-bit yuv420p, when packets cannot be copied as they are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
from av.codec.context import ThreadType
from av.container import OutputContainer
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from edge_service.clips.mp4 import Clip, new_mp4
from edge_service.privacy.masking import Masks, Shown
from edge_service.video.packets import EncodedPacket, StreamFormat, decode_all
from edge_service.video.picture import even_size, to_image, to_yuv420p
from edge_service.video.sampling import instant_at

# More costs several times real time to encode, and no judge of a clip sees more.
_LONG_SIDE_PX, _SHORT_SIDE_PX = 1920, 1080
_KEY_PICTURE_EVERY_S = 2
# A fixed number of threads, so that the same frames become the same bytes on every computer. x264's fastest assembly
# differs from one processor to the next, and reads memory that it has not written: cpu-independent leaves it out.
_THREADS = 2
_OPTIONS = {"preset": "veryfast", "crf": "23", "x264-params": "cpu-independent=1"}


class NothingDecoded(Exception):
    """None of the pictures could be decoded."""


@dataclass(frozen=True, slots=True)
class _Rendering:
    """How the pictures of a clip are made: in `size` (width and height in pixels), and masked where `masks` say so."""

    target: StreamFormat
    size: tuple[int, int]
    frame_rate: Fraction
    masks: Masks | None

    def picture(self, frame: VideoFrame, stream_format: StreamFormat, time: Fraction) -> VideoFrame:
        """`frame` of `time` as it is encoded."""
        if self.masks is None:
            return to_yuv420p(frame, stream_format, self.size)
        return _to_frame(self.masks.shown(to_image(frame, stream_format, self.size), float(time)))


def encode(packets: Sequence[EncodedPacket], start_s: float, end_s: float, stream_format: StreamFormat) -> Clip:
    """A clip of the pictures on the screen from `start_s` to `end_s`, each at its own time.

    `packets` begin with a key picture and come in the order of decoding, and so does each of the formats that they are
    in. The clip has the size that `encoded_size` gives for `stream_format`, one of those; pictures of another one are
    stretched to it, as zones are. Raises NothingDecoded, av.error.FFmpegError.
    """
    size = encoded_size(stream_format)
    return _clip(
        packets, _on_screen(packets, start_s, end_s), _Rendering(stream_format, size, stream_format.frame_rate, None)
    )


def encode_masked(
    packets: Sequence[EncodedPacket], start_s: float, end_s: float, stream_format: StreamFormat, masks: Masks
) -> Clip:
    """As `encode`, with what `masks` hide, at most as high and with at most so many pictures a second as they say."""
    fps = masks.config.clip_fps
    durations = _thinned(_on_screen(packets, start_s, end_s), fps)
    frame_rate = min(Fraction(fps).limit_denominator(1000), stream_format.frame_rate)
    return _clip(
        packets,
        durations,
        _Rendering(stream_format, masked_size(stream_format, masks.config.clip_height), frame_rate, masks),
    )


def _clip(packets: Sequence[EncodedPacket], durations: Mapping[Fraction, Fraction], rendering: _Rendering) -> Clip:
    with new_mp4() as (container, mp4):
        times = _encode(packets, durations, rendering, container)
    if not times:
        raise NothingDecoded
    return Clip(mp4.getvalue(), float(times[0]), float(times[-1] + durations[times[-1]]), *rendering.size)


def encoded_size(stream_format: StreamFormat) -> tuple[int, int]:
    """Width and height in pixels of an encoded clip: those of the upright picture, at most 1920 and 1080, both even."""
    width, height = even_size(stream_format)
    return _scaled(width, height, min(1.0, _LONG_SIDE_PX / max(width, height), _SHORT_SIDE_PX / min(width, height)))


def masked_size(stream_format: StreamFormat, most_height: int) -> tuple[int, int]:
    """`encoded_size`, at most `most_height` pixels high."""
    width, height = encoded_size(stream_format)
    return _scaled(width, height, min(1.0, most_height / height))


def _scaled(width: int, height: int, scale: float) -> tuple[int, int]:
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def _to_frame(shown: Shown) -> VideoFrame:
    planes = np.asarray(cv2.cvtColor(shown.image, cv2.COLOR_BGR2YUV_I420), np.uint8)
    return VideoFrame.from_ndarray(planes, format="yuv420p")


def _time(pts: int, stream_format: StreamFormat) -> Fraction:
    """Seconds of media time, exact."""
    return pts * stream_format.time_base


def _on_screen(packets: Iterable[EncodedPacket], start_s: float, end_s: float) -> dict[Fraction, Fraction]:
    """By its time, the duration in seconds of each picture that is on the screen between `start_s` and `end_s`.

    A picture stays until the next one comes: with a variable frame rate a packet's own duration need not say so.
    """
    shown = sorted((packet for packet in packets if packet.is_shown), key=lambda packet: packet.time_s)
    left_s = [packet.time_s for packet in shown[1:]] + [packet.end_s for packet in shown[-1:]]
    return {
        _time(packet.pts, packet.format): _time(packet.duration, packet.format)
        for packet, until_s in zip(shown, left_s, strict=True)
        if packet.time_s <= end_s and until_s > start_s
    }


def _thinned(durations: Mapping[Fraction, Fraction], fps: float) -> dict[Fraction, Fraction]:
    """Of `durations` the first picture at or after each instant k / `fps`; it stays until the next one that is kept."""
    kept: dict[Fraction, Fraction] = {}
    last: Fraction | None = None
    for time, duration in durations.items():
        if last is None or instant_at(float(time), fps) > instant_at(float(last), fps):
            kept[time], last = duration, time
        else:
            kept[last] = time + duration - last
    return kept


def _encode(
    packets: Sequence[EncodedPacket],
    durations: Mapping[Fraction, Fraction],
    rendering: _Rendering,
    container: OutputContainer,
) -> list[Fraction]:
    """Encode the pictures that are in `durations` into `container`, the first at 0; their times, ascending."""
    stream: VideoStream | None = None
    times: list[Fraction] = []
    time_base = rendering.target.time_base
    for frame, stream_format in decode_all(packets, lambda packet: _time(packet.pts, packet.format) in durations):
        time = _time(frame.pts or 0, stream_format)
        # Damage can make a decoder repeat itself, and an encoder takes each time once.
        if time not in durations or (times and time <= times[-1]):
            continue
        picture = rendering.picture(frame, stream_format, time)
        stream = stream or _new_stream(container, picture, rendering)
        times.append(time)
        picture.time_base = time_base
        picture.pts, picture.duration = (round(seconds / time_base) for seconds in (time - times[0], durations[time]))
        # The source's kinds of pictures are nothing to the encoder.
        picture.pict_type = PictureType.NONE
        container.mux(stream.encode(picture))
    if stream:
        container.mux(stream.encode(None))
    return times


def _new_stream(container: OutputContainer, picture: VideoFrame, rendering: _Rendering) -> VideoStream:
    stream = container.add_stream("libx264", rate=rendering.frame_rate, options=_OPTIONS)
    codec = stream.codec_context
    codec.width, codec.height = picture.width, picture.height
    codec.pix_fmt = "yuv420p"
    codec.time_base = rendering.target.time_base
    codec.gop_size = max(1, round(_KEY_PICTURE_EVERY_S * rendering.frame_rate))
    codec.thread_count = _THREADS
    codec.thread_type = ThreadType.FRAME
    codec.color_range, codec.colorspace = picture.color_range, picture.colorspace
    codec.color_primaries, codec.color_trc = picture.color_primaries, picture.color_trc
    return stream
