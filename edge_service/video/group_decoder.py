"""Decoding one camera's packets a group of pictures at a time: as little as `economy.py` and a lookout allow."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from itertools import chain
from typing import Literal, Protocol

from av.video.frame import VideoFrame

from edge_service.video.economy import Economy
from edge_service.video.frame import Frame
from edge_service.video.frame_maker import FrameMaker
from edge_service.video.gaps import is_gap
from edge_service.video.hardware import HardwareDecoding
from edge_service.video.packet_ring import PacketRing
from edge_service.video.packets import EncodedPacket, StreamFormat, decode_key
from edge_service.video.sampling import SampledDecoder, Sampler

log = logging.getLogger(__name__)

DecodeName = Literal["auto", "all"]
"""What is decoded: all that detection asks for, and in full, or less of it where that changes no event."""

# Some cameras make groups as long as nothing moves.
_MOST_CHANGES = 5
_ON = "while nobody comes to a machine or leaves one only its key pictures are decoded"
# Only there what it saves, and harms, was measured.
_DEBLOCKED = "h264"


class KeyPicture(Enum):
    """What a key picture says of the machines."""

    SETTLED = "nothing has changed at a machine since the one before, nor does"
    UNSEEN = "somebody who uses a machine is not seen, and nothing else has changed"
    UNSETTLED = "somebody comes to a machine, or may, or the picture is damaged"


class Lookout(Protocol):
    """Says whether a group of pictures needs to be looked at."""

    def judge(self, decode_key: Callable[[], Frame | None], since_s: float) -> KeyPicture:
        """What the key picture says, the one before being of `since_s` of media time.

        `decode_key` gives its frame, None where it is damaged; it need not be called, unless it is SETTLED.
        """
        ...


@dataclass(frozen=True, slots=True)
class Decoding:
    """How a source decodes for detection: whether `skips_deblocking` (see `new_decoder`) where that is safe.

    With a `lookout` groups may be skipped, if it says so. Both only where groups are at most `longest_s` seconds long.
    `hardware` is what decodes, where it can; None for the processor. While somebody `waits` for the newest picture,
    nothing is kept back.
    """

    skips_deblocking: bool = False
    lookout: Lookout | None = None
    longest_s: float = 0.0
    hardware: HardwareDecoding | None = None
    waits: Callable[[], bool] = lambda: False

    @property
    def kept_late_s(self) -> float:
        """How much later than it came a frame may be handed on while groups are kept, at most two of them.

        The absence that ends a use is seen in frames that are decoded as they come: what was kept is decoded with the
        first key picture in which somebody is missing, and an absence of `exit_s` goes on beyond that.
        """
        return 0.0 if self.lookout is None else 2 * self.longest_s


WHOLE = Decoding()


@dataclass(slots=True)
class _Group:
    """Packets that are kept until the next key picture; the first is a key picture, that of `frame`."""

    frame: Frame
    packets: list[EncodedPacket] = field(default_factory=list)


class GroupDecoder:
    """Gives the frames that detection is to look at, the first at or past each sampling instant, of a camera's packets.

    It is either decoding packets as they come, or keeping those of at most two groups. Of these the older one is known
    to lie between two key pictures that are settled. When the younger turns out so, too, the older one's instants are
    given, with the nearer key picture to be looked at in their place; else both are decoded whole, or the younger one
    alone, where somebody is not seen and nobody came. So what happens in a group is known with the next key picture,
    and the tracker knows for a group before it who was there.
    """

    def __init__(
        self,
        fps: float,
        sampler: Sampler,
        ring: PacketRing,
        decoding: Decoding = WHOLE,
        begun_at: Callable[[], int] = lambda: 0,
    ) -> None:
        """`ring` has each packet before it comes here; `begun_at` tells at which pts the file began."""
        self.damaged = 0
        """Packets that could not be decoded so far."""
        self._fps = fps
        self._sampler = sampler
        self._frames = FrameMaker(ring)
        self._decoding = decoding
        self._begun_at = begun_at
        self._economy = Economy(decoding.longest_s, fps)
        self._format: StreamFormat | None = None
        self._key: EncodedPacket | None = None
        self._decoder: SampledDecoder | None = None
        self._kept: list[_Group] = []
        self._end_s = float("-inf")
        self._said_off: bool | None = None
        self._changes = 0
        self._told_rest = False

    def push(self, packet: EncodedPacket) -> Iterator[Frame]:
        """Take the next packet in the order of decoding; the frames that are ready, in the order of showing."""
        if packet.format is not self._format:
            yield from self.finish()
            self._format, self._economy, self._key = packet.format, self._economy.afresh(), None
        is_torn = self._end_s > float("-inf") and packet.is_shown and is_gap(self._end_s, packet)
        self._end_s = max(self._end_s, packet.end_s)
        if is_torn:
            yield from self._decode_kept()
            self._economy = self._economy.torn()
        self._check(packet)
        if self._kept and self._decoding.waits():
            yield from self._decode_kept()
        if packet.is_key:
            yield from self._begin_group(packet)
        elif self._kept:
            yield from self._keep(packet)
        else:
            yield from self._decode(packet)

    def finish(self) -> Iterator[Frame]:
        """The frames that are left when there are no more packets, or none come for a while."""
        yield from self._decode_kept()
        yield from self._close()

    def release(self) -> Iterator[Frame]:
        """The frames of what is kept, when nothing comes at present; the next packet goes on where the last one was."""
        yield from self._decode_kept()

    def drop(self) -> None:
        """What is kept comes too late, and the next packet is a key picture that does not follow it."""
        self._kept.clear()
        self._economy = self._economy.torn()

    def _begin_group(self, key: EncodedPacket) -> Iterator[Frame]:
        since_s = self._economy.key_s
        self._economy = self._economy.after_key(key.time_s)
        self._say()
        lookout = None if self._decoding.waits() else self._decoding.lookout
        if lookout is None or self._economy.why_off is not None or since_s is None:
            yield from self._decode_kept()
            yield from self._decode(key)
            return
        if not self._kept:
            self._begin_anew()
            yield from self._close()  # what is shown before the key picture is seen before it is judged
        picture, group = self._look(key, lookout, since_s)
        if group is None:
            if picture is KeyPicture.UNSEEN and len(self._kept) == 2:
                # Nobody came meanwhile, and that somebody leaves, or is missed, is seen in the younger one.
                yield from self._skip(self._kept.pop(0), self._kept[0])
            yield from self._decode_kept()
            yield from self._decode(key)
            return
        if len(self._kept) == 2:
            yield from self._skip(self._kept.pop(0), self._kept[0])
        if self._kept:
            self._economy = self._economy.after_look(has_saved=True)
        self._kept.append(group)

    def _look(self, key: EncodedPacket, lookout: Lookout, since_s: float) -> tuple[KeyPicture, _Group | None]:
        """What `key` says, and the group that it begins, if it is settled."""
        looked: list[_Group] = []

        def decoded() -> Frame | None:
            skips_deblocking = self._skips_deblocking(key)
            pictures = decode_key(key, skips_deblocking=skips_deblocking)
            if not pictures:
                return None
            frame = self._frames.frame(pictures[0], key.format, self._begun_at(), is_clean=not skips_deblocking)
            looked.append(_Group(frame, [key]))
            return frame

        picture = lookout.judge(decoded, since_s)
        if picture is KeyPicture.SETTLED and looked:
            looked[0].frame.let_go()
            return picture, looked[0]
        if looked:
            self._economy = self._economy.after_look(has_saved=False)
        return picture, None

    def _keep(self, packet: EncodedPacket) -> Iterator[Frame]:
        group = self._kept[-1]
        group.packets.append(packet)
        if self._economy.refusal is not None or self._economy.is_overlong(packet.time_s):
            yield from self._decode_kept()

    def _check(self, packet: EncodedPacket) -> None:
        """Look for what shows that the stream's groups cannot be decoded without the ones before."""
        if packet.is_key:
            # The first key picture begins a stream, and is whole in any.
            if len(self._economy.lengths_s) == 1 and self._decoding.longest_s and decode_key(packet) == []:
                self._refuse("its pictures are not whole at a key picture")
            self._key = packet
        elif self._key is not None and packet.pts < self._key.pts:
            self._refuse("its groups of pictures are open")

    def _refuse(self, reason: str) -> None:
        if self._economy.refusal is None:
            self._economy = self._economy.refused(reason)
            self._say()

    def _decode_kept(self) -> Iterator[Frame]:
        """Decode what is kept, whole; after that packets are decoded as they come."""
        kept, self._kept = self._kept, []
        for packet in chain.from_iterable(group.packets for group in kept):
            yield from self._decode(packet)

    def _skip(self, group: _Group, following: _Group) -> Iterator[Frame]:
        """The frames of `group`, which is not decoded."""
        middle_s = (group.frame.time_s + following.frame.time_s) / 2
        for packet in sorted(group.packets, key=lambda packet: packet.pts):
            if packet.is_shown and self._sampler.wants(packet.time_s):
                near = group if packet.time_s <= middle_s else following
                yield self._frames.stand_in(packet, near.frame, self._begun_at())

    def _decode(self, packet: EncodedPacket) -> Iterator[Frame]:
        skips_deblocking = self._skips_deblocking(packet)
        if packet.is_key and self._decoder is not None and self._decoder.skips_deblocking != skips_deblocking:
            yield from self._close()
        if self._decoder is None:
            self._decoder = SampledDecoder(
                packet.format,
                self._fps,
                self._sampler,
                skips_deblocking=skips_deblocking,
                hardware=self._decoding.hardware,
            )
        elif packet.is_key:
            self._begin_anew()
        yield from self._made(self._decoder.push(packet), self._decoder)

    def _begin_anew(self) -> None:
        """A key picture comes: where groups are known to be closed, nothing of the one before is needed for it."""
        if self._decoder is not None and self._economy.is_regular:
            self._decoder.begin_anew()

    def _close(self) -> Iterator[Frame]:
        """The frames that are left in the decoder; the next packet to be decoded is a key picture."""
        decoder, self._decoder = self._decoder, None
        if decoder is not None:
            yield from self._made(decoder.finish(), decoder)
            self.damaged += decoder.damaged

    def _made(self, decoded: Iterable[VideoFrame], decoder: SampledDecoder) -> Iterator[Frame]:
        for picture in decoded:
            frame = self._frames.frame(picture, decoder.format, self._begun_at(), is_clean=not decoder.skips_deblocking)
            del picture  # which the frame has, until it lets go of it
            yield frame

    def _skips_deblocking(self, packet: EncodedPacket) -> bool:
        # The drift goes on until the next key picture.
        return self._decoding.skips_deblocking and packet.format.codec == _DEBLOCKED and self._economy.is_regular

    def _say(self) -> None:
        """Log whether groups are skipped, and why they are not, when that changes; a few times at most."""
        words = self._economy.why_off
        is_off, is_known = words is not None, len(self._economy.lengths_s) == 2
        if self._economy.rest and not self._told_rest:
            self._told_rest = True
            log.info("economy: all is decoded: %s; it is tried again now and then", words)
        if self._decoding.lookout is None or not is_known or is_off == self._said_off or self._economy.rest:
            return
        self._said_off = is_off
        self._changes += 1
        if self._changes <= _MOST_CHANGES:
            log.info("economy: %s", f"all is decoded: {words}" if is_off else _ON)
        elif self._changes == _MOST_CHANGES + 1:
            log.info("economy: its key pictures change again and again; what follows from that is said no more")
