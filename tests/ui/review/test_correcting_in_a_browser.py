"""Correcting uses and reviewing suggested sessions in a real browser, by key and by touch, on a phone and a screen."""

import pytest
from playwright.sync_api import Browser, Page, expect

from backend_api.contract.corrections import UseTruth
from backend_api.contract.events import Event
from backend_api.contract.sessions import SessionOutcome
from tests.processes import eventually
from tests.ui.dashboard import WIDTHS, Dashboard
from tests.ui.review.page import reviews, session_of
from ui.client.api import BackendApi

pytestmark = pytest.mark.e2e

_MARKED = "a[aria-current=true]"


def uses(served: Dashboard, width: int) -> list[Event]:
    """Sessions that were judged, of a machine of this width's own; the newest first."""
    gym, kinds = served.gym, (SessionOutcome.NOT_CLEANED, SessionOutcome.CLEANED)
    return [
        gym.add_session(kind, ago_s=3600 - 600 * number, machine_id=f"bike_{width}", with_clips=True)
        for number, kind in enumerate(kinds)
    ][::-1]


def expect_open(page: Page, event: Event) -> None:
    expect(page.locator(_MARKED)).to_have_attribute("data-id", session_of(event))
    page.wait_for_function("id => location.search.includes(id)", arg=session_of(event))


@pytest.mark.parametrize("width", WIDTHS)
def test_a_use_is_corrected_and_taken_back(served: Dashboard, browser: Browser, width: int) -> None:
    newer, older = uses(served, width)
    api = BackendApi(served.gym.url)
    address = f"review?session={session_of(newer)}&machine=bike_{width}"
    with served.visit(browser, address, width=width) as visit:
        page = visit.page
        visit.settle()
        if "machine=" not in page.url:
            # Pages share their list of machines for a second: one that is younger was not known yet.
            page.goto(f"{page.url}&machine=bike_{width}")
            visit.settle()
        page.get_by_role("button", name="Nobody was there").click()
        expect_open(page, older)
        row = page.locator(f"[data-id='{session_of(newer)}']")
        expect(row).to_contain_text("No use")
        expect(row).to_contain_text("Corrected")
        visit.settle()
        page.keyboard.press("t")
        expect(page.locator(f"[data-id='{session_of(older)}']")).to_contain_text("Corrected")
        row.click()
        expect_open(page, newer)
        expect(page.get_by_text("Nobody was there, operator")).to_be_visible()
        visit.check_everywhere()
        page.set_viewport_size({"width": width, "height": 900})
        visit.settle()
        page.keyboard.press("m")
        expect_open(page, older)
        page.keyboard.press("k")
        expect_open(page, newer)
        expect(page.get_by_text("Another machine, operator")).to_be_visible()
        visit.settle()
        page.keyboard.press("w")
        expect_open(page, older)
        expect(row).not_to_contain_text("Corrected")
        visit.settle()
        page.keyboard.press("z")
        expect_open(page, newer)
        expect(row).to_contain_text("Corrected")
        visit.settle()
    told = [each.truth for each in api.corrections(newer.session_id).items]
    assert told == [UseTruth.NOBODY, UseTruth.OTHER_MACHINE, UseTruth.WITHDRAWN, UseTruth.OTHER_MACHINE]


@pytest.mark.parametrize("width", WIDTHS)
def test_suggested_sessions_are_reviewed_one_after_the_other(served: Dashboard, browser: Browser, width: int) -> None:
    """From the page Cleaning, by key, until none is left; a corrected one is none any more."""
    events = uses(served, width)
    served.gym.add_session(SessionOutcome.NOT_ATTEMPTED, ago_s=300, machine_id=f"bike_{width}")
    api = BackendApi(served.gym.url)
    with served.visit(browser, "cleaning?period=Last+7+days", width=width) as visit:
        page = visit.page
        page.get_by_role("button", name="Suggest 30 sessions").click()
        link = page.get_by_role("link", name="suggested session")
        expect(link).to_be_visible()
        left = len(api.suggested().items)
        assert left >= len(events)
        visit.settle()
        link.click()
        page.wait_for_url("**/review?reviewed=Suggested*")
        expect(page.get_by_role("navigation", name="Sessions").get_by_role("link")).to_have_count(left)
        visit.settle()
        page.keyboard.press("j")
        expect(page.locator(_MARKED)).to_have_count(1)
        for number in range(left):
            visit.settle()
            before = page.locator(_MARKED).get_attribute("data-id") or ""
            page.keyboard.press("n" if number == 0 else "a")
            expect(page.locator(f"[data-id='{before}'] .review")).not_to_be_empty()
            if number < left - 1:
                expect(page.locator(_MARKED)).not_to_have_attribute("data-id", before)
        # The last one may show a correction from before, so that nothing on the page tells that its answer has come.
        eventually(lambda: not api.suggested().items, "every suggested session is reviewed")
        visit.settle()
    assert sum(len(reviews(served.gym, event)) for event in events) >= 1
