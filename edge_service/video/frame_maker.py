"""From decoded pictures to the frames of one source: small pictures for detection, and clean ones for people."""

from collections.abc import Sequence
from functools import cache, partial
from threading import Lock

from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from edge_service.video.frame import Frame, Image
from edge_service.video.packet_ring import PacketRing
from edge_service.video.packets import EncodedPacket, StreamFormat, decode_all
from edge_service.video.picture import to_image

# To decode one anew takes 40 MB in Full HD. They are seldom, and where several cameras see the same happen they are
# asked for at the same time: one after another they take that once.
_one_whole_picture = Lock()


def picture_at(packets: Sequence[EncodedPacket], time_s: float) -> tuple[Image, float] | None:
    """The picture that is on the screen at `time_s`, in full, from any thread, and the media time that it is of.

    That is the newest of `packets` by then, which is older where a stream is slow or stands still. None where there is
    none, or where it cannot be decoded: the picture before it would be of another moment than is said.
    """
    shown = [packet for packet in packets if packet.is_shown and packet.time_s <= time_s]
    if not shown:
        return None
    wanted = max(shown, key=lambda packet: packet.pts)
    with _one_whole_picture:
        for decoded, stream_format in decode_all(packets, lambda packet: packet.pts == wanted.pts):
            if decoded.pts == wanted.pts:
                return to_image(decoded, stream_format), wanted.time_s
    return None


class FrameMaker:
    """Makes the frames of the source whose packets are in `ring`; pictures are made when they are asked for.

    Detection gets what was decoded for it, whose blocks may not have been smoothed. Where that is so, people get the
    same picture decoded anew from its group's packets. Only when the ring has forgotten these they get the other one.
    """

    def __init__(self, ring: PacketRing) -> None:
        self._ring = ring
        # It remembers how to scale, which takes as long to find out as to do.
        self._reformatter = VideoReformatter()

    def frame(
        self, decoded: VideoFrame, stream_format: StreamFormat, begun_at: int = 0, *, is_clean: bool = True
    ) -> Frame:
        """`decoded` as a frame; `begun_at` is where on the run's time line the file began, in units of the format."""
        pts, (width, height) = decoded.pts or 0, stream_format.display_size
        whole = partial(to_image, decoded, stream_format)
        return Frame(
            time_s=stream_format.seconds(pts),
            source_time_s=stream_format.seconds(pts - begun_at),
            width=width,
            height=height,
            image=cache(whole if is_clean else partial(self._clean, pts, stream_format, decoded)),
            scaled=partial(to_image, decoded, stream_format, reformatter=self._reformatter),
        )

    def stand_in(self, packet: EncodedPacket, key: Frame, key_picture: VideoFrame, begun_at: int = 0) -> Frame:
        """The frame of `packet`, which is not decoded: detection is to look at the frame `key` in its place."""
        return Frame(
            time_s=packet.time_s,
            source_time_s=packet.format.seconds(packet.pts - begun_at),
            width=key.width,
            height=key.height,
            image=cache(partial(self._clean, packet.pts, packet.format, key_picture)),
            scaled=key.scaled,
            looked_at=key,
        )

    def _clean(self, pts: int, stream_format: StreamFormat, instead: VideoFrame) -> Image:
        time_s = stream_format.seconds(pts)
        packets = self._ring.select(time_s, time_s)
        with _one_whole_picture:
            for decoded, its_format in decode_all(packets, lambda packet: packet.pts == pts):
                if decoded.pts == pts:
                    return to_image(decoded, its_format)
            return to_image(instead, stream_format)
