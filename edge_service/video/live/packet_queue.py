"""The queue between the thread that reads a camera and the one that watches: packets, at most so many bytes of them."""

import threading
from collections import deque

from edge_service.video.packets import EncodedPacket

DEFAULT_MAX_BYTES = 64 * 1024 * 1024


class PacketQueue:
    """A queue whose reader never waits for room: when it is full, the oldest packets are thrown away.

    Invariant: taken packets begin with a key picture or go on where the last taken one ended.
    """

    def __init__(self, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self.arrived = threading.Event()
        """Set while there is something to take."""
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._packets: deque[EncodedPacket] = deque()
        self._size_bytes = 0
        self._waits_for_key = False

    def put(self, packet: EncodedPacket) -> None:
        """Add the next packet."""
        with self._lock:
            if self._waits_for_key and not packet.is_key:
                return
            self._waits_for_key = False
            self._packets.append(packet)
            self._size_bytes += len(packet.data)
            while self._size_bytes > self._max_bytes:
                self._throw_away_group()
            if self._packets:
                self.arrived.set()

    def take(self) -> list[EncodedPacket]:
        """All packets that are there, which are gone then."""
        with self._lock:
            packets = list(self._packets)
            self._packets.clear()
            self._size_bytes = 0
            self.arrived.clear()
            return packets

    def _throw_away_group(self) -> None:
        """Remove the oldest packets up to the next key picture, or all and what comes before it."""
        self._size_bytes -= len(self._packets.popleft().data)
        while self._packets and not self._packets[0].is_key:
            self._size_bytes -= len(self._packets.popleft().data)
        self._waits_for_key = not self._packets
