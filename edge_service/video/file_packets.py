"""From an open video file to encoded packets on the run's time line."""

from collections import deque
from collections.abc import Iterator
from itertools import chain

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from edge_service.video.file_clock import LOOKED_AHEAD, FileClock
from edge_service.video.format_tracker import FormatTracker
from edge_service.video.packets import EncodedPacket, StreamFormat

# How far a stream's own start may lie from its first picture: further away it is as wrong as any stamp.
_MOST_START_S = 1.0


def read_packets(
    container: InputContainer, stream: VideoStream, stream_format: StreamFormat, clock: FileClock
) -> Iterator[EncodedPacket]:
    """The packets of `stream` in the order of decoding; `stream_format` is that of the first.

    Raises av.error.FFmpegError where the file breaks off, and PictureTooLarge.
    """
    formats = FormatTracker(stream, stream_format)
    waiting: deque[av.Packet[VideoStream]] = deque()
    broken: av.error.FFmpegError | None = None
    packets = _stamped(container, stream)
    try:
        first = next(packets, None)
        if first is None:
            return
        clock.begin(_start(first, stream))
        for packet in chain([first], packets):
            waiting.append(packet)
            if len(waiting) > LOOKED_AHEAD:
                yield _placed(waiting, formats, clock)
    except av.error.FFmpegError as error:
        broken = error
    while waiting:
        yield _placed(waiting, formats, clock)
    if broken:
        raise broken


def _stamped(container: InputContainer, stream: VideoStream) -> Iterator["av.Packet[VideoStream]"]:
    """Without the last packet, which is an empty one, and those without any time stamp, which no time can show."""
    for packet in container.demux(stream):
        if packet.pts is None:
            packet.pts = packet.dts
        if packet.size and packet.pts is not None:
            yield packet


def _start(first: "av.Packet[VideoStream]", stream: VideoStream) -> int:
    """The first key picture is the first to be shown: AVI counts its time from that of decoding."""
    begin, start, time_base = first.pts or 0, stream.start_time, stream.time_base
    if start is None or time_base is None or (first.is_keyframe and not first.is_discard):
        return begin
    return start if abs(start - begin) * time_base <= _MOST_START_S else begin


def _placed(waiting: "deque[av.Packet[VideoStream]]", formats: FormatTracker, clock: FileClock) -> EncodedPacket:
    """The first of `waiting`, by what comes after it."""
    packet = waiting.popleft()
    stream_format = formats.format_of(packet)
    pts = packet.pts or 0
    duration = packet.duration or max(1, round(1 / (stream_format.frame_rate * stream_format.time_base)))
    if packet.is_discard:
        place = clock.place_hidden(pts, packet.dts, duration)
    else:
        ahead = [after.pts for after in waiting if not after.is_discard and after.pts is not None]
        place = clock.place(pts, packet.dts, duration, ahead)
    return EncodedPacket(
        data=bytes(packet),
        pts=place.pts,
        dts=place.dts,
        duration=place.duration,
        is_key=packet.is_keyframe,
        is_shown=not packet.is_discard,
        format=stream_format,
    )
