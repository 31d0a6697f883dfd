"""A batch of the outbox for the sender: events in order, up to where they reach, and what may come back."""

from collections.abc import Iterable
from dataclasses import dataclass

from edge_service.outbox.sealed_line import unseal

EVENT = b"event"


@dataclass(frozen=True, slots=True)
class WaitingEvent:
    """An event as JSON, without a line break. `end` is the position after its line, `line_count` how many lines of the
    outbox its batch has used up with it, damaged ones included."""

    body: bytes
    end: int
    line_count: int


@dataclass(frozen=True, slots=True)
class DamagedLine:
    """Bytes at `position` that are not what was once written there."""

    position: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """The waiting `events` up to position `end`, and what lay `damaged` between them. `line_count` counts both."""

    events: tuple[WaitingEvent, ...]
    damaged: tuple[DamagedLine, ...]
    end: int
    line_count: int

    def first(self, count: int) -> "Batch":
        """The batch that ends with the event number `count`, from 1 to the number of events."""
        last = self.events[count - 1]
        return Batch(self.events[:count], (), last.end, last.line_count)

    def ndjson(self) -> bytes:
        """The body of a request: the events, one a line."""
        return b"".join(event.body + b"\n" for event in self.events)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The backend will never take the event `body`: the HTTP status and the reason that it gave."""

    body: bytes
    status: int
    error: str


def collect(lines: Iterable[bytes], start: int, max_lines: int, max_bytes: int) -> Batch:
    """The batch that `lines` from position `start` on make: at most `max_lines` lines and `max_bytes` bytes of NDJSON,
    but always one line, so that none can stand in the way for ever."""
    events: list[WaitingEvent] = []
    damaged: list[DamagedLine] = []
    position, line_count, ndjson_bytes = start, 0, 0
    for line in lines:
        body = unseal(EVENT, line)
        if body is not None:
            ndjson_bytes += len(body) + 1
            if events and ndjson_bytes > max_bytes:
                break
        end = position + len(line)
        line_count += line.endswith(b"\n")
        if body is None:
            damaged.append(DamagedLine(position, line))
        else:
            events.append(WaitingEvent(body, end, line_count))
        position = end
        if len(events) + len(damaged) >= max_lines:
            break
    return Batch(tuple(events), tuple(damaged), position, line_count)
