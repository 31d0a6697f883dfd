"""A store is open when the clock on its wall says so, also on the days on which clocks are set."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.stores import StoreSettings
from backend_api.reports.buckets import Interval, union
from backend_api.reports.opening import is_within, open_intervals, overlap

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
# Days on which clocks are set: by an hour, at midnight, by half an hour; and a date that an island left out.
SET = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 11, 1)),
    ("Africa/Cairo", date(2026, 4, 24)),
    ("Africa/Cairo", date(2026, 10, 30)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Asia/Kolkata", date(2026, 6, 1)),
]


Pairs = list[tuple[str, str]]


def settings(tz: str = "Europe/Berlin", special: tuple[dict[str, Any], ...] = (), **days: Pairs) -> StoreSettings:
    """Days are given as pairs of texts, such as `monday=[("06:00", "22:00")]`."""
    return of_week(days, tz, special)


def of_week(week: dict[str, Pairs], tz: str, special: tuple[dict[str, Any], ...] = ()) -> StoreSettings:
    hours = {day: [{"opens": opens, "closes": closes} for opens, closes in pairs] for day, pairs in week.items()}
    return StoreSettings.model_validate({"name": "Gym", "tz": tz, "hours": hours, "special_days": special})


def around(day: date, days: int = 1) -> Interval:
    middle_ms = to_ms(datetime(day.year, day.month, day.day, tzinfo=UTC))
    return Interval(middle_ms - days * DAY_MS, middle_ms + (days + 1) * DAY_MS)


def local(found: list[Interval], tz: str) -> list[str]:
    times = [(from_ms(at_ms).astimezone(ZoneInfo(tz))) for item in found for at_ms in (item.begin_ms, item.end_ms)]
    return [f"{a:%d %H:%M}-{b:%d %H:%M}" for a, b in zip(times[::2], times[1::2], strict=True)]


minutes = st.integers(0, 1439).map(lambda at: f"{at // 60:02}:{at % 60:02}")
openings = st.tuples(minutes, minutes | st.just("24:00")).filter(lambda pair: pair[0] != pair[1])
days = st.fixed_dictionaries({day: openings | st.none() for day in WEEKDAYS})


@given(place=st.sampled_from(SET), week=days, special=openings | st.none(), data=st.data())
def test_open_is_what_the_wall_clock_says(
    place: tuple[str, date], week: dict[str, Any], special: tuple[str, str] | None, data: st.DataObject
) -> None:
    """But in an hour that comes twice, of which an opening or closing has one alone."""
    tz, day = place
    zone, span = ZoneInfo(tz), around(day, days=2)
    exception = {"on": day.isoformat(), "openings": [{"opens": special[0], "closes": special[1]}] if special else []}
    store = of_week({name: [pair] for name, pair in week.items() if pair}, tz, (exception,))
    found = open_intervals(store, span)
    assert found == union(found)
    instant_ms = data.draw(st.integers(span.begin_ms, span.end_ms - 1))
    at = from_ms(instant_ms).astimezone(zone)
    wall = at.replace(tzinfo=None)
    begun = [wall.date(), wall.date() - timedelta(days=1)]
    says = False
    for begins in begun:
        pair = special if begins == day else week[WEEKDAYS[begins.weekday()]]
        if pair:
            opens, closes = (datetime.combine(begins, datetime.min.time()) + clock(text) for text in pair)
            closes += timedelta(days=closes <= opens)
            says |= opens <= wall < closes
    twice = at.utcoffset() != at.replace(fold=1 - at.fold).utcoffset()
    assert twice or is_within(found, instant_ms) == says


def clock(text: str) -> timedelta:
    return timedelta(hours=int(text[:2]), minutes=int(text[3:]))


@given(place=st.sampled_from(SET))
def test_a_store_that_is_always_open_is_open_without_a_break(place: tuple[str, date]) -> None:
    tz, day = place
    always = of_week({name: [("00:00", "24:00")] for name in WEEKDAYS}, tz)
    assert open_intervals(always, around(day, days=5)) == [around(day, days=5)]


def test_over_midnight_belongs_to_the_evening() -> None:
    store = settings(friday=[("22:00", "02:00")], saturday=[("10:00", "14:00"), ("20:00", "24:00")])
    found = open_intervals(store, around(date(2026, 6, 6), days=2))
    assert local(found, "Europe/Berlin") == ["05 22:00-06 02:00", "06 10:00-06 14:00", "06 20:00-07 00:00"]


def test_a_special_day_takes_the_place_of_its_weekday_but_not_of_the_night_before() -> None:
    store = settings(
        special=({"on": "2026-06-06"}, {"on": "2026-06-07", "openings": [{"opens": "09:00", "closes": "10:00"}]}),
        friday=[("22:00", "02:00")],
        saturday=[("10:00", "14:00")],
    )
    found = open_intervals(store, around(date(2026, 6, 6), days=2))
    assert local(found, "Europe/Berlin") == ["05 22:00-06 02:00", "07 09:00-07 10:00"]


@pytest.mark.parametrize(
    ("day", "opens", "closes", "hours"),
    [
        # 02:00 to 03:00 is left out in March, and comes twice in October.
        (date(2026, 3, 29), "01:00", "04:00", 2.0),
        (date(2026, 3, 29), "02:30", "04:00", 1.0),
        (date(2026, 3, 29), "01:00", "02:30", 1.0),
        (date(2026, 3, 29), "02:10", "02:50", 0.0),
        (date(2026, 10, 25), "01:00", "04:00", 4.0),
        (date(2026, 10, 25), "02:30", "04:00", 2.5),
        (date(2026, 10, 25), "01:00", "02:30", 2.5),
    ],
)
def test_nights_on_which_clocks_are_set(day: date, opens: str, closes: str, hours: float) -> None:
    found = open_intervals(settings(sunday=[(opens, closes)]), around(day))
    assert sum(interval.length_ms for interval in found) == hours * HOUR_MS


def test_without_hours_all_time_counts() -> None:
    store = StoreSettings(name="Gym", tz="UTC")
    assert open_intervals(store, Interval(5, 9)) == [Interval(5, 9)]
    assert open_intervals(store, Interval(5, 5)) == []
    assert open_intervals(settings(), around(date(2026, 6, 6))) == []


stretch_lists = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda pair: Interval(min(pair), max(pair)))
).map(union)


@given(these=stretch_lists, those=stretch_lists)
def test_what_lies_in_both_is_what_lies_in_each(these: list[Interval], those: list[Interval]) -> None:
    both = overlap(these, those)
    for instant in range(41):
        assert is_within(both, instant) == (is_within(these, instant) and is_within(those, instant))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"hours": {"monday": [{"opens": "06:00", "closes": "06:00"}]}}, "a whole day is 00:00 to 24:00"),
        ({"hours": {"monday": [{"opens": "24:00", "closes": "06:00"}]}}, "opens"),
        ({"hours": {"monday": [{"opens": "6:00", "closes": "07:00"}]}}, "opens"),
        (
            {"hours": {"monday": [{"opens": "10:00", "closes": "12:00"}, {"opens": "06:00", "closes": "10:01"}]}},
            "10:00 to 12:00 begins before 06:00 to 10:01 is over",
        ),
        ({"hours": {"funday": []}}, "funday"),
        ({"tz": "Mars/Olympus"}, "there is no time zone 'Mars/Olympus'"),
        ({"name": ""}, "name"),
        ({"special_days": [{"on": "2026-12-24"}]}, "give these, too"),
        ({"hours": {}, "special_days": [{"on": "2026-12-24"}, {"on": "2026-12-24"}]}, "2026-12-24 more than once"),
        ({"hours": {}, "special_days": [{"on": 20261224}]}, "a date is text"),
        ({"hours": {}, "special_days": [{"on": "2101-12-24"}]}, "on"),
        ({"hours": {"monday": [{"opens": f"0{n}:00", "closes": f"0{n}:30"} for n in range(5)]}}, "monday"),
    ],
)
def test_a_mistake_is_named(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        StoreSettings.model_validate({"name": "Gym", "tz": "UTC"} | change)


def test_openings_are_kept_in_order() -> None:
    store = settings(monday=[("18:00", "22:00"), ("06:00", "12:00")])
    assert store.hours is not None
    assert [opening.opens for opening in store.hours.monday] == ["06:00", "18:00"]
    assert StoreSettings.model_validate_json(store.model_dump_json()) == store
