"""Decoding only what detection looks at: the first frame at or past each sampling instant k / fps of media time.

The pictures in between that no other one needs are left encoded.
"""

import math
from collections import deque
from collections.abc import Iterator

from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from edge_service.video.hardware import HardwareDecoding
from edge_service.video.packets import EncodedPacket, StreamFormat, decode, new_decoder

# Containers round time stamps, Matroska to whole milliseconds: a frame that is this early still meets its instant.
_ROUNDING_S = 0.001
# Codecs that say of each picture whether any other one is decoded from it. HEVC says so only within one temporal layer.
_KNOWS_UNREFERENCED = {"h264", "mpeg4", "mpeg2video", "mpeg1video"}
# Codecs whose decoders give each picture at once where none are out of order.
_GIVES_AT_ONCE = {"h264", "hevc"}
# H.264 and HEVC put at most 16 pictures out of the order of showing.
_MAX_REORDERED = 16


def instant_at(time_s: float, fps: float) -> int:
    """The number k of the last sampling instant, k / `fps` seconds, at or before `time_s`; `fps` is above 0."""
    return math.floor((time_s + _ROUNDING_S) * fps)


class Sampler:
    """Picks frames as they come, in the order of showing: never two for one instant, none before time 0."""

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._last_instant = -1

    def is_due(self, time_s: float) -> bool:
        """Whether no frame was taken yet for the instant at or before `time_s`."""
        return instant_at(time_s, self._fps) > self._last_instant

    def wants(self, time_s: float) -> bool:
        """Whether to take the frame at `time_s`, the first since an instant passed; then that instant is served."""
        if not self.is_due(time_s):
            return False
        self._last_instant = instant_at(time_s, self._fps)
        return True


class Outlook:
    """Tells of packets, before they are decoded, whose frame a Sampler will want.

    Of the frames that share an instant that is the earliest one. Packets come in the order of decoding, so the answer
    for one is only sure when all that are shown before it have been noted.
    """

    _REMEMBERED_INSTANTS = 256

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._earliest_s: dict[int, float] = {}

    def note(self, time_s: float) -> None:
        """There is a frame at `time_s`."""
        instant = instant_at(time_s, self._fps)
        self._earliest_s[instant] = min(time_s, self._earliest_s.get(instant, time_s))
        if len(self._earliest_s) > self._REMEMBERED_INSTANTS:
            del self._earliest_s[next(iter(self._earliest_s))]

    def is_wanted(self, time_s: float) -> bool:
        """Whether the frame at `time_s`, which has been noted, is the earliest one of its instant."""
        return self._earliest_s.get(instant_at(time_s, self._fps)) == time_s


class SampledDecoder:
    """Decodes one run of packets into the frames that `sampler` picks, exactly as if all were decoded.

    A packet waits until it is known whether its frame is wanted, at most 16 packets and only in streams that reorder
    pictures. If it is not, and no other picture refers to it, its decoding is skipped. Where pictures come in the order
    of showing, what is not wanted is decoded with the next one that is, since that may refer to it: what comes after
    the last wanted one before a key picture never is. When the frame of an instant cannot be decoded, the next one that
    can takes its place.
    """

    def __init__(
        self,
        stream_format: StreamFormat,
        fps: float,
        sampler: Sampler,
        *,
        skips_deblocking: bool = False,
        hardware: HardwareDecoding | None = None,
    ) -> None:
        self.format = stream_format
        """The format of the packets."""
        self.skips_deblocking = skips_deblocking
        """Whether its pictures are for detection alone, see `new_decoder`."""
        by_hardware = None if hardware is None else hardware.open(stream_format)
        self._hardware = None if by_hardware is None else hardware
        self._decoder: VideoCodecContext = (
            new_decoder(stream_format, skips_deblocking=skips_deblocking) if by_hardware is None else by_hardware
        )
        self._can_skip = stream_format.codec in _KNOWS_UNREFERENCED
        self._gives_at_once = by_hardware is None and stream_format.codec in _GIVES_AT_ONCE
        self._sampler = sampler
        self._outlook = Outlook(fps)
        self._waiting: deque[EncodedPacket] = deque()
        self._put_off: list[EncodedPacket] = []
        self._hidden_pts: set[int] = set()
        self.damaged = 0
        """Packets that could not be decoded so far."""

    def push(self, packet: EncodedPacket) -> Iterator[VideoFrame]:
        """Take the next packet in the order of decoding; the wanted frames that are ready, in the order of showing."""
        if packet.is_shown:
            self._outlook.note(packet.time_s)
        else:
            self._hidden_pts.add(packet.pts)
        self._waiting.append(packet)
        while self._waiting and self._is_decided(self._waiting[0], packet):
            yield from self._decode_when_due(self._waiting.popleft())

    def begin_anew(self) -> None:
        """The next packet is a key picture, after which none refers to one before it."""
        if not self._waiting:  # which may yet be wanted
            self._put_off.clear()

    def finish(self) -> Iterator[VideoFrame]:
        """The wanted frames that are left when there are no more packets."""
        while self._waiting:
            yield from self._decode_when_due(self._waiting.popleft())
        for packet in (*self._taken_up(), None):
            yield from self._decode(packet)

    def _decode_when_due(self, packet: EncodedPacket) -> Iterator[VideoFrame]:
        """Decode `packet`, and before it what was put off; or put it off, if its frame is not due."""
        if self._gives_at_once and not self._decoder.reorder_depth and not self._sampler.is_due(packet.time_s):
            self._put_off.append(packet)
            return
        for due in (*self._taken_up(), packet):
            yield from self._decode(due)

    def _taken_up(self) -> list[EncodedPacket]:
        """What was put off, which no longer is."""
        put_off, self._put_off = self._put_off, []
        return put_off

    def _is_decided(self, packet: EncodedPacket, newest: EncodedPacket) -> bool:
        """Whether all pictures that are shown before `packet` have been noted: none is shown before its own dts."""
        is_complete = newest.dts is not None and newest.dts >= packet.pts
        return is_complete or not self._can_skip or len(self._waiting) > _MAX_REORDERED

    def _decode(self, packet: EncodedPacket | None) -> Iterator[VideoFrame]:
        # A packet that no other one refers to changes none of the pictures that are wanted.
        if packet and self._can_skip:
            self._decoder.skip_frame = "DEFAULT" if self._outlook.is_wanted(packet.time_s) else "NONREF"
        frames = decode(self._decoder, packet)
        if frames is None:
            self.damaged += 1
        if frames and self._hardware is not None:
            self._hardware.note_picture(self._decoder)
        for frame in frames or ():
            if frame.pts is None or frame.pts in self._hidden_pts:
                continue
            if self._sampler.wants(self.format.seconds(frame.pts)):
                yield frame
