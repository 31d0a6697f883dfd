"""The dashboard in a real browser, started as its user starts it: what is the same on every page."""

from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from backend_api.contract.sessions import SessionOutcome
from tests.browser import place_of
from tests.processes import Running, free_port
from tests.ui.dashboard import Dashboard, running_dashboard, streamlit
from tests.ui.gym import running_gym

pytestmark = pytest.mark.e2e


def test_the_backend_goes_away_and_comes_back_without_a_reload(browser: Browser, tmp_path: Path) -> None:
    with ExitStack() as up:
        port = free_port()
        gym = up.enter_context(running_gym(tmp_path, port=port))
        session = gym.add_session(SessionOutcome.NOT_ATTEMPTED)
        with (
            running_dashboard(gym, tmp_path) as dashboard,
            dashboard.visit(browser, f"review?session={session.session_id}") as visit,
        ):
            heading = visit.page.get_by_role("heading", name=session.machine_id)
            expect(heading).to_be_visible()
            up.close()
            expect(visit.page.get_by_text("The backend is away")).to_be_visible()
            expect(visit.page.get_by_text("python backend_api/main.py")).to_be_visible()
            expect(heading).to_have_count(0)
            with running_gym(tmp_path, port=port):
                expect(heading).to_be_visible()
                expect(visit.page.get_by_text("The backend is away")).to_have_count(0)


def test_a_busy_port_is_one_line(served: Dashboard) -> None:
    port = urlsplit(served.url).port
    assert port is not None
    with Running(streamlit(port)) as second:
        assert second.wait() == 1
        assert len(second.lines) == 1
        assert f"Port {port} is not available" in second.output


@pytest.mark.parametrize("width", [390, 700])
def test_the_first_click_after_a_page_was_chosen_is_no_other_ones(
    served: Dashboard, browser: Browser, width: int
) -> None:
    session = served.gym.add_session(SessionOutcome.NOT_ATTEMPTED, machine_id="narrow")
    with served.visit(browser, width=width) as visit:
        visit.page.get_by_role("link", name="Review", exact=True).click()
        visit.page.wait_for_url("**/review*")
        visit.settle()
        row = place_of(visit.page.get_by_role("navigation", name="Sessions").get_by_role("link").first)
        visit.page.mouse.click(row["x"] + row["width"] / 2, row["y"] + 5)
        visit.page.wait_for_url(f"**/review?session={session.session_id}")
