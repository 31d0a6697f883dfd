"""Which events' media go, when they are too old or too much, and when a person is asked first. Pure.

Media older than the limit go, whatever they are. For room the oldest go first: those that nobody cares for, then those
that the model has not judged yet, and last those that a person has reviewed. No clock is trusted alone: an event is as
old as the later of its own time and its arrival, and what a jump of the clock has made too old stays until a person
says that the clock is right. So does everything where a sweep would take more than half of what there is.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from backend_api.contract.bounds import MAX_AHEAD

# Corrections by a time server are smaller.
LARGEST_CORRECTION = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class KeepLimits:
    """For how many days after their event media are kept, and how many bytes at most; None is without a limit.

    `events_days` is for how many days the events themselves are kept.
    """

    days: float | None = None
    size_bytes: int | None = None
    events_days: float | None = None

    def __bool__(self) -> bool:
        return self.days is not None or self.size_bytes is not None or self.events_days is not None


@dataclass(frozen=True, slots=True)
class EventMedia:
    """The media of an event whose age counts from `counts_from` (aware), and what hangs on them."""

    event_id: UUID
    counts_from: datetime
    size_bytes: int
    is_waiting: bool = False
    is_reviewed: bool = False


@dataclass(frozen=True, slots=True)
class Removal:
    """An event whose media go, and why."""

    event_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class Sweep:
    """The removals of one sweep: media of events, and files of events that never came.

    `held_back` says in words what waits for a person's word, and why; None when nothing does.
    """

    removals: Sequence[Removal]
    unknown: Sequence[UUID] = ()
    held_back: str | None = None


@dataclass(frozen=True, slots=True)
class Clocks:
    """The time by the clock (aware), and the time without the clock's jumps ahead since the process began."""

    now: datetime
    steady_now: datetime


def counts_from(ts: datetime, received_at: datetime) -> datetime:
    """From when the age of an event counts: the later of both, unless it happened long after it arrived."""
    return received_at if ts > received_at + MAX_AHEAD else max(ts, received_at)


def choose(kept: Iterable[EventMedia], limits: KeepLimits, now: datetime) -> Iterator[Removal]:
    """The removals from `kept` at `now` (aware), in that order; the rest keeps `limits`."""
    left = []
    for media in sorted(kept, key=lambda media: media.counts_from):
        if limits.days is not None and media.counts_from < now - timedelta(days=limits.days):
            yield Removal(media.event_id, f"clips are kept for {limits.days:g} days")
        else:
            left.append(media)
    if limits.size_bytes is None:
        return
    excess_bytes = sum(media.size_bytes for media in left) - limits.size_bytes
    for media in sorted(left, key=lambda media: (media.is_reviewed, media.is_waiting, media.counts_from)):
        if excess_bytes <= 0:
            return
        excess_bytes -= media.size_bytes
        yield Removal(media.event_id, f"the clips that are kept take at most {limits.size_bytes / 1e9:g} GB together")


def held_back_text(reason: str) -> str:
    """The `reason` why a removal waits for a person's word, and how the word is given."""
    return (
        f"{reason}: nothing of that is removed until somebody says so, with "
        "python backend_api/doctor.py --allow-removal; or set the clock or the limits right"
    )


def plan(
    kept: Sequence[EventMedia], unknown: Sequence[UUID], limits: KeepLimits, clocks: Clocks, *, is_allowed: bool = False
) -> Sweep:
    """The sweep of `kept`, and of `unknown`, events that never came; `is_allowed` is a person's word."""
    removals = list(choose(kept, limits, clocks.now))
    if is_allowed:
        return Sweep(removals, unknown)
    held_back = None
    if clocks.now > clocks.steady_now + LARGEST_CORRECTION:
        certain = list(choose(kept, limits, clocks.steady_now))
        if len(certain) < len(removals):
            ahead = timedelta(seconds=round((clocks.now - clocks.steady_now).total_seconds()))
            made_old = len(removals) - len(certain)
            held_back = f"the clock jumped ahead by {ahead}, which made the clips of {made_old} events too old"
            removals = certain
    total = len(kept) + len(unknown)
    if 2 * (len(removals) + len(unknown)) <= total:
        return Sweep(removals, unknown, held_back)
    parts = [f"the clips and pictures of {len(removals)} of {total} events are too old or too much"] if removals else []
    parts += [f"{len(unknown)} of {total} events with clips or pictures are in no database"] if unknown else []
    return Sweep((), (), " and ".join(parts))
