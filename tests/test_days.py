"""Tests that go by days wait around midnight, and at no other time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.days import to_wait


@pytest.mark.parametrize(
    ("now", "zone", "seconds"),
    [
        ("2026-01-31T09:00:00Z", "UTC", 0),
        ("2026-01-31T23:57:59Z", "UTC", 0),
        ("2026-01-31T23:58:00Z", "UTC", 240),
        ("2026-02-01T00:00:00Z", "UTC", 120),
        ("2026-02-01T00:02:00Z", "UTC", 0),
        ("2026-01-31T22:59:00Z", "Europe/Berlin", 180),
        ("2026-10-24T22:00:00Z", "Europe/Berlin", 120),
        ("2026-10-25T00:30:00Z", "Europe/Berlin", 0),
    ],
)
def test_midnight_is_waited_for_where_it_is_near(now: str, zone: str, seconds: int) -> None:
    at = datetime.fromisoformat(now).astimezone(UTC)
    assert to_wait(at, ZoneInfo(zone)) == timedelta(seconds=seconds)
