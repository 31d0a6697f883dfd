"""Times in the zone of the one who reads them."""

from datetime import UTC, datetime, timedelta

import pytest

from ui.text.local_time import Zone, moment

INSTANT = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
BERLIN = Zone.from_name("Europe/Berlin")
NOON = datetime(2026, 1, 31, 11, tzinfo=UTC)


def test_in_the_browsers_zone_with_its_summer_time() -> None:
    zone = Zone.from_name("Europe/Berlin")
    assert zone.clock(INSTANT) == "00:30:00"
    assert zone.full(INSTANT) == "Thursday, 2 July 2026, 00:30:00 (Europe/Berlin)"


@pytest.mark.parametrize("name", [None, "", "Atlantis/Capital", "../../etc/passwd", "/etc/passwd", "\0"])
def test_utc_without_a_zone_that_is_known(name: str | None) -> None:
    assert Zone.from_name(name) == Zone("UTC", UTC)


def test_a_day_is_one_of_the_zones() -> None:
    assert Zone.from_name("UTC").day(INSTANT) == "Wednesday, 1 July 2026"
    assert Zone.from_name("Europe/Berlin").day(INSTANT) == "Thursday, 2 July 2026"


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
