"""From an open video file to encoded packets on the run's time line, which starts at 0 and only goes on."""

from collections.abc import Iterator

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from edge_service.video.packets import EncodedPacket, StreamFormat


class Timeline:
    """Places packets on the run's time line; every number counts in the stream's time base.

    `begun_at` is where the current repeat of the file started.
    """

    def __init__(self, splice: int) -> None:
        """A decoding time stamp that falls back by more than `splice` means that another recording was appended."""
        self._splice = splice
        self._shift = 0
        self._end = 0
        self._last_dts: int | None = None
        self.begun_at = 0

    def begin(self, start: int) -> None:
        """A file whose stream starts at time stamp `start` begins: right after the last picture's end."""
        self._go_on_from(start)
        self.begun_at = self._end

    def place(self, pts: int, dts: int | None, duration: int) -> tuple[int, int | None]:
        """The presentation and decoding time stamps of a packet on the run's time line."""
        if dts is not None:
            if self._last_dts is not None and dts < self._last_dts - self._splice:
                self._go_on_from(pts)
            self._last_dts = dts
        placed = pts + self._shift
        self._end = max(self._end, placed + duration)
        return placed, None if dts is None else dts + self._shift

    def _go_on_from(self, start: int) -> None:
        self._shift = self._end - start
        self._last_dts = None


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
