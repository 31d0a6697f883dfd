"""Hours fold into a week without loss, also where clocks are set."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.stats import BucketFigures, Unit
from backend_api.reports.buckets import Interval, buckets
from tests.ui.made_up import make_bucket
from ui.text.local_time import Zone
from ui.usage.heat import Cell, busiest, fold

BERLIN = Zone("Europe/Berlin", ZoneInfo("Europe/Berlin"))
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/Havana"])


def hours_between(begin: datetime, end: datetime, zone: str, **figures: object) -> list[BucketFigures]:
    """The buckets that the backend would answer, all with the same figures."""
    cut = buckets(Interval(to_ms(begin), to_ms(end)), Unit.HOUR, ZoneInfo(zone))
    return [make_bucket(from_ms(part.begin_ms), from_ms(part.end_ms), **figures) for part in cut]


def sundays(cells: list[Cell]) -> list[float]:
    return [cell.observed_s for cell in cells if cell.weekday == 6]


def test_an_hour_that_is_left_out_has_nothing_and_one_that_comes_twice_has_both() -> None:
    spring = datetime(2026, 3, 28, 23, tzinfo=UTC)
    day = hours_between(spring, spring + timedelta(hours=23), "Europe/Berlin", observed_s=60.0)
    assert sundays(fold(day, BERLIN)) == [60.0, 60.0, 0.0] + [60.0] * 21
    autumn = datetime(2026, 10, 24, 22, tzinfo=UTC)
    day = hours_between(autumn, autumn + timedelta(hours=25), "Europe/Berlin", observed_s=60.0)
    assert sundays(fold(day, BERLIN)) == [60.0, 60.0, 120.0] + [60.0] * 21


def test_the_share_is_of_what_was_observed() -> None:
    begin = datetime(2026, 1, 26, 8, tzinfo=UTC)
    week = timedelta(days=7)
    cells = fold(
        [
            make_bucket(begin, begin + timedelta(hours=1), occupied_s=900.0, observed_s=1800.0),
            make_bucket(begin + week, begin + week + timedelta(hours=1), observed_s=1800.0),
        ],
        Zone("UTC", UTC),
    )
    monday_8 = cells[8]
    assert (monday_8.weekday, monday_8.hour, monday_8.share) == (0, 8, 0.25)
    assert {cell.share for cell in cells if cell != monday_8} == {None}
    assert busiest(cells) == monday_8
    assert busiest(fold([], BERLIN)) is None


@given(
    zone=ZONES,
    begin_h=st.integers(0, 365 * 24),
    length_h=st.integers(1, 24 * 9),
)
def test_nothing_is_lost_and_each_cell_stands_once(zone: str, begin_h: int, length_h: int) -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=begin_h)
    found = hours_between(begin, begin + timedelta(hours=length_h), zone, occupied_s=1.0, observed_s=2.0, sessions=1)
    cells = fold(found, Zone(zone, ZoneInfo(zone)))
    assert [(cell.weekday, cell.hour) for cell in cells] == [(day, hour) for day in range(7) for hour in range(24)]
    assert sum(cell.occupied_s for cell in cells) == len(found)
    assert sum(cell.observed_s for cell in cells) == 2 * len(found)
    assert sum(cell.sessions for cell in cells) == len(found)
    assert {cell.share for cell in cells} <= {None, 0.5}
