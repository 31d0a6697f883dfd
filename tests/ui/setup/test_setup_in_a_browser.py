"""The page Setup in a real browser: a zone is clicked, named and downloaded; on a laptop and on a phone."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from backend_api.contract.sessions import SessionOutcome
from edge_service.config import load_config
from tests.browser import place_of
from tests.ui.dashboard import Dashboard, Visit
from tests.ui.setup.machines import BIKE, ROWER
from tests.ui.setup.test_setup_page import SETUP, with_camera

pytestmark = pytest.mark.e2e

CORNERS = ((0.05, 0.3), (0.15, 0.3), (0.15, 0.9), (0.05, 0.9))


@pytest.fixture
def watched(served: Dashboard) -> Dashboard:
    """A camera with two machines, trouble, and a failed question."""
    served.gym.add_session(SessionOutcome.FAILED)
    with_camera(served.gym, SETUP.model_copy(update={"config": "machines: []\nclip: {pre_s: 2}\n"}))
    served.gym.report("cam_02", ago_s=3600, last_error="connection refused")
    return served


def click_corners(page: Page, corners: Sequence[tuple[float, float]]) -> None:
    """Click without waiting for the page in between, as a quick hand does."""
    stage = page.locator(".stage")
    expect(stage.get_by_role("img")).to_be_visible()
    stage.scroll_into_view_if_needed()
    frame = place_of(stage)
    for x, y in corners:
        stage.click(position={"x": x * frame["width"], "y": y * frame["height"]})


def check(visit: Visit) -> None:
    visit.settle()
    visit.check_fits()
    visit.check_accessible()


def test_a_zone_is_clicked_named_and_downloaded_and_an_edge_accepts_the_file(
    watched: Dashboard, browser: Browser, tmp_path: Path
) -> None:
    with watched.visit(browser, "setup") as visit:
        page = visit.page
        expect(page.get_by_text("Rower by the door").first).to_be_visible()
        picture = page.get_by_alt_text("Picture of camera cam_01 with the zones of these machines: Bike 1, Rower")
        expect(picture).to_have_js_property("naturalWidth", 160)
        check(visit)
        click_corners(page, [*CORNERS, (0.5, 0.05)])
        page.get_by_role("button", name="Undo last corner").click()
        expect(page.locator(".dot")).to_have_count(4)
        click_corners(page, CORNERS[:1])
        expect(page.locator("polygon.work")).to_have_count(2)
        page.get_by_placeholder("Leg press 2").fill("Leg press 2")
        page.get_by_placeholder("Leg press 2").press("Tab")
        page.get_by_role("textbox", name="Kind (optional)").fill("leg press")
        page.get_by_role("textbox", name="Kind (optional)").press("Tab")
        page.get_by_text("Corners as numbers").click()
        check(visit)
        page.get_by_role("button", name="Add the machine").click()
        expect(page.locator(".label", has_text="Leg press 2")).to_be_visible()
        expect(page.locator(".dot")).to_have_count(0)
        visit.check_everywhere()
        with page.expect_download() as download:
            page.get_by_role("button", name="Download the file").click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
    assert path.name == "cam_01.yaml"
    config = load_config(path)
    assert config.clip.pre_s == 2
    assert [machine.name for machine in config.machines] == [BIKE.name, ROWER.name, "Leg press 2"]
    assert config.machines[2].kind == "leg press"
    drawn = [number for corner in config.machines[2].zone for number in corner]
    assert drawn == pytest.approx([number for corner in CORNERS for number in corner], abs=0.01)


def test_on_a_phone_in_the_dark_too(watched: Dashboard, browser: Browser) -> None:
    with watched.visit(browser, "setup", width=390, dark=True) as visit:
        expect(visit.page.get_by_text("connection refused")).to_be_visible()
        check(visit)
        click_corners(visit.page, CORNERS)
        expect(visit.page.locator(".dot")).to_have_count(4)
        check(visit)
