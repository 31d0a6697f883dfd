"""The dashboard's own server: what it lets in, and that a fault in one page leaves the others alive."""

import http.client
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from backend_api.base.process import REPOSITORY
from backend_api.contract.sessions import SessionOutcome
from tests.ui.dashboard import Dashboard, running_dashboard
from tests.ui.gym import running_gym

pytestmark = pytest.mark.e2e

WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
# In milliseconds since 1970: the last second of the year 9999, for which no zone east of Greenwich has a time.
END_OF_TIME_MS = 253_402_300_799_000


Answered = tuple[int, http.client.HTTPResponse]


def status(url: str, path: str, headers: Mapping[str, str], method: str = "GET") -> Answered:
    """What the dashboard at `url` answers with."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    with closing(connection):
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, response


def port_of(served: Dashboard) -> int:
    port = urlsplit(served.url).port
    assert port is not None
    return port


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "192.168.1.5", "[::1]"])
def test_this_computers_names_and_any_address_are_answered(served: Dashboard, name: str) -> None:
    host = f"{name}:{port_of(served)}"
    code, response = status(served.url, "/", {"Host": host})
    assert code == 200
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert status(served.url, "/_stcore/stream", {**WEBSOCKET, "Host": host, "Origin": f"http://{host}"})[0] == 101


@pytest.mark.parametrize(
    "host", ["evil.test", "gym.example", "evil.test:8501", "127.0.0.1.evil.test", "gym.example@evil.test", ""]
)
def test_another_name_gets_neither_a_page_nor_a_websocket(served: Dashboard, host: str) -> None:
    for path in ("/", "/review", "/_stcore/health", "/static/nothing.js"):
        assert status(served.url, path, {"Host": host})[0] == 403
    for origin in (f"http://{host}", f"http://127.0.0.1:{port_of(served)}"):
        assert status(served.url, "/_stcore/stream", {**WEBSOCKET, "Host": host, "Origin": origin})[0] == 403


@pytest.mark.parametrize("origin", ["http://evil.test", "https://127.0.0.1", "http://127.0.0.1:1", "null"])
def test_a_page_of_another_origin_gets_no_websocket_and_writes_nothing(served: Dashboard, origin: str) -> None:
    headers = {"Host": f"127.0.0.1:{port_of(served)}", "Origin": origin}
    assert status(served.url, "/_stcore/stream", {**WEBSOCKET, **headers})[0] == 403
    assert status(served.url, "/_stcore/upload_file/a/b", headers | {"Content-Length": "0"}, "PUT")[0] == 403


def test_no_style_asks_for_the_theme() -> None:
    """Colours are Streamlit's variables: so pages are tried in each theme and each width, and not in all pairs."""
    styles = [*(REPOSITORY / "ui").rglob("*.css"), *(REPOSITORY / "ui").rglob("*.js")]
    assert len(styles) > 5
    assert [path.name for path in styles if "prefers-color-scheme" in path.read_text(encoding="utf-8")] == []


def test_a_name_that_was_allowed_is_answered(tmp_path: Path) -> None:
    with (
        running_gym(tmp_path) as gym,
        running_dashboard(gym, tmp_path, STREAMLIT_SERVER_ALLOWED_HOSTS="gym.example") as dashboard,
    ):
        headers = {"Host": "gym.example", "Origin": "https://gym.example"}
        assert status(dashboard.url, "/", headers)[0] == 200
        assert status(dashboard.url, "/_stcore/stream", WEBSOCKET | headers)[0] == 101
        assert status(dashboard.url, "/", {"Host": "evil.test"})[0] == 403


def test_a_fault_in_one_page_names_it_leaves_the_others_alive_and_stands_in_the_log(
    browser: Browser, tmp_path: Path
) -> None:
    """One event that older releases accepted, and that no time zone can show."""
    with running_gym(tmp_path) as gym:
        gym.report()
        gym.add_session(SessionOutcome.NOT_ATTEMPTED)
        with closing(sqlite3.connect(gym.database)) as database, database:
            database.execute("UPDATE sessions SET started_ms = ?", (END_OF_TIME_MS,))
        with running_dashboard(gym, tmp_path) as dashboard, dashboard.visit(browser, "review") as visit:
            page = visit.page
            expect(page.get_by_text("The page Review cannot be drawn")).to_be_visible()
            assert "Traceback" not in page.content()
            dashboard.process.wait_for("the page Review cannot be drawn")
            dashboard.process.wait_for("OverflowError")
            page.get_by_role("link", name="Setup").click()
            expect(page.get_by_text("cam_01").first).to_be_visible()
            expect(page.get_by_text("cannot be drawn")).to_have_count(0)
