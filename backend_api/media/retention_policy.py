"""Which events' media go, when they are too old or too much. Pure.

Media older than the limit go, whatever they are. For room the oldest go first: those that nobody cares for, then those
that the model has not judged yet, and last those that a person has reviewed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True)
class KeepLimits:
    """For how many days after their event media are kept, and how many bytes at most; None is without a limit."""

    days: float | None = None
    size_bytes: int | None = None

    def __bool__(self) -> bool:
        return self.days is not None or self.size_bytes is not None


@dataclass(frozen=True, slots=True)
class EventMedia:
    """The media of an event that happened at `ts` (aware), and what hangs on them."""

    event_id: UUID
    ts: datetime
    size_bytes: int
    is_waiting: bool = False
    is_reviewed: bool = False


@dataclass(frozen=True, slots=True)
class Removal:
    """An event whose media go, and why."""

    event_id: UUID
    reason: str


def choose(kept: Iterable[EventMedia], limits: KeepLimits, now: datetime) -> Iterator[Removal]:
    """The removals from `kept` at `now` (aware), in that order; the rest keeps `limits`."""
    left = []
    for media in sorted(kept, key=lambda media: media.ts):
        if limits.days is not None and media.ts < now - timedelta(days=limits.days):
            yield Removal(media.event_id, f"clips are kept for {limits.days:g} days")
        else:
            left.append(media)
    if limits.size_bytes is None:
        return
    excess_bytes = sum(media.size_bytes for media in left) - limits.size_bytes
    for media in sorted(left, key=lambda media: (media.is_reviewed, media.is_waiting, media.ts)):
        if excess_bytes <= 0:
            return
        excess_bytes -= media.size_bytes
        yield Removal(media.event_id, f"the clips that are kept take at most {limits.size_bytes / 1e9:g} GB together")
