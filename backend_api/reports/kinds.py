"""How often a machine of a kind was free to be used: what a gym plans by, unlike the share of time in use. Pure.

At an instant a machine that was watched is either in use or free; of one that was not watched nothing is known. A kind
had one free when any of its machines was; it had none when all were in use. Between, while those that were watched were
in use and others were not watched, nothing is known, and such time counts as neither.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from backend_api.base.instants import from_ms
from backend_api.contract.stats import Unit
from backend_api.reports.buckets import Interval, buckets, edges, parts


@dataclass(frozen=True, slots=True)
class Watched:
    """One machine: when it was watched, and when, within that, it was in use; each in order and without overlaps."""

    observed: Sequence[Interval]
    occupied: Sequence[Interval]


@dataclass(frozen=True, slots=True)
class Availability:
    """Of the machines of one kind.

    `some_free_ms` and `none_free_ms` are what is known of the time. `by_hour` holds, for each hour of the day, for how
    long they were in use, and watched, in milliseconds summed over machines and days.
    """

    machines: int
    some_free_ms: int = 0
    none_free_ms: int = 0
    by_hour: tuple[tuple[int, int], ...] = field(default=((0, 0),) * 24)

    @property
    def share_some_free(self) -> float | None:
        """The share of the known time in which at least one was free; None when nothing is known."""
        known_ms = self.some_free_ms + self.none_free_ms
        return self.some_free_ms / known_ms if known_ms else None

    @property
    def peak_hour(self) -> int | None:
        """The hour of the day in which they were in use for longest, of equal ones the first; None without any use."""
        busiest = max(range(24), key=lambda hour: self.by_hour[hour][0])
        return busiest if self.by_hour[busiest][0] else None

    @property
    def free_at_peak(self) -> float | None:
        """The share of the watched time in the peak hour in which a machine was free; None without any use."""
        if self.peak_hour is None:
            return None
        occupied_ms, observed_ms = self.by_hour[self.peak_hour]
        return 1 - occupied_ms / observed_ms


def measure_availability(machines: Sequence[Watched], span: Interval, zone: ZoneInfo) -> Availability:
    """The availability of `machines`, which are of one kind, within `span`; hours of the day are those of `zone`."""
    some_free_ms, none_free_ms = _free(machines, span)
    return Availability(len(machines), some_free_ms, none_free_ms, _by_hour(machines, span, zone))


def _free(machines: Sequence[Watched], span: Interval) -> tuple[int, int]:
    """For how long at least one of `machines` was free, and for how long none was: milliseconds."""
    observed = _changes((machine.observed for machine in machines), span, 0)
    occupied = _changes((machine.occupied for machine in machines), span, 1)
    counts, since_ms, some_free_ms, none_free_ms = [0, 0], span.begin_ms, 0, 0
    for at_ms, index, step in sorted([*observed, *occupied]):
        if counts[0] > counts[1]:
            some_free_ms += at_ms - since_ms
        elif counts[1] == len(machines):
            none_free_ms += at_ms - since_ms
        counts[index] += step
        since_ms = at_ms
    return some_free_ms, none_free_ms


def _changes(times: Iterable[Sequence[Interval]], span: Interval, index: int) -> Iterable[tuple[int, int, int]]:
    for intervals in times:
        for interval in (interval.within(span) for interval in intervals):
            if interval.length_ms:
                yield interval.begin_ms, index, 1
                yield interval.end_ms, index, -1


def _by_hour(machines: Sequence[Watched], span: Interval, zone: ZoneInfo) -> tuple[tuple[int, int], ...]:
    hours = buckets(span, Unit.HOUR, zone)
    edges_ms, of_day = edges(hours), [from_ms(hour.begin_ms).astimezone(zone).hour for hour in hours]
    sums = [[0, 0] for _ in range(24)]
    for machine in machines:
        for column, intervals in enumerate((machine.occupied, machine.observed)):
            for interval in intervals:
                for index, length_ms in parts(interval.within(span), edges_ms):
                    sums[of_day[index]][column] += length_ms
    return tuple((occupied_ms, observed_ms) for occupied_ms, observed_ms in sums)
