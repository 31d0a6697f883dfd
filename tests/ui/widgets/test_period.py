"""Days are days of a zone, comparisons are with as much time before, whatever clocks do."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.text.local_time import Zone
from ui.widgets.period import MAX_DAYS, Choice, Days, TimeInterval, midnight

BERLIN = Zone("Europe/Berlin", ZoneInfo("Europe/Berlin"))
TODAY = date(2026, 11, 22)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "America/Havana"]).map(
    lambda name: Zone(name, ZoneInfo(name))
)
DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))


@pytest.mark.parametrize(
    ("choice", "first", "last"),
    [
        (Choice.TODAY, "2026-11-22", "2026-11-22"),
        (Choice.YESTERDAY, "2026-11-21", "2026-11-21"),
        (Choice.LAST_7_DAYS, "2026-11-16", "2026-11-22"),
        (Choice.LAST_30_DAYS, "2026-10-24", "2026-11-22"),
        (Choice.DAYS, "2026-11-22", "2026-11-22"),
    ],
)
def test_a_choice_is_counted_from_today(choice: Choice, first: str, last: str) -> None:
    assert Days.chosen(choice, (), TODAY) == Days(date.fromisoformat(first), date.fromisoformat(last))


def test_picked_days_stand_in_any_order_and_are_not_too_many() -> None:
    one, other = date(2026, 11, 3), date(2026, 11, 1)
    assert Days.chosen(Choice.DAYS, (one,), TODAY) == Days(one, one)
    assert Days.chosen(Choice.DAYS, (one, other), TODAY) == Days(other, one)
    assert Days.chosen(Choice.DAYS, (date(2020, 1, 1), TODAY), TODAY).count == MAX_DAYS


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (TODAY, TODAY, "Sunday, 22 November 2026"),
        (date(2026, 11, 16), TODAY, "16 to 22 November 2026"),
        (date(2026, 10, 24), TODAY, "24 October to 22 November 2026"),
        (date(2025, 12, 31), date(2026, 1, 1), "31 December 2025 to 1 January 2026"),
    ],
)
def test_days_in_words(first: date, last: date, words: str) -> None:
    assert Days(first, last).in_words() == words


def test_a_day_on_which_clocks_are_set_is_shorter_or_longer() -> None:
    spring, autumn = date(2026, 3, 29), date(2026, 10, 25)
    lengths = [
        interval.until - interval.since for interval in (Days(day, day).interval(BERLIN) for day in (spring, autumn))
    ]
    assert lengths == [timedelta(hours=23), timedelta(hours=25)]


def test_what_is_not_over_is_compared_up_to_the_same_time_of_day() -> None:
    now = datetime(2026, 11, 22, 13, 30, 59, tzinfo=UTC)
    week = Days(date(2026, 11, 16), TODAY)
    assert week.interval_before(BERLIN, now) == TimeInterval(
        datetime(2026, 11, 8, 23, tzinfo=UTC), datetime(2026, 11, 15, 13, 30, tzinfo=UTC)
    )
    assert week.before_in_words(BERLIN, now) == "the 7 days before up to 14:30"
    yesterday = Days(date(2026, 11, 21), date(2026, 11, 21))
    assert yesterday.interval_before(BERLIN, now) == Days(date(2026, 11, 20), date(2026, 11, 20)).interval(BERLIN)
    assert yesterday.before_in_words(BERLIN, now) == "the day before"


@given(zone=ZONES, first=DAYS, count=st.integers(1, 40), into=st.floats(0, 1, exclude_min=True))
def test_the_time_before_ends_where_the_days_begin_or_sooner(zone: Zone, first: date, count: int, into: float) -> None:
    days = Days(first, first + timedelta(days=count - 1))
    interval = days.interval(zone)
    assert interval.since == midnight(first, zone)
    before = days.interval_before(zone, interval.since + (interval.until - interval.since) * into)
    assert before.until <= interval.since
    assert before.until - before.since >= timedelta(minutes=1)
    over = days.interval_before(zone, interval.until)
    assert (over.since, over.until) == (before.since, interval.since)
