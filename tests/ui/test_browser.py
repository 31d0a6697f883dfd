"""The dashboard in a real browser, started as its user starts it, against a fake backend."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import av
import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from backend_api.contract import EventType
from backend_api.process import REPOSITORY
from tests.processes import Running, free_port
from tests.ui.fake_backend import FakeBackend, judged, running_backend, stored

pytestmark = pytest.mark.e2e

_ROW_PX = 35
_PATIENCE_MS = 30_000


def make_clip(path: Path) -> bytes:
    """Two seconds of H.264 that a browser plays."""
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        for shade in range(20):
            picture = np.full((90, 160, 3), 10 * shade, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path.read_bytes()


def streamlit(port: int) -> list[str]:
    """The command that starts the dashboard at `port`, with the streamlit of the tests' own Python."""
    program = str(Path(sys.executable).with_name("streamlit"))
    return [program, "run", str(REPOSITORY / "ui" / "app.py"), "--server.port", str(port)]


@dataclass
class Dashboard:
    """An open page, and the backend behind it."""

    page: Page
    backend: FakeBackend
    url: str
    hosts: set[str]

    def open(self, query: str = "") -> None:
        self.page.goto(f"{self.url}review{query}")
        expect(self.page.get_by_role("heading", name="Review", exact=True)).to_be_visible()

    @property
    def table(self) -> Locator:
        return self.page.get_by_test_id("stDataFrame")

    def click_row(self, row: int) -> None:
        self.table.locator("canvas").first.wait_for()
        self.table.click(position={"x": 150, "y": _ROW_PX * (row + 1.5)})

    def expect_address(self, pattern: str) -> None:
        self.page.wait_for_function("text => new RegExp(text).test(location.href)", arg=pattern)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeBackend, str]]:
    """A fake backend and the address of a dashboard that was started in some other folder."""
    port = free_port()
    with (
        running_backend() as backend,
        Running(
            streamlit(port),
            cwd=tmp_path_factory.mktemp("elsewhere"),
            env={"GYM_BACKEND_URL": backend.url, "GYM_PUBLIC_BACKEND_URL": ""},
        ) as process,
    ):
        # The address is from ui/.streamlit/config.toml: it is read from wherever this starts.
        process.wait_for(f"Uvicorn server started on 127.0.0.1:{port}")
        yield backend, f"http://127.0.0.1:{port}/"


@pytest.fixture
def dashboard(browser: Browser, served: tuple[FakeBackend, str]) -> Iterator[Dashboard]:
    backend, url = served
    backend.events.clear()
    expect.set_options(timeout=_PATIENCE_MS)
    with browser.new_context(viewport={"width": 1280, "height": 900}, timezone_id="Europe/Berlin") as context:
        page = context.new_page()
        page.set_default_timeout(_PATIENCE_MS)
        hosts: set[str] = set()
        page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
        yield Dashboard(page, backend, url, hosts)


def test_a_click_on_a_row_opens_the_event_and_its_clip_plays(dashboard: Dashboard, clip: bytes) -> None:
    plain = stored(at_s=1, event_type=EventType.MACHINE_OCCUPIED_START)
    event = stored(at_s=0, media_url="/media/1", mm=judged(summary="A person wipes the handles."))
    dashboard.backend.events += [plain, event]
    dashboard.backend.media["/media/1"] = ("video/mp4", clip)
    dashboard.open()
    dashboard.click_row(1)

    expect(dashboard.page.get_by_text("A person wipes the handles.")).to_be_visible()
    dashboard.expect_address(f"event={event.event_id}")
    dashboard.page.wait_for_function("document.querySelector('video')?.currentTime > 0.5")
    assert dashboard.page.evaluate("document.querySelector('video').muted")
    expect(dashboard.page.get_by_text("10:00:00 (Europe/Berlin)")).to_be_visible()

    dashboard.click_row(0)
    expect(dashboard.page.get_by_role("heading", name="Use began")).to_be_visible()
    dashboard.page.go_back()
    expect(dashboard.page.get_by_role("heading", name="Cleaning attempt")).to_be_visible()
    backend_host = urlsplit(dashboard.backend.url).netloc
    assert dashboard.hosts == {urlsplit(dashboard.url).netloc, backend_host}


def test_a_waiting_verdict_arrives_and_what_is_new_is_counted_by_itself(dashboard: Dashboard) -> None:
    event = stored(at_s=0)
    dashboard.backend.events.append(event)
    dashboard.open(f"?event={event.event_id}")
    expect(dashboard.page.get_by_text("Waiting", exact=True).first).to_be_visible()
    dashboard.backend.events.append(stored(at_s=1))
    dashboard.backend.replace(event, mm=judged(summary="Wiped."))

    expect(dashboard.page.get_by_text("Wiped.")).to_be_visible()
    expect(dashboard.page.get_by_text("Confidence 80 %")).to_be_visible()
    dashboard.page.get_by_role("button", name="Show 1 new").click()
    expect(dashboard.page.get_by_role("button", name="Show 1 new")).to_have_count(0)
    # The row moved down by one; the open event stays.
    expect(dashboard.page.get_by_text("Wiped.")).to_be_visible()
    dashboard.expect_address(f"event={event.event_id}")


def test_an_empty_list_fills_by_itself_and_its_filters_stand_in_the_address(dashboard: Dashboard) -> None:
    dashboard.open()
    expect(dashboard.page.get_by_text("No events yet")).to_be_visible()
    dashboard.backend.events += [stored(machine_id="bike_01"), stored(machine_id="bike_02")]
    expect(dashboard.table).to_be_visible()

    dashboard.page.get_by_role("combobox", name="Machine").click()
    dashboard.page.get_by_role("option", name="bike_02").click()
    dashboard.expect_address("machine=bike_02")
    dashboard.page.reload()
    expect(dashboard.page.get_by_role("combobox", name="Machine")).to_have_value("bike_02")
    expect(dashboard.table).to_be_visible()
    assert "machine_id=bike_02" in dashboard.backend.requests[-1]


def test_the_backend_goes_away_and_comes_back_without_a_reload(dashboard: Dashboard) -> None:
    event = stored(mm=judged())
    dashboard.backend.events.append(event)
    dashboard.open(f"?event={event.event_id}")
    expect(dashboard.table).to_be_visible()
    dashboard.backend.stop()
    try:
        expect(dashboard.page.get_by_text("The backend is away")).to_be_visible()
        expect(dashboard.page.get_by_text("python backend_api/main.py")).to_be_visible()
        expect(dashboard.page.get_by_text(dashboard.backend.url).first).to_be_visible()
        expect(dashboard.table).to_have_count(0)
    finally:
        dashboard.backend.start()
    expect(dashboard.table).to_be_visible()
    expect(dashboard.page.get_by_role("heading", name="Cleaning attempt")).to_be_visible()
    expect(dashboard.page.get_by_text("The backend is away")).to_have_count(0)


def test_a_busy_port_is_one_line(served: tuple[FakeBackend, str]) -> None:
    port = urlsplit(served[1]).port
    assert port is not None
    with Running(streamlit(port)) as second:
        assert second.wait() == 1
        assert len(second.lines) == 1
        assert f"Port {port} is not available" in second.output
