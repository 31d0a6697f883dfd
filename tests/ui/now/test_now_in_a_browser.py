"""The page Now in a real browser, against a real backend."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from backend_api.contract.cameras import CameraSetup
from backend_api.contract.sessions import SessionOutcome
from tests.browser import place_of
from tests.ui.dashboard import WIDTHS, Dashboard
from tests.ui.gym import STORE, make_picture
from tests.ui.setup.machines import TRIANGLE
from tests.zones import SQUARE

pytestmark = pytest.mark.e2e


def card(page: Page, name: str) -> Locator:
    return page.locator(".board").get_by_role("listitem").filter(has_text=name)


def test_now_shows_each_machine_keeps_up_and_leads_on(served: Dashboard, browser: Browser) -> None:
    gym = served.gym
    gym.report()
    gym.report("cam_02", ago_s=120)
    for number, outcome in enumerate(
        (SessionOutcome.IN_USE, SessionOutcome.NOT_ATTEMPTED, SessionOutcome.CLEANED, SessionOutcome.NOT_CLEANED)
    ):
        gym.add_session(outcome, machine_id=f"bike_{number}", ago_s=600 + number)
    gym.add_session(SessionOutcome.WINDOW_OPEN, machine_id="rower")
    zones = {"bike_0": SQUARE, "rower": TRIANGLE}
    machines = [{"machine_id": name, "name": name, "zone": zone} for name, zone in zones.items()]
    gym.set_up(CameraSetup.model_validate({"store_id": STORE, "machines": machines, "config": None}))
    gym.store.setups.keep_still(STORE, "cam_01", make_picture())
    with served.visit(browser) as visit:
        page = visit.page
        expect(card(page, "bike_0")).to_contain_text("In use")
        expect(page).to_have_title("Now, gym machines")
        floor = page.get_by_role("img", name="Camera cam_01: bike_0 in use since")
        expect(floor.locator(".label").filter(has_text="rower")).to_contain_text("To be cleaned")
        expect(floor.locator("img")).to_have_js_property("naturalWidth", 160)
        visit.check_everywhere()
        for width in WIDTHS:  # no state makes a card higher than another
            page.set_viewport_size({"width": width, "height": 900})
            visit.settle()
            items = page.locator(".board").get_by_role("listitem")
            assert len(set(items.evaluate_all("found => found.map(each => each.offsetHeight)"))) == 1
        place = place_of(card(page, "bike_2"))
        left = card(page, "rower").locator(".note")
        seconds = left.inner_text()
        expect(left).to_have_text(re.compile(r"^\d+:\d\d left$"))
        expect(left).not_to_have_text(seconds)
        gym.add_session(SessionOutcome.IN_USE, machine_id="bike_2", ago_s=1)
        expect(card(page, "bike_2")).to_contain_text("In use")
        assert place_of(card(page, "bike_2")) == place

        # A press that lasts while the page is brought up to date is a click all the same.
        card(page, "bike_3").hover()
        page.mouse.down()
        gym.add_session(SessionOutcome.IN_USE, machine_id="bike_1", ago_s=1)
        expect(card(page, "bike_1")).to_contain_text("In use")
        page.mouse.up()
        page.wait_for_url("**/review?session=*")
        page.go_back()
        page.get_by_role("link", name="All in Review").click()
        page.wait_for_url("**/review?outcome=*")
        expect(page.get_by_text("bike_3").first).to_be_visible()
        expect(page.get_by_text("bike_0")).to_have_count(0)
