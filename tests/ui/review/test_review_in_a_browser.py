"""The page Review in a real browser: clips play, keys work, nothing moves, links open, on a phone as well."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from backend_api.contract.events import Event
from backend_api.contract.sessions import SessionOutcome
from backend_api.contract.verdicts import Review, Sighting, Verdict
from tests.browser import place_of, plays
from tests.ui.dashboard import Dashboard
from tests.ui.gym import make_picture
from tests.ui.review.page import reviews, session_of
from ui.client.api import BackendApi

pytestmark = pytest.mark.e2e

_MARKED = "a[aria-current=true]"


@pytest.fixture(scope="module")
def attempts(served: Dashboard) -> list[Event]:
    """Sessions that were judged, the newest first; between the second and the third lies one without an attempt."""
    gym = served.gym
    seen = (Sighting(frame=1, what="A cloth on the handle."),)
    kinds = [
        SessionOutcome.CLEANED,
        SessionOutcome.NOT_CLEANED,
        SessionOutcome.NOT_ATTEMPTED,
        SessionOutcome.CLEANED,
        SessionOutcome.CANNOT_TELL,
    ]
    events = []
    for number, kind in enumerate(kinds):
        result: dict[str, Any] = {} if kind is SessionOutcome.NOT_ATTEMPTED else {"frame_times_s": (0.5,), "seen": seen}
        ago_s = 3600.0 - 600 * number
        events.append(gym.add_session(kind, ago_s=ago_s, machine_id=f"bike_0{number}", with_clips=True, **result))
        gym.media.frame_path(events[-1].event_id, 1).write_bytes(make_picture())
    return [events[4], events[3], events[1], events[0]]


def expect_open(page: Page, event: Event) -> None:
    """The session of `event` is marked on the list, and the address names it."""
    expect(page.locator(_MARKED)).to_have_attribute("data-id", session_of(event))
    page.wait_for_function("id => location.search.includes(id)", arg=session_of(event))
    expect(page.get_by_role("heading", name=event.machine_id)).to_be_visible()


def test_a_clip_plays_on_while_sessions_arrive_and_keys_lead_from_answer_to_answer(
    served: Dashboard, browser: Browser, attempts: list[Event]
) -> None:
    first, second, last, _ = attempts
    with served.visit(browser, "review") as visit:
        page = visit.page
        page.get_by_role("navigation", name="Sessions").get_by_role("link").nth(1).click()
        expect_open(page, second)
        page.keyboard.press("k")
        expect_open(page, first)
        assert plays(page)
        page.evaluate("window.played = document.querySelector('video'); played.pause(); played.currentTime = 1.5")
        page.wait_for_function("!played.seeking && played.currentTime > 1.4")

        served.gym.add_session(SessionOutcome.WAITING, machine_id="rower_01", ago_s=200)
        expect(page.get_by_role("button", name="Show 1 new")).to_be_visible()
        expect_open(page, first)
        assert page.evaluate("played === document.querySelector('video') && played.currentTime > 1.4")

        page.get_by_label("Note").click()
        page.keyboard.type("jkaduz")
        page.keyboard.press("Tab")
        visit.settle()
        expect_open(page, first)
        page.keyboard.press("a")
        expect_open(page, second)
        page.keyboard.press("u")
        expect_open(page, last)  # the one between them has no verdict
        assert [review.note for review in reviews(served.gym, first)] == ["jkaduz"]
        page.keyboard.press("z")
        expect_open(page, second)
        visit.settle()
        assert [review.agree for review in reviews(served.gym, second)] == ["unsure", "withdrawn"]
        page.keyboard.press("j")
        expect(page.locator(_MARKED)).to_contain_text("No attempt")
        page.go_back()
        expect_open(page, second)

        page.get_by_role("button", name="Show 1 new").click()
        page.get_by_role("navigation", name="Sessions").get_by_role("link", name="rower_01").click()
        expect(page.get_by_text("The model has not been asked yet")).to_be_visible()
        served.gym.judge(Verdict.CLEANED, summary="Wiped.")
        expect(page.get_by_text("Wiped.")).to_be_visible()


def test_a_link_opens_on_a_phone_with_the_session_above_the_list(
    served: Dashboard, browser: Browser, attempts: list[Event]
) -> None:
    event = attempts[-1]
    BackendApi(served.gym.url).review(event.event_id, Review(agree="no", who="ann"))
    with served.visit(browser, f"review?event={event.event_id}", width=390, dark=True) as visit:
        page = visit.page
        assert plays(page)
        expect(page.get_by_text("Disagreed, ann")).to_be_visible()
        expect(page.get_by_alt_text("Frame 1, at 0.5 s")).to_be_visible()
        clip, rows = place_of(page.locator("video")), place_of(page.get_by_role("navigation", name="Sessions"))
        assert clip["y"] + clip["height"] < rows["y"]
        visit.check_everywhere()
        page.set_viewport_size({"width": 390, "height": 844})
        page.get_by_role("button", name="Close").click()
        expect(page.locator("video")).to_have_count(0)
        page.locator(f"[data-id='{session_of(event)}']").click()
        expect_open(page, event)
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == 0
