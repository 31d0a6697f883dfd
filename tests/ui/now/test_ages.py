"""How long ago and when, in few words."""

from datetime import UTC, datetime, timedelta

import pytest

from ui.now.ages import age, ago, lasting, moment
from ui.text.local_time import Zone

BERLIN = Zone.from_name("Europe/Berlin")
NOON = datetime(2026, 1, 31, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (47.9 * 3600, "47 h"),
        (48 * 3600, "2 days"),
    ],
)
def test_an_age_is_rounded_down(seconds: float, words: str) -> None:
    assert age(timedelta(seconds=seconds)) == words
    assert ago(timedelta(seconds=seconds)) == f"{words} ago"
    assert lasting(timedelta(seconds=seconds)) == f"for {words}"


@pytest.mark.parametrize("seconds", [-5, 0, 59.9])
def test_what_is_younger_than_a_minute_is_now(seconds: float) -> None:
    assert ago(timedelta(seconds=seconds)) == lasting(timedelta(seconds=seconds)) == "just now"


@pytest.mark.parametrize(
    ("instant", "words"),
    [
        (NOON, "12:00"),
        (NOON - timedelta(hours=11, minutes=30), "00:30"),
        (NOON - timedelta(hours=13), "Fri 23:00"),
        (NOON - timedelta(days=6), "Sun 12:00"),
        (NOON - timedelta(days=7), "24 Jan 12:00"),
        (NOON + timedelta(days=1), "1 Feb 12:00"),
    ],
)
def test_a_moment_names_its_day_unless_it_is_today(instant: datetime, words: str) -> None:
    assert moment(instant, NOON, BERLIN) == words
