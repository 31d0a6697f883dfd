"""Words from elsewhere are text on every page: no Markdown, no HTML, no formula, no address that is asked for."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from backend_api.base.clock import SystemClock
from backend_api.contract.cameras import CameraSetup, MachineSetup
from backend_api.contract.sessions import SessionOutcome
from backend_api.contract.verdicts import Review, Sighting
from tests.processes import eventually
from tests.ui.dashboard import Dashboard, Visit
from ui.client.api import BackendApi

pytestmark = pytest.mark.e2e

ZONE = ((0.1, 0.1), (0.9, 0.1), (0.5, 0.9))
# Each of these would do something as Markdown, HTML, a formula or a link. At most 100 characters, as a name has.
HOSTILE = [
    "![a](http://evil.test/a.png)",
    '<img src="http://evil.test/b.png" onerror="alert(1)">',
    "[press here](http://evil.test/c) <http://evil.test/d>",
    "**b** _i_ ~~s~~ `c` $x^2$ :red[r] :material/home: :smile: # h",
    "www.evil.test http://evil.test/e me@evil.test",
    "<script>alert(1)</script> &lt;b&gt; \\* -> <- -- >= <= ~= 2026-01-31 10:30:00",
    '=HYPERLINK("http://evil.test/f") | | 1. - > {{7*7}}',
]
TRACES = "a[href*='evil.test'], img[src*='evil.test'], iframe[src*='evil.test'], .katex, [href^='mailto:'], s, del"


@pytest.fixture(scope="module")
def hostile(served: Dashboard) -> Dashboard:
    """A gym in which every word that somebody else chooses is hostile."""
    gym, api = served.gym, BackendApi(served.gym.url)
    words = " ".join(HOSTILE)
    machines = tuple(
        MachineSetup(machine_id=f"machine_{number}", name=name, zone=ZONE) for number, name in enumerate(HOSTILE)
    )
    gym.set_up(CameraSetup(store_id="gym_demo", machines=machines, config=f"note: '{HOSTILE[0]}'\nmachines: []\n"))
    gym.report(last_error=words[:500], version=HOSTILE[0], detector=HOSTILE[2])
    gym.report("cam_02", ago_s=600, last_error=words[:500], detector="mock")
    for number in range(len(HOSTILE)):
        event = gym.add_session(
            SessionOutcome.NOT_CLEANED,
            machine_id=f"machine_{number}",
            ago_s=4000 + 300 * number,
            summary=words,
            model=words[:200],
            requested_model=HOSTILE[0],
            server=HOSTILE[2],
            prompt_version=HOSTILE[3],
            seen=(Sighting(frame=1, what=words[:300]),),
        )
        api.review(event.event_id, Review(agree="no", note=words, who=words[:200]))
    gym.add_session(SessionOutcome.NOT_ATTEMPTED, machine_id="machine_0", ago_s=3600)
    gym.add_event(
        clip_error=words[:200],
        attributes={"seconds_into_window": 1.0, HOSTILE[1]: HOSTILE[0]},
        ts=SystemClock().now() - timedelta(seconds=100),
    )
    gym.give_up(words)
    api.close()
    return served


@pytest.mark.parametrize("path", ["", "cleaning?period=Last+7+days", "usage", "setup", "review"])
def test_words_from_elsewhere_are_text_on_every_page(hostile: Dashboard, browser: Browser, path: str) -> None:
    with hostile.visit(browser, path) as visit:  # at its end: no other host was asked, and nothing went wrong
        check(visit.page)


def test_an_open_session_shows_its_machine_its_verdict_and_its_reviews_as_they_are(
    hostile: Dashboard, browser: Browser
) -> None:
    with hostile.visit(browser, "review") as visit:
        for number, name in enumerate(HOSTILE):
            query = {"machine_id": f"machine_{number}"}
            sessions = hostile.gym.http.get(f"{hostile.gym.url}/sessions", params=query).json()
            session_id = sessions["items"][-1]["session_id"]
            open_session(visit, session_id, name)
            for summary in visit.page.locator("summary").all():
                summary.click()
            check(visit.page)


def test_a_failed_question_shows_its_reason_as_it_is(hostile: Dashboard, browser: Browser, tmp_path: Path) -> None:
    with hostile.visit(browser, "setup") as visit:
        expect(visit.page.get_by_text(" ".join(HOSTILE)).first).to_be_visible()
        visit.page.get_by_role("button", name="Forget", exact=True).click()
        check(visit.page)


def open_session(visit: Visit, session_id: str, name: str) -> None:
    """Choose it on the list; it is open when its machine's `name` is what stands above it."""
    visit.page.locator(f"[data-id='{session_id}']").click()
    # The address tells of the click, and not that what it leads to is drawn.
    visit.page.wait_for_function("id => location.search.includes(id)", arg=session_id)
    heading = visit.page.locator(".st-key-open_session h2").first

    def is_open() -> bool:
        # Without what only says where a line may not break.
        return " ".join(heading.inner_text().replace("\N{WORD JOINER}", "").split()) == name

    eventually(is_open, f"the session of {name} is open")
    visit.settle()


def check(page: Page) -> None:
    """Nothing on the page came of a hostile word."""
    expect(page.get_by_test_id("stMain").locator(TRACES)).to_have_count(0)
    assert page.evaluate("document.querySelectorAll('script[src*=evil], link[href*=evil]').length") == 0
