"""The source of frames of a live camera: always the newest one, at the time when it was seen."""

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from random import Random

from backend_api.base.clock import Clock
from backend_api.base.process import in_same_name
from edge_service.video.frame import Frame
from edge_service.video.group_decoder import WHOLE, Decoding, GroupDecoder
from edge_service.video.live.connection import STALL_S, Connect
from edge_service.video.live.packet_queue import PacketQueue
from edge_service.video.live.reader import LiveReader
from edge_service.video.packet_ring import PacketRing
from edge_service.video.packets import EncodedPacket
from edge_service.video.sampling import Sampler

# How long nothing is handed on before None is, so that what waits for time to pass can go on.
TICK_S = 1.0
# A packet may lie in the queue, or be under way, when its connection is lost.
_UNDER_WAY_S = 0.5
# A frame that has waited longer than this is no longer looked at: detection is too slow for it. But a burst,
# because the network held it up, is looked at in its order as far as that goes: it shows who was there meanwhile.
PATIENCE_S = 1.0


class LiveSource:
    """The frames of a camera, at most `fps` a second; every packet goes into `ring`.

    Media time 0 is when `clock` said `begin_s`; `description` tells no credentials.

    A thread of its own reads the camera. When the frames are asked for more slowly than they come, and the next one has
    waited for more than PATIENCE_S seconds, all up to the newest are skipped. The camera may be away for any time, also
    at the start.
    """

    def __init__(
        self,
        connect: Connect,
        description: str,
        *,
        fps: float,
        ring: PacketRing,
        clock: Clock,
        rng: Random,
        begin_s: float,
        decoding: Decoding = WHOLE,
    ) -> None:
        self.description = description
        self.is_live = True
        """A camera's time is the clock's."""
        self.warning: str | None = None
        """What troubles a camera troubles detection, too."""
        self.captured = 0
        """Frames that the camera had delivered, decoded or not, when the last one was handed on."""
        self.processed = 0
        """Frames that were handed on."""
        self._ring = ring
        self._clock = clock
        self._queue = PacketQueue()
        self._reader = LiveReader(connect, description, self._queue, clock, rng, begin_s)
        self._decoder = GroupDecoder(fps, Sampler(fps), ring, decoding)
        self._waiting: deque[_Waiting] = deque()
        self._waits_for_key = False
        self._reading: Future[None] | None = None
        self._ready: Iterator[Frame] = iter(())
        # Groups that were kept are decoded all at once, and what comes meanwhile waits for as long as they are.
        self._pushed_s = self._behind_s = 0.0
        self._taken_s = clock.monotonic_s()

    @property
    def complete_s(self) -> float:
        """No frame that comes later is of before this media time, in seconds."""
        return self._ring.complete_s

    @property
    def skipped(self) -> int:
        """Frames that were delivered and not, or not yet, handed on."""
        return self.captured - self.processed

    @property
    def reconnects(self) -> int:
        """How many times the connection was lost and made again."""
        return max(0, self._reader.connections - 1)

    @property
    def problem(self) -> str | None:
        """The hindrance that keeps pictures away at present; None while they come."""
        return self._reader.problem

    @property
    def wall_offset_s(self) -> float | None:
        """What media time is ahead of the camera's wall clock, in seconds; None where it does not tell that."""
        return self._reader.wall_offset_s

    def __iter__(self) -> Generator[Frame | None, None, None]:
        """Frames as they come, and None after TICK_S seconds without; closing the iterator closes the connection.

        Never ends by itself. Raises UsageError when the camera is none.
        """
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="camera") as executor:
            self._reading = reading = executor.submit(in_same_name(self._reader.run))
            reading.add_done_callback(lambda _: self._queue.arrived.set())
            try:
                while True:
                    yield self._next(reading)
            finally:
                self._reader.close()

    def check(self) -> None:
        """Raises UsageError when the camera is none, as asking for a frame does."""
        if self._reading is not None and self._reading.done():
            self._reading.result()

    def _next(self, reading: "Future[None]") -> Frame | None:
        deadline_s = self._clock.monotonic_s() + TICK_S
        while (left_s := deadline_s - self._clock.monotonic_s()) > 0:
            if not self._waiting:
                self._clock.wait(self._queue.arrived, left_s)
            if reading.done():
                reading.result()
            self._take()
            if frame := self._decode_next():
                self.processed += 1
                return frame
        if self._clock.monotonic_s() - self._taken_s >= TICK_S:
            self._ready = self._decoder.release()
            if frame := self._decode_next():
                self.processed += 1
                return frame
        silent_s = STALL_S if self._reader.is_connected else _UNDER_WAY_S
        self._ring.complete_until(self._reader.now_s() - silent_s)
        return None

    def _take(self) -> None:
        now_s = self._clock.monotonic_s()
        packets = self._queue.take()
        self.captured = self._reader.captured
        if packets:
            self._taken_s = now_s
        for packet in packets:
            self._ring.append(packet)
            self._waits_for_key = self._waits_for_key and not packet.is_key
            if not self._waits_for_key:
                self._waiting.append(_Waiting(packet, now_s))

    def _forget(self) -> None:
        """Let go of what waits: the next frames are of what comes from the next call on."""
        self._waiting.clear()
        self._ready = iter(())
        for _ in self._decoder.finish():
            pass

    def _decode_next(self) -> Frame | None:
        """The first wanted frame of what waits, if any; the last one when that has waited for too long."""
        while (frame := next(self._ready, None)) is None:
            if not self._waiting:
                self._behind_s = 0.0
                return None
            if self._clock.monotonic_s() - self._waiting[0].since_s > PATIENCE_S + self._behind_s:
                return self._newest()
            packet = self._waiting.popleft().packet
            self._pushed_s = packet.time_s
            self._ready = self._decoder.push(packet)
        self._behind_s = max(self._behind_s, self._pushed_s - frame.time_s)
        return frame

    def _newest(self) -> Frame | None:
        """The last wanted frame of what waits, decoded from the newest key picture on where there is one."""
        newest_key = max((number for number, waiting in enumerate(self._waiting) if waiting.packet.is_key), default=0)
        if newest_key:
            self._decoder.drop()
        packets = [waiting.packet for waiting in self._waiting][newest_key:]
        self._waiting.clear()
        frames = deque(chain.from_iterable(map(self._decoder.push, packets)), maxlen=1)
        return frames[0] if frames else None


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A packet that is to be decoded, and since when, by the monotonic clock."""

    packet: EncodedPacket
    since_s: float
