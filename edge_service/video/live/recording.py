"""A live camera's stream that is kept for clips and not looked at."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from random import Random

from backend_api.base.clock import Clock
from edge_service.video.live.connection import STALL_S, Connect
from edge_service.video.live.packet_queue import PacketQueue
from edge_service.video.live.reader import LiveReader
from edge_service.video.packet_ring import PacketRing


class LiveRecording:
    """Reads a camera in a thread of its own, over all its outages, into `ring`."""

    def __init__(
        self, connect: Connect, description: str, *, ring: PacketRing, clock: Clock, rng: Random, begin_s: float
    ) -> None:
        """Media time 0 is when `clock` said `begin_s`; `description` tells no credentials."""
        self.description = description
        self.size: tuple[int, int] | None = None
        """Width and height of its pictures as they are shown; None while it is not known."""
        self._ring = ring
        self._queue = PacketQueue()
        self._reader = LiveReader(connect, description, self._queue, clock, rng, begin_s)

    @property
    def problem(self) -> str | None:
        """Why no packets come at present; None while they come."""
        return self._reader.problem

    @property
    def wall_offset_s(self) -> float | None:
        """What media time is ahead of the camera's wall clock; None where it does not tell that."""
        return self._reader.wall_offset_s

    @contextmanager
    def opened(self) -> Iterator[Callable[[float], None]]:
        """Read until the block is left; what it gives puts what has come into the ring, however new it is.

        Raises UsageError, there, when the camera is none.
        """
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="recording") as executor:
            reading = executor.submit(self._reader.run)

            def feed(_until_s: float) -> None:
                if reading.done():
                    reading.result()
                for packet in self._queue.take():
                    self._ring.append(packet)
                    self.size = packet.format.display_size
                self._ring.complete_until(self._reader.now_s() - STALL_S)

            try:
                yield feed
            finally:
                self._reader.close()
