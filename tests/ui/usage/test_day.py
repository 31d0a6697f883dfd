"""A day's line is as long as the day, and its labels are what clocks show."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.text.local_time import Zone
from ui.usage.day import DayLine, HourInterval

BERLIN = Zone("Europe/Berlin", ZoneInfo("Europe/Berlin"))
PLAIN = DayLine.of(date(2026, 1, 31), BERLIN)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Havana"])
LINES = st.builds(
    lambda day, zone: DayLine.of(day, Zone(zone, ZoneInfo(zone))), st.dates(date(2026, 1, 1), date(2026, 12, 31)), ZONES
)
MINUTES = st.integers(-2000, 4000)


@pytest.mark.parametrize(("day", "length_h"), [("2026-01-31", 24), ("2026-03-29", 23), ("2026-10-25", 25)])
def test_the_line_is_as_long_as_the_day(day: str, length_h: float) -> None:
    assert DayLine.of(date.fromisoformat(day), BERLIN).length_h == length_h


@pytest.mark.parametrize(
    ("day", "labels"),
    [
        ("2026-01-31", "00 02 04 06 08 10 12 14 16 18 20 22 00"),
        ("2026-03-29", "00 04 06 08 10 12 14 16 18 20 22 00"),
        ("2026-10-25", "00 02 02 04 06 08 10 12 14 16 18 20 22 00"),
    ],
)
def test_labels_of_a_whole_day(day: str, labels: str) -> None:
    line = DayLine.of(date.fromisoformat(day), BERLIN)
    assert [tick.label for tick in line.ticks(line.window([]))] == labels.split()


def test_labels_keep_to_the_clock_where_it_is_set() -> None:
    spring = DayLine.of(date(2026, 3, 29), BERLIN)
    ticks = [(tick.at_h, tick.label) for tick in spring.ticks(HourInterval(1, 3))]
    assert ticks == [(1, "01:00"), (1.5, "01:30"), (2, "03:00"), (2.5, "03:30"), (3, "04:00")]
    autumn = DayLine.of(date(2026, 10, 25), BERLIN)
    assert [tick.label for tick in autumn.ticks(HourInterval(2, 4))] == ["02:00", "02:30", "02:00", "02:30", "03:00"]
    assert [tick.label for tick in autumn.ticks(HourInterval(1, 5))] == ["01", "02", "02", "03", "04"]


def test_what_is_shown_are_the_full_hours_around_all() -> None:
    assert PLAIN.window([HourInterval(9.5, 9.6), HourInterval(11.2, 12.0)]) == HourInterval(9, 12)
    assert PLAIN.window([HourInterval(9.0, 9.0)]) == HourInterval(9, 10)
    assert PLAIN.window([HourInterval(23.5, 24.0)]) == HourInterval(23, 24)
    assert PLAIN.window([]) == HourInterval(0, 24)


@given(line=LINES, begin_min=MINUTES, length_min=st.integers(0, 4000))
def test_what_is_cut_lies_in_the_day_and_keeps_its_length(line: DayLine, begin_min: int, length_min: int) -> None:
    begin = line.begin + timedelta(minutes=begin_min)
    end = begin + timedelta(minutes=length_min)
    found = line.cut(begin, end)
    inside_h = (min(end, line.end) - max(begin, line.begin)) / timedelta(hours=1)
    if found is None:
        assert inside_h <= 0
    else:
        assert 0 <= found.begin_h < found.end_h <= line.length_h
        assert found.end_h - found.begin_h == pytest.approx(inside_h)


@given(line=LINES, begin_h=st.integers(0, 22), length_h=st.integers(1, 25))
def test_labels_are_few_and_true(line: DayLine, begin_h: int, length_h: int) -> None:
    shown = HourInterval(begin_h, min(line.length_h, begin_h + length_h))
    ticks = line.ticks(shown)
    assert 1 <= len(ticks) <= 14
    for tick in ticks:
        assert shown.begin_h <= tick.at_h <= shown.end_h
        local = (line.begin + timedelta(hours=tick.at_h)).astimezone(line.zone.info)
        assert tick.label in {f"{local:%H:%M}", f"{local:%H}"}
        assert local.minute == 0 or ":" in tick.label


def test_hours_are_real_ones() -> None:
    assert PLAIN.hours(datetime(2026, 1, 31, 11, 30, tzinfo=UTC)) == 12.5
