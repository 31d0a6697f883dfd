"""Cleaning and Usage in a real browser, against a real backend: legible everywhere, and led by the address."""

import csv
import re
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, expect

from backend_api.contract.sessions import SessionOutcome
from tests.days import yesterday
from tests.ui.dashboard import Dashboard

pytestmark = pytest.mark.e2e

OUTCOMES = (
    SessionOutcome.CLEANED,
    SessionOutcome.CLEANED,
    SessionOutcome.NOT_CLEANED,
    SessionOutcome.CANNOT_TELL,
    SessionOutcome.NOT_ATTEMPTED,
)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(scope="module")
def noon() -> datetime:
    """Yesterday's, in Berlin."""
    return datetime.combine(yesterday(BERLIN), time(12), BERLIN)


@pytest.fixture(scope="module")
def filled(served: Dashboard, noon: datetime) -> Dashboard:
    """Uses of two machines yesterday at noon, one of each outcome, and one that goes on."""
    for number, outcome in enumerate(OUTCOMES):
        began = noon.astimezone(UTC) + timedelta(minutes=5 * number)
        served.gym.add_session(outcome, machine_id=f"bike_{number % 2}", at=began)
    served.gym.add_session(SessionOutcome.IN_USE, machine_id="rower", ago_s=30)
    return served


def test_cleaning(filled: Dashboard, browser: Browser, tmp_path: Path) -> None:
    with filled.visit(browser, "cleaning?period=Last+30+days") as visit:
        page = visit.page
        expect(page.get_by_text("2 of 5 windows")).to_be_visible()
        expect(page.get_by_text("times in Europe/Berlin")).to_be_visible()
        visit.check_everywhere()

        with page.expect_download() as download:
            page.get_by_role("button", name="Download CSV").click()
        download.value.save_as(tmp_path / "cleaning.csv")
        with (tmp_path / "cleaning.csv").open(newline="") as file:
            assert {row["name"]: row["windows_closed"] for row in csv.DictReader(file)} == {
                "bike_0": "3",
                "bike_1": "2",
                "rower": "0",
            }
        page.get_by_role("radio", name="Last 7 days").click()
        page.get_by_role("radio", name="No attempt").click()
        # The choice that a page begins with does not stand in the address.
        page.wait_for_url("**/cleaning?kind=No+attempt")
        expect(page.locator(".sessions tbody tr")).to_have_count(1)
        page.locator(".sessions a").click()
        page.wait_for_url("**/review?session=*")


def test_usage(filled: Dashboard, browser: Browser, noon: datetime) -> None:
    day = noon.date()
    with filled.visit(browser, f"usage?day={day}") as visit:
        page = visit.page
        expect(page.get_by_label("Timeline of 3 machines: 5 uses", exact=True)).to_be_visible()
        expect(page.get_by_label(re.compile("^Share of time in use by hour"))).to_be_visible()
        visit.check_everywhere()

        page.get_by_role("button", name="Previous").click()
        page.wait_for_url(f"**/usage?day={day - timedelta(days=1)}*")
        expect(page.get_by_text("No machine was in use on this day")).to_be_visible()
        page.reload()
        page.get_by_role("button", name="Show the last day with a use").click()
        expect(page.get_by_label(re.compile("^Timeline of 3 machines"))).to_be_visible()
