"""The last seconds of encoded video, kept so that a clip can begin before the event is known."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from edge_service.video.gaps import Gap, is_gap, within
from edge_service.video.packets import EncodedPacket, begins_whole

DEFAULT_MAX_BYTES = 96 * 1024 * 1024
# What a packet takes besides its data: many small ones in a long group count, too.
_OVERHEAD_BYTES = 256


@dataclass(slots=True)
class _Group:
    """A key picture and all packets up to the next one."""

    follows_gap: bool
    packets: list[EncodedPacket] = field(default_factory=list)
    size_bytes: int = 0

    @property
    def time_s(self) -> float:
        return self.packets[0].time_s

    @property
    def end_s(self) -> float:
        return max(packet.end_s for packet in self.packets)


class PacketRing:
    """A queue of packets that begins with a key picture, always.

    It forgets from the old end: what lies more than `reach_s` seconds of pictures back, and, whole groups at a time,
    what is more than `max_bytes` bytes. It notes where pictures are missing: a camera was away, a recording paused.
    """

    def __init__(self, reach_s: float, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._reach_s = reach_s
        self._max_bytes = max_bytes
        self._gaps: deque[Gap] = deque()
        self._left_s = float("-inf")
        self._groups: deque[_Group] = deque()
        self._size_bytes = 0
        self._newest_s = float("-inf")
        self._last_key: EncodedPacket | None = None
        # How many groups before the one that is asked for: where pictures are refreshed stripe by stripe they are
        # whole only some time after a key picture, at the next one at the latest.
        self._lead_groups = 0
        self._is_refresh_known = False
        self.began_s = float("inf")
        """Media time of the first key picture that there ever was."""
        self.complete_s = float("-inf")
        """No picture that comes later is shown before this media time."""

    @property
    def size_bytes(self) -> int:
        """The size of the packets, at most `max_bytes`."""
        return self._size_bytes

    def append(self, packet: EncodedPacket) -> None:
        """Add the next packet in the order of decoding. Nothing is kept before the first key picture."""
        gap = packet.is_shown and self._note_gap(packet)
        if packet.is_key:
            self._note_refresh(packet)
            self._groups.append(_Group(follows_gap=gap))
            self.began_s = min(self.began_s, packet.time_s)
        if self._groups:
            group = self._groups[-1]
            group.packets.append(packet)
            group.size_bytes += len(packet.data) + _OVERHEAD_BYTES
            self._size_bytes += len(packet.data) + _OVERHEAD_BYTES
        if packet.is_shown:
            self._newest_s = max(self._newest_s, packet.time_s)
        if packet.dts is not None:
            self.complete_s = max(self.complete_s, packet.format.seconds(packet.dts))
        self._forget()

    def complete_until(self, time_s: float) -> None:
        """No picture comes any more that is shown before `time_s`: the camera is silent."""
        self.complete_s = max(self.complete_s, time_s)

    def gaps(self, start_s: float, end_s: float) -> tuple[Gap, ...]:
        """The gaps between `start_s` and `end_s`, that of a camera which is silent now included."""
        silence = [Gap(self._left_s, self.complete_s)] if self.complete_s > self._left_s > float("-inf") else []
        return within([*self._gaps, *silence], start_s, end_s)

    def select(self, start_s: float, end_s: float) -> tuple[EncodedPacket, ...]:
        """The packets that show `start_s` to `end_s`, in the order of decoding, as far as there are any.

        They begin with the last key picture at or before `start_s` (the first one there is, when there is none), or one
        group before it where pictures are not whole at a key picture, and end with the last packet that is shown by
        `end_s`. The pictures of an open group that lead its key picture, and
        cannot be decoded without the group before, are left out.
        """
        packets = list(self._from_key_picture(start_s))
        while packets and packets[-1].time_s > end_s:
            packets.pop()
        return tuple(packets)

    def _from_key_picture(self, start_s: float) -> Iterator[EncodedPacket]:
        groups = list(self._groups)
        if not groups:
            return iter(())
        begin = max((number for number, group in enumerate(groups) if group.time_s <= start_s), default=0)
        if groups[begin].end_s <= start_s and begin + 1 < len(groups) and groups[begin + 1].follows_gap:
            begin += 1  # nothing was on the screen: the last picture from before the gap may be hours old
        begin = max(0, begin - self._lead_groups)
        key = groups[begin].packets[0]
        return (packet for packet in chain.from_iterable(g.packets for g in groups[begin:]) if packet.pts >= key.pts)

    def _note_refresh(self, key: EncodedPacket) -> None:
        """Look at the second key picture of each format: the first one begins a stream, and is whole in any."""
        last, self._last_key = self._last_key, key
        if last is None or last.format is not key.format:
            self._is_refresh_known, self._lead_groups = False, 0
        elif not self._is_refresh_known:
            self._is_refresh_known, self._lead_groups = True, 0 if begins_whole(key) else 1

    def _note_gap(self, packet: EncodedPacket) -> bool:
        """Whether `packet` comes after a gap, which is noted."""
        left_s, self._left_s = self._left_s, max(self._left_s, packet.end_s)
        if left_s == float("-inf") or not is_gap(left_s, packet):
            return False
        self._gaps.append(Gap(left_s, packet.time_s))
        return True

    def _forget(self) -> None:
        while self._size_bytes > self._max_bytes or self._is_past_reach():
            group = self._groups.popleft()
            self._size_bytes -= group.size_bytes
        while self._gaps and self._groups and self._gaps[0].end_s < self._groups[0].time_s:
            self._gaps.popleft()

    def _is_past_reach(self) -> bool:
        second = 1 + self._lead_groups
        if len(self._groups) <= second:
            return False
        # Time in which no picture came does not count: the rules, too, get to know nothing in it.
        second_s = self._groups[second].time_s
        missing_s = sum(gap.end_s - gap.start_s for gap in self._gaps if gap.start_s >= second_s)
        return second_s <= self._newest_s - missing_s - self._reach_s
