"""The thread that reads a camera: connects, reconnects when it is lost, and puts the packets on the run's time line."""

import logging
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from random import Random
from statistics import median

from backend_api.base.backoff import full_jitter_s
from backend_api.base.clock import Clock
from backend_api.base.process import UsageError
from edge_service.video.live.connection import (
    TIME_BASE_HZ,
    AccessDenied,
    Connect,
    Connection,
    ConnectionLost,
    RawPacket,
)
from edge_service.video.live.media_clock import MediaClock
from edge_service.video.live.packet_queue import PacketQueue
from edge_service.video.packets import EncodedPacket, StreamFormat, reorder_depth
from edge_service.video.stamps import MAX_REORDERED, usual_spacing

log = logging.getLogger(__name__)

# A camera has one edge: it is not to be protected from a crowd, and every second without it is unobserved.
FIRST_DELAY_S = 0.5
MAX_DELAY_S = 5.0
# Many cameras lock a user out after five to seven wrong passwords within half an hour.
DENIED_DELAYS_S = (60.0, 300.0, 900.0, 1800.0)
# Packets that came while the connection was made are handed over at once; after this, packets come as they are sent.
_SETTLE_S = 0.5
_SPACINGS = 9
# Of so many pictures the median says how the wall clock lies: one wrong sender report changes nothing.
_OFFSETS = 99
_ASSUMED_SPACING_S = 0.04


@dataclass(frozen=True, slots=True)
class _Arrived:
    """A packet and when it came, in seconds since the run began."""

    raw: RawPacket
    arrival_s: float


class LiveReader:
    """Reads one camera into `queue` until it is closed. `name` tells no credentials."""

    def __init__(
        self, connect: Connect, name: str, queue: PacketQueue, clock: Clock, rng: Random, begin_s: float
    ) -> None:
        """Media time 0 is when `clock` said `begin_s`."""
        self.captured = 0
        """Pictures that have come."""
        self.connections = 0
        """How many times the camera was reached."""
        self.is_connected = False
        self.problem: str | None = None
        """Why there is no connection, in a phrase without credentials; None while there is one, or none was tried."""
        self._connect = connect
        self._name = name
        self._queue = queue
        self._clock = clock
        self._rng = rng
        self._begin_s = begin_s
        self._closed = threading.Event()
        self._media_clock = MediaClock()
        self._format: StreamFormat | None = None
        self._told_format: StreamFormat | None = None
        self._spacings_s: deque[float] = deque(maxlen=_SPACINGS)
        self._failures = 0
        self._denials = 0
        self._wall_offsets_s: deque[float] = deque(maxlen=_OFFSETS)

    def close(self) -> None:
        """End `run` at the next picture, or when it notices that none comes."""
        self._closed.set()

    def now_s(self) -> float:
        """The media time that is now."""
        return self._clock.monotonic_s() - self._begin_s

    @property
    def wall_offset_s(self) -> float | None:
        """What media time is ahead of the camera's wall clock, in seconds; None where it does not tell that."""
        offsets_s = tuple(self._wall_offsets_s)
        return median(offsets_s) if len(offsets_s) == _OFFSETS else None

    def run(self) -> None:
        """Read until `close`. Raises UsageError when there is no sense in trying again.

        A camera once is a camera for good: an answer that makes no sense, while it starts say, is one more loss.
        """
        while not self._closed.is_set():
            problem, is_denied = self._attempt()
            if self._closed.is_set():
                return
            self._note_loss(problem)
            self._denials = self._denials + 1 if is_denied else 0
            self._clock.wait(self._closed, self._delay_s())

    def _attempt(self) -> tuple[str, bool]:
        """Connect and read as long as it goes; why it ended, and whether the camera wants another password."""
        try:
            with self._connect() as connection:
                self._read(connection)
        except AccessDenied as error:
            return str(error), True
        except ConnectionLost as error:
            return str(error), False
        except UsageError as error:
            if not self.connections:
                raise
            return str(error).removeprefix(f"{self._name}: "), False
        return "the camera ended the stream", False

    def _delay_s(self) -> float:
        if self._denials:
            return DENIED_DELAYS_S[min(self._denials, len(DENIED_DELAYS_S)) - 1]
        return full_jitter_s(self._failures, self._rng, FIRST_DELAY_S, MAX_DELAY_S)

    def _read(self, connection: Connection) -> None:
        has_key = False
        for arrived in self._settled(connection, reorder_depth(connection.format)):
            if self._closed.is_set():
                return
            has_key = has_key or arrived.raw.is_key
            if not has_key:
                continue  # nothing can be decoded before the first key picture
            stream_format = self._known_format(arrived.raw.format or connection.format)
            packet = self._place(arrived, stream_format)
            if not self.is_connected:
                self._note_connection(stream_format)
            self._queue.put(packet)

    def _settled(self, connection: Connection, depth: int) -> Iterator[_Arrived]:
        """The packets as they come, the first ones when it is known how they lie in time.

        A server that begins with what was before the last packet of the connection before tells nothing new with it.
        """
        self._wall_offsets_s.clear()
        first: list[_Arrived] = []
        packets = self._arrivals(connection)
        for arrived in packets:
            first.append(arrived)
            if arrived.arrival_s - first[0].arrival_s >= _SETTLE_S:
                break
        first = _stamped(first)
        self._media_clock.connect([(arrived.raw.stamp_s, arrived.arrival_s) for arrived in first], depth)
        yield from (arrived for arrived in first if not self._media_clock.is_past(arrived.raw.stamp_s))
        yield from packets

    def _arrivals(self, connection: Iterable[RawPacket]) -> Iterator[_Arrived]:
        for raw in connection:
            self.captured += 1
            yield _Arrived(raw, self.now_s())

    def _place(self, arrived: _Arrived, stream_format: StreamFormat) -> EncodedPacket:
        before_s = self._media_clock.last_s
        placed = self._media_clock.place(arrived.raw.stamp_s, arrived.arrival_s)
        self._spacings_s.append(placed.decoded_s - before_s)
        raw = arrived.raw
        if raw.wall_s is not None:
            self._wall_offsets_s.append(placed.shown_s - raw.wall_s)
        return EncodedPacket(
            data=raw.data,
            pts=round(placed.shown_s * TIME_BASE_HZ),
            dts=round(placed.decoded_s * TIME_BASE_HZ),
            # By what is usual here, since what cameras say of their rate is often wrong.
            duration=max(1, round(median(self._spacings_s) * TIME_BASE_HZ)),
            is_key=raw.is_key,
            is_shown=True,
            format=stream_format,
        )

    def _known_format(self, new: StreamFormat) -> StreamFormat:
        """The same object as long as one decoder can go on with what comes."""
        if new is self._told_format and self._format is not None:
            return self._format
        old, self._told_format = self._format, new
        if old is None or not _is_same(old, new):
            if old is not None:
                log.info("%s: sends another format now, %s", self._name, new.describe())
            self._format = old = new
            self._spacings_s.clear()
        return old

    def _note_connection(self, stream_format: StreamFormat) -> None:
        self.is_connected, self.problem = True, None
        self.connections += 1
        if self.connections > 1:
            log.info("%s: sends pictures again", self._name)
        else:
            log.info("%s: sends %s", self._name, stream_format.describe())
        self._failures = 0

    def _note_loss(self, problem: str) -> None:
        was_connected, self.is_connected, self.problem = self.is_connected, False, problem
        self._failures += 1
        if was_connected or self._failures == 1:
            log.warning("%s: %s; trying again until pictures come", self._name, problem)


def _is_same(old: StreamFormat, new: StreamFormat) -> bool:
    # The rate is an estimate, another one with every connection.
    return replace(new, frame_rate=old.frame_rate) == old and new.parameters == old.parameters


def _stamped(first: list[_Arrived]) -> list[_Arrived]:
    """With a stamp also for those before the first one that has one: RTP may tell time only from the second on.

    They are shown before all that follow, since the first one is a key picture.
    """
    known = next((number for number, arrived in enumerate(first) if arrived.raw.stamp_s is not None), len(first))
    stamps = [arrived.raw.stamp_s for arrived in first[known:] if arrived.raw.stamp_s is not None]
    if not stamps:
        return first
    spacing_s = usual_spacing(stamps) or _ASSUMED_SPACING_S
    begin_s = min(stamps[:MAX_REORDERED]) - known * spacing_s
    return [
        _Arrived(replace(arrived.raw, stamp_s=begin_s + number * spacing_s), arrived.arrival_s)
        for number, arrived in enumerate(first[:known])
    ] + first[known:]
