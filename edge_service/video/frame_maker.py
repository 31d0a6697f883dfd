"""From decoded pictures to the frames of one source: small pictures for detection, and clean ones for people."""

from collections.abc import Sequence
from functools import cache, partial
from threading import Lock

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from edge_service.video.frame import Frame, Image
from edge_service.video.packet_ring import PacketRing
from edge_service.video.packets import EncodedPacket, StreamFormat, decode_all
from edge_service.video.picture import to_image

# To decode one anew takes 40 MB in Full HD. They are seldom, and where several cameras see the same happen they are
# asked for at the same time: one after another they take that once.
_one_whole_picture = Lock()
# A picture that is made for detection and has at most this share of the pixels is small.
_SMALL_SHARE = 0.25
# A network's, the witness's; of a few more when a camera changes its size.
_MOST_SIZES = 4


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
        image = _image_of(packets, wanted.pts)
    return None if image is None else (image, wanted.time_s)


def _image_of(packets: Sequence[EncodedPacket], pts: int) -> Image | None:
    """The picture of `pts`, decoded from `packets`; None where it is not in them, or damaged."""
    # Found, it is all that is left of the decoder while it is converted.
    found = next(
        (found for found in decode_all(packets, lambda packet: packet.pts == pts) if found[0].pts == pts), None
    )
    return None if found is None else to_image(*found)


class _Picture:
    """A decoded picture, and the small ones that were made of it, which are all that is left when it is let go of."""

    def __init__(self, decoded: VideoFrame, stream_format: StreamFormat, scalers: "_Scalers") -> None:
        self._decoded: VideoFrame | None = decoded
        self._format = stream_format
        self._scalers = scalers
        self._small: dict[tuple[int, int], Image] = {}

    def let_go(self) -> None:
        """Keep the small ones alone, if there are any: a picture in Full HD takes 3 MB."""
        if self._small:
            self._decoded = None

    def scaled(self, size: tuple[int, int]) -> Image:
        """The upright picture, stretched to `size`, width and height in pixels."""
        made = self._small.get(size)
        if made is None:
            made = self._scaled(size)
            width, height = self._format.display_size
            if size[0] * size[1] <= _SMALL_SHARE * width * height:
                self._small[size] = made
        return made

    def _scaled(self, size: tuple[int, int]) -> Image:
        if self._decoded is not None:
            return to_image(self._decoded, self._format, size, self._scalers.of(size))
        largest = self._small[max(self._small)]
        return np.asarray(cv2.resize(largest, size, interpolation=cv2.INTER_LINEAR), np.uint8)

    @property
    def whole(self) -> Image | None:
        """The picture in full; None when it was let go of."""
        return None if self._decoded is None else to_image(self._decoded, self._format)

    def stretched(self) -> Image:
        """The picture in full, or what is left of it, stretched."""
        whole = self.whole
        return self._scaled(self._format.display_size) if whole is None else whole


class _Scalers:
    """What scales to each size: how is remembered, and to find it out takes as long as to do it."""

    def __init__(self) -> None:
        self._by_size: dict[tuple[int, int], VideoReformatter] = {}

    def of(self, size: tuple[int, int]) -> VideoReformatter:
        """The one for `size`, width and height in pixels."""
        if size not in self._by_size and len(self._by_size) >= _MOST_SIZES:
            self._by_size.clear()
        return self._by_size.setdefault(size, VideoReformatter())


class FrameMaker:
    """Makes the frames of the source whose packets are in `ring`; pictures are made when they are asked for.

    Detection gets what was decoded for it, whose blocks may not have been smoothed. Where that is so, people get the
    same picture decoded anew from its group's packets; and also where the frame was let go of. Only when the ring has
    forgotten these, or they are damaged, they get what is left of the other one.
    """

    def __init__(self, ring: PacketRing) -> None:
        self._ring = ring
        self._scalers = _Scalers()

    def frame(
        self, decoded: VideoFrame, stream_format: StreamFormat, begun_at: int = 0, *, is_clean: bool = True
    ) -> Frame:
        """`decoded` as a frame; `begun_at` is where on the run's time line the file began, in units of the format."""
        pts, (width, height) = decoded.pts or 0, stream_format.display_size
        picture = _Picture(decoded, stream_format, self._scalers)
        image = cache(partial(self._image, pts, stream_format, picture, is_clean=is_clean))

        def let_go() -> None:
            image.cache_clear()
            picture.let_go()

        return Frame(
            time_s=stream_format.seconds(pts),
            source_time_s=stream_format.seconds(pts - begun_at),
            width=width,
            height=height,
            image=image,
            scaled=picture.scaled,
            let_go=let_go,
        )

    def stand_in(self, packet: EncodedPacket, key: Frame, begun_at: int = 0) -> Frame:
        """The frame of `packet`, which is not decoded: detection is to look at the frame `key` in its place."""
        image = cache(partial(self._of_packet, packet.pts, packet.format, key))
        return Frame(
            time_s=packet.time_s,
            source_time_s=packet.format.seconds(packet.pts - begun_at),
            width=key.width,
            height=key.height,
            image=image,
            scaled=key.scaled,
            looked_at=key,
            let_go=image.cache_clear,
        )

    def _image(self, pts: int, stream_format: StreamFormat, picture: _Picture, *, is_clean: bool) -> Image:
        found = picture.whole if is_clean else None
        if found is None:
            found = self._anew(pts, stream_format)
        return picture.stretched() if found is None else found

    def _of_packet(self, pts: int, stream_format: StreamFormat, key: Frame) -> Image:
        found = self._anew(pts, stream_format)
        return key.image() if found is None else found

    def _anew(self, pts: int, stream_format: StreamFormat) -> Image | None:
        """The picture decoded from the ring's packets; None where they are forgotten or damaged."""
        time_s = stream_format.seconds(pts)
        packets = self._ring.select(time_s, time_s)
        with _one_whole_picture:
            return _image_of(packets, pts)
