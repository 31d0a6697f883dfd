"""From an open video file to encoded packets on the run's time line."""

from collections.abc import Iterator

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from edge_service.video.packets import EncodedPacket, StreamFormat
from edge_service.video.timeline import Timeline


def read_packets(
    container: InputContainer, stream: VideoStream, stream_format: StreamFormat, timeline: Timeline
) -> Iterator[EncodedPacket]:
    """The packets of `stream` in the order of decoding. Raises av.error.FFmpegError where the file breaks off."""
    usual_duration = max(1, round(1 / (stream_format.frame_rate * stream_format.time_base)))
    is_first = True
    for packet in container.demux(stream):
        # The last packet is an empty one; one without any time stamp cannot be shown at any time.
        pts = packet.dts if packet.pts is None else packet.pts
        if not packet.size or pts is None:
            continue
        if is_first:
            # The first key picture is the first to be shown: AVI counts its time from that of decoding.
            begins_shown = packet.is_keyframe and not packet.is_discard
            timeline.begin(pts if begins_shown or stream.start_time is None else stream.start_time)
            is_first = False
        yield _placed(packet, pts, packet.duration or usual_duration, stream_format, timeline)


def _placed(
    packet: "av.Packet[VideoStream]", pts: int, duration: int, stream_format: StreamFormat, timeline: Timeline
) -> EncodedPacket:
    placed_pts, placed_dts = timeline.place(pts, packet.dts, duration)
    return EncodedPacket(
        data=bytes(packet),
        pts=placed_pts,
        dts=placed_dts,
        duration=duration,
        is_key=packet.is_keyframe,
        is_shown=not packet.is_discard,
        format=stream_format,
    )
