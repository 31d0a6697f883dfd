"""Two gyms in a real browser: figures side by side, suggested reviews, kinds and opening hours, on a phone as well."""

import csv
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, expect

from backend_api.contract.cameras import CameraSetup
from backend_api.contract.sessions import SessionOutcome
from tests.days import yesterday
from tests.ui.dashboard import Dashboard

pytestmark = pytest.mark.e2e

BERLIN = ZoneInfo("Europe/Berlin")
SQUARE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
MARKT, BAHNHOF = "gym_markt", "gym_bahnhof"


@pytest.fixture(scope="module")
def filled(served: Dashboard) -> Dashboard:
    """Thirty uses of two bikes in one gym, judged in turn; one use in another."""
    gym = served.gym
    begin = datetime.combine(yesterday(BERLIN), time(9), BERLIN).astimezone(UTC)
    for number in range(30):
        outcome = SessionOutcome.CLEANED if number % 2 else SessionOutcome.NOT_CLEANED
        at = begin + timedelta(minutes=5 * number)
        gym.add_session(outcome, machine_id=f"bike_{number % 2}", store_id=MARKT, at=at, frame_times_s=())
    gym.add_session(SessionOutcome.NOT_ATTEMPTED, machine_id="rower", store_id=BAHNHOF, camera_id="cam_b", at=begin)
    machines = [{"machine_id": f"bike_{n}", "name": f"Bike {n}", "kind": "bike", "zone": SQUARE} for n in (0, 1)]
    gym.store.setups.keep(
        "cam_01", CameraSetup.model_validate({"store_id": MARKT, "machines": machines, "config": None})
    )
    return served


def test_gyms_are_described_and_chosen(filled: Dashboard, browser: Browser, tmp_path: Path) -> None:
    with filled.visit(browser, f"setup?gym={MARKT}") as visit:
        page = visit.page
        page.get_by_label("People call it").fill("Am Markt")
        page.get_by_label("Monday").fill("all day")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Monday: 'all day' is no opening")).to_be_visible()
        for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"):
            page.get_by_label(day).fill("6-10")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved.")).to_be_visible()
        visit.check_everywhere()
    # The uses of an hour: 9:00 to 10:00 in Berlin; the last window of these closes later.
    with filled.visit(browser, "cleaning?period=Last+7+days") as visit:
        page = visit.page
        expect(page.get_by_role("heading", name="Gyms side by side")).to_be_visible()
        expect(page.get_by_text("that closed after closing time are not counted here")).to_be_visible()
        with page.expect_download() as download:
            page.get_by_role("button", name="Download CSV of gyms").click()
        download.value.save_as(tmp_path / "gyms.csv")
        with (tmp_path / "gyms.csv").open(newline="") as file:
            rows = {row["name"]: row for row in csv.DictReader(file)}
        assert set(rows) == {"Am Markt", BAHNHOF}
        assert 10 <= int(rows["Am Markt"]["windows_closed"]) <= 12
        assert rows[BAHNHOF]["compliance"] == "0.0"
        for row in rows.values():
            assert (row["compliance_corrected"], int(row["missing_reviews"]) > 0) == ("", True)
        visit.check_everywhere()
    with filled.visit(browser, "cleaning?period=Last+7+days") as visit:
        page = visit.page
        # The choice goes along to the next page.
        page.get_by_role("combobox", name="Gym").click()
        page.keyboard.type("Markt")
        page.keyboard.press("Enter")
        page.wait_for_url("**gym=**")
        expect(page.get_by_role("heading", name="Gyms side by side")).to_have_count(0)
        page.get_by_role("link", name="Usage").first.click()
        expect(page.get_by_role("heading", name="Free machines, by kind")).to_be_visible()
        expect(page.get_by_role("region", name="How often a machine of each kind was free")).to_be_visible()
        expect(page.get_by_text("At peak, 40 to 60 %")).to_be_visible()
        visit.check_everywhere()


def test_suggested_reviews_are_walked_through_by_key(filled: Dashboard, browser: Browser) -> None:
    with filled.visit(browser, "cleaning?period=Last+7+days") as visit:
        page = visit.page
        expect(page.get_by_text("Too few reviews", exact=True)).to_be_visible()
        page.get_by_role("button", name="Suggest 30 sessions to review").click()
        expect(page.get_by_text("0 of 30 suggested sessions reviewed.")).to_be_visible()
        visit.check_everywhere()
        page.get_by_role("link", name="Review 30 suggested sessions").click()
        page.wait_for_url("**/review?reviewed=Suggested*")
        visit.settle()
        rows = page.get_by_role("navigation", name="Sessions").get_by_role("link")
        expect(rows).to_have_count(30)
        page.keyboard.press("j")
        ids = [str(row.get_attribute("data-id")) for row in rows.all()]
        # The first ones, and after a click the last one.
        for place in (0, 1, 2, 3, len(ids) - 1):
            session_id = ids[place]
            if place == len(ids) - 1:
                rows.last.click()
            expect(page.locator("a[aria-current=true]")).to_have_attribute("data-id", session_id)
            page.wait_for_function("id => location.search.includes(id)", arg=session_id)
            visit.settle()
            page.keyboard.press("a")
            following = ids[min(place + 1, len(ids) - 1)]
            expect(page.locator("a[aria-current=true]")).to_have_attribute("data-id", following)
        expect(page.get_by_role("button", name="Undo")).to_be_enabled()
        visit.settle()
        # What was reviewed meanwhile stays in the list.
        expect(rows).to_have_count(30)
        visit.check_everywhere()
        reviewed = filled.gym.store.reviews.history()
        assert len({one.event_id for one in reviewed}) == 5
