"""Times in the zone of the one who reads them."""

from datetime import UTC, datetime

import pytest

from ui.text.local_time import Zone

INSTANT = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)


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
