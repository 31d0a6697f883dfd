"""Hours and days of a time zone as intervals of time: a day is 23 or 25 hours long when its clocks are set."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.stats import Unit


@dataclass(frozen=True, slots=True)
class Interval:
    """From `begin_ms` up to, but not including, `end_ms`: milliseconds since 1970."""

    begin_ms: int
    end_ms: int

    @property
    def length_ms(self) -> int:
        """Its length, in milliseconds; 0 when it ends before it begins."""
        return max(0, self.end_ms - self.begin_ms)

    def within(self, other: "Interval") -> "Interval":
        """The part of it that lies in `other`."""
        return Interval(max(self.begin_ms, other.begin_ms), min(self.end_ms, other.end_ms))


def buckets(span: Interval, unit: Unit, zone: ZoneInfo) -> list[Interval]:
    """`span` cut where an hour or a day of `zone` begins; the first and the last may be cut short."""
    found = []
    begin_ms = span.begin_ms
    while begin_ms < span.end_ms:
        end_ms = min(to_ms(_next(from_ms(begin_ms), unit, zone)), span.end_ms)
        found.append(Interval(begin_ms, end_ms))
        begin_ms = end_ms
    return found


def edges(cut: list[Interval]) -> list[int]:
    """Where `cut`, which are one behind the other, begin, and the last one's end: milliseconds since 1970."""
    return [*(bucket.begin_ms for bucket in cut), *(bucket.end_ms for bucket in cut[-1:])]


def parts(interval: Interval, edges_ms: list[int]) -> Iterator[tuple[int, int]]:
    """How much of `interval`, in milliseconds, lies between which of `edges_ms` and the next; the first is 0."""
    begin_ms, end_ms = interval.begin_ms, interval.end_ms
    index = max(0, bisect_right(edges_ms, begin_ms) - 1)
    while index + 1 < len(edges_ms) and edges_ms[index] < end_ms:
        length_ms = min(end_ms, edges_ms[index + 1]) - max(begin_ms, edges_ms[index])
        if length_ms > 0:
            yield index, length_ms
        index += 1


def union(intervals: list[Interval]) -> list[Interval]:
    """The same time without overlaps, in order."""
    merged: list[Interval] = []
    for interval in sorted(intervals, key=lambda item: item.begin_ms):
        if interval.length_ms == 0:
            continue
        if merged and interval.begin_ms <= merged[-1].end_ms:
            merged[-1] = Interval(merged[-1].begin_ms, max(merged[-1].end_ms, interval.end_ms))
        else:
            merged.append(interval)
    return merged


def _next(instant: datetime, unit: Unit, zone: ZoneInfo) -> datetime:
    local = instant.astimezone(zone)
    if unit is Unit.HOUR:
        # Hours are counted in real time, so that one that comes twice is two.
        into_hour = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return instant + timedelta(hours=1) - into_hour
    # A midnight that is left out is the instant at which it would have been; of one that comes twice the first counts.
    return datetime.combine(local.date() + timedelta(days=1), time(), zone).astimezone(UTC)
