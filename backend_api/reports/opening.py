"""When a store is open: the intervals of time that the clock on its wall makes of its opening hours. Pure.

On the days on which clocks are set: an hour that is left out is neither open nor closed, so what would open or close in
it does so where the clock leaps. Of an hour that comes twice the first counts for opening, the second for closing: a
store that closes at half past two is open until the clock shows that for the last time.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.stores import Opening, StoreSettings
from backend_api.reports.buckets import Interval, union

_DAY = timedelta(days=1)


def open_intervals(settings: StoreSettings, span: Interval) -> list[Interval]:
    """When the store is open within `span`, in order and without overlaps; all of `span` when it has no hours."""
    if settings.hours is None:
        return union([span])
    zone = ZoneInfo(settings.tz)
    intervals = (_interval(day, opening, zone) for day, opening in _openings(settings, span, zone))
    return union([interval.within(span) for interval in intervals])


def is_within(intervals: Sequence[Interval], instant_ms: int) -> bool:
    """Whether one of `intervals`, which are in order and without overlaps, holds the instant."""
    index = bisect_right(intervals, instant_ms, key=lambda interval: interval.begin_ms) - 1
    return index >= 0 and instant_ms < intervals[index].end_ms


def overlap(these: Sequence[Interval], those: Sequence[Interval]) -> list[Interval]:
    """The time that lies in both; each, and what comes of it, is in order and without overlaps."""
    found = []
    for interval in these:
        index = bisect_right(those, interval.begin_ms, key=lambda other: other.end_ms)
        last = bisect_left(those, interval.end_ms, key=lambda other: other.begin_ms)
        found += [interval.within(other) for other in those[index:last]]
    return found


def _openings(settings: StoreSettings, span: Interval, zone: ZoneInfo) -> Iterator[tuple[date, Opening]]:
    """Every opening that may touch `span`, with the day that it begins on."""
    special = {day.on: day.openings for day in settings.special_days}
    # What opens on the day before may last into the first one; `end_ms` itself lies outside.
    day = from_ms(span.begin_ms).astimezone(zone).date() - _DAY
    last = from_ms(span.end_ms).astimezone(zone).date()
    while day <= last:
        by_weekday = settings.hours.days[day.weekday()] if settings.hours else ()
        yield from ((day, opening) for opening in special.get(day, by_weekday))
        day += _DAY


def _interval(day: date, opening: Opening, zone: ZoneInfo) -> Interval:
    closes_on = day + opening.closes_days_later * _DAY
    begin_ms = _instants_ms(day, opening.opens_at, zone)[0]
    return Interval(begin_ms, max(begin_ms, _instants_ms(closes_on, opening.closes_at, zone)[-1]))


def _instants_ms(day: date, at: time, zone: ZoneInfo) -> list[int]:
    """When the wall shows `at` on `day`, in order: once or twice; where it never does, when the clock leaps over it."""
    wall = datetime.combine(day, at)
    found = sorted(to_ms(wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)) for fold in (0, 1))
    shown = [instant_ms for instant_ms in found if from_ms(instant_ms).astimezone(zone).replace(tzinfo=None) == wall]
    if shown:
        return shown
    # The leap lies between the two ways to read a time that is left out.
    leaps_ms = bisect_left(
        range(*found), wall, key=lambda instant_ms: from_ms(instant_ms).astimezone(zone).replace(tzinfo=None)
    )
    return [found[0] + leaps_ms]
