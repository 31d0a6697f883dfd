"""Hours of a day on a wall clock, over midnight and on the days on which clocks are set."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from backend_api.alerts.times import Hours, parse_clock

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("hours", "instant", "holds"),
    [
        ("06:00-22:00", "2026-01-31T05:00", True),
        ("06:00-22:00", "2026-01-31T04:59", False),
        ("06:00-22:00", "2026-01-31T21:00", False),
        ("22:00-07:00", "2026-01-31T21:00", True),
        ("22:00-07:00", "2026-01-31T23:00", True),
        ("22:00-07:00", "2026-01-31T05:59", True),
        ("22:00-07:00", "2026-01-31T06:00", False),
        # Summer time: an hour earlier in UTC; the hour that comes twice holds twice.
        ("22:00-07:00", "2026-07-01T20:00", True),
        ("02:30-03:00", "2026-10-25T00:30", True),
        ("02:30-03:00", "2026-10-25T01:30", True),
        ("02:30-03:00", "2026-03-29T01:00", False),
    ],
)
def test_hours_hold_by_the_wall_clock(hours: str, instant: str, holds: bool) -> None:
    at = datetime.fromisoformat(instant).replace(tzinfo=UTC)
    assert Hours.parse(hours).hold(at, BERLIN) == holds
    assert str(Hours.parse(hours)) == hours


@pytest.mark.parametrize("text", ["22-7", "24:00-01:00", "7:00-8:00", "22:00-22:00", "", "22:00 - 07:00"])
def test_what_are_no_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write them like 22:00-07:00"):
        Hours.parse(text)


@pytest.mark.parametrize("text", ["24:00", "7:30", "0730"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write it like"):
        parse_clock(text)
