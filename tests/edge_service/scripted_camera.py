"""A live camera as a test scripts it: what each of its connections sends, and when."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av

from edge_service.video.file_probe import probe
from edge_service.video.live.connection import TIME_BASE_HZ, Connection, ConnectionLost, RawPacket
from edge_service.video.packets import StreamFormat
from tests.fake_clock import FakeClock


@dataclass(frozen=True)
class Sends:
    """A connection: before each of `packets` its number of seconds goes by; with `then` it is lost, or else ends."""

    format: StreamFormat
    packets: Sequence[tuple[float, RawPacket]]
    then: str | None = None


@dataclass(frozen=True)
class _Scripted:
    format: StreamFormat
    packets: Iterable[RawPacket]

    def __iter__(self) -> Iterator[RawPacket]:
        return iter(self.packets)


class ScriptedCamera:
    """Opens what `script` says, one after the other: a connection, or in words why there is none; then calls `end`."""

    def __init__(self, script: Sequence[Sends | str], clock: FakeClock, end: Callable[[], None] = lambda: None) -> None:
        self._script = iter(script)
        self._clock = clock
        self.end = end

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        step = next(self._script, None)
        if step is None:
            self.end()
            raise ConnectionLost("the script is over")
        if isinstance(step, str):
            raise ConnectionLost(step)
        yield _Scripted(step.format, self._send(step))

    def _send(self, step: Sends) -> Iterator[RawPacket]:
        for wait_s, packet in step.packets:
            self._clock.advance(wait_s)
            yield packet
        if step.then is not None:
            raise ConnectionLost(step.then)


def format_of(path: Path) -> StreamFormat:
    """The format of the file, as a live camera's."""
    return replace(probe(path), time_base=Fraction(1, TIME_BASE_HZ))


def raw_packets(path: Path) -> list[RawPacket]:
    """The packets of the file."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        return [
            RawPacket(
                bytes(packet),
                float((packet.pts or 0) * stream.time_base),
                packet.is_keyframe,
            )
            for packet in container.demux(stream)
            if packet.size
        ]


def evenly(packets: Iterable[RawPacket], every_s: float = 0.04) -> list[tuple[float, RawPacket]]:
    """Each `every_s` seconds after the one before."""
    return [(every_s, packet) for packet in packets]
