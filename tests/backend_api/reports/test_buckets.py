"""Hours and days follow the calendar of their zone, the days on which clocks are set included."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.stats import Unit
from backend_api.reports.buckets import Interval, buckets, edges, parts, union

HOUR_MS = 3_600_000


def span(zone: ZoneInfo, first: str, last: str) -> Interval:
    begin, end = (datetime.fromisoformat(text).replace(tzinfo=zone) for text in (first, last))
    return Interval(to_ms(begin), to_ms(end))


def local_times(cut: list[Interval], zone: ZoneInfo) -> list[str]:
    return [from_ms(bucket.begin_ms).astimezone(zone).strftime("%H:%M") for bucket in cut]


@pytest.mark.parametrize(
    ("name", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("Europe/Berlin", "2026-06-01", 24),
        ("UTC", "2026-03-29", 24),
        ("America/New_York", "2026-11-01", 25),
        # Here the clocks are set at midnight, and there by half an hour.
        ("Africa/Cairo", "2026-04-24", 23),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("Asia/Kolkata", "2026-06-01", 24),
    ],
)
def test_a_day_is_as_long_as_it_is(name: str, day: str, hours: float) -> None:
    zone = ZoneInfo(name)
    before, after = (datetime.fromisoformat(day) + timedelta(days=days) for days in (-1, 2))
    days = buckets(span(zone, before.isoformat(), after.isoformat()), Unit.DAY, zone)
    assert [bucket.length_ms / HOUR_MS for bucket in days] == [24, hours, 24]


def test_an_hour_that_comes_twice_is_two_and_one_that_is_left_out_none() -> None:
    zone = ZoneInfo("Europe/Berlin")
    autumn = buckets(span(zone, "2026-10-25T01:00", "2026-10-25T04:00"), Unit.HOUR, zone)
    assert local_times(autumn, zone) == ["01:00", "02:00", "02:00", "03:00"]
    spring = buckets(span(zone, "2026-03-29T01:00", "2026-03-29T04:00"), Unit.HOUR, zone)
    assert local_times(spring, zone) == ["01:00", "03:00"]


def test_the_first_and_the_last_bucket_are_cut_short() -> None:
    zone = ZoneInfo("Asia/Kolkata")
    cut = buckets(span(zone, "2026-06-01T09:40", "2026-06-01T11:10"), Unit.HOUR, zone)
    assert local_times(cut, zone) == ["09:40", "10:00", "11:00"]
    assert [bucket.length_ms // 60_000 for bucket in cut] == [20, 60, 10]


@given(
    begin_ms=st.integers(0, 10**12),
    length_ms=st.integers(0, 10 * 24 * HOUR_MS),
    start_ms=st.integers(-(10**9), 2 * 10**9),
    taken_ms=st.integers(0, 10**9),
    unit=st.sampled_from(Unit),
    name=st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns"]),
)
def test_nothing_is_lost_between_buckets(
    begin_ms: int, length_ms: int, start_ms: int, taken_ms: int, unit: Unit, name: str
) -> None:
    whole = Interval(begin_ms, begin_ms + length_ms)
    cut = buckets(whole, unit, ZoneInfo(name))
    assert sum(bucket.length_ms for bucket in cut) == length_ms
    taken = Interval(begin_ms + start_ms, begin_ms + start_ms + taken_ms).within(whole)
    assert sum(part_ms for _, part_ms in parts(taken, edges(cut))) == taken.length_ms


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8))
def test_a_union_holds_each_instant_once(pairs: list[tuple[int, int]]) -> None:
    merged = union([Interval(begin, end) for begin, end in pairs])
    instants = [instant for stretch in merged for instant in range(stretch.begin_ms, stretch.end_ms)]
    assert instants == sorted({instant for begin, end in pairs for instant in range(begin, end)})
