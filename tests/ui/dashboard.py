"""The dashboard as its user starts it, pages of it in a browser, and what every page is held to."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page

from backend_api.base.process import REPOSITORY
from tests.browser import open_page
from tests.processes import Running, free_port
from tests.ui.gym import Gym

# The last ones are what a visit begins with.
WIDTHS = (390, 1280)
THEMES: tuple[Literal["light", "dark"], ...] = ("dark", "light")
_AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
_AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# Colours that change fade for a moment, in which no theme's contrasts hold.
_SETTLED = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  if (app?.dataset.testScriptState !== 'notRunning' || app.dataset.testConnectionState !== 'CONNECTED') return false;
  const [red, green, blue] = getComputedStyle(app).backgroundColor.match(/\\d+/g).map(Number);
  return (red + green + blue < 384) === matchMedia('(prefers-color-scheme: dark)').matches
    && !document.querySelector('[data-testid="stSkeleton"], [data-stale="true"]')
    && !document.getAnimations().some(each => each instanceof CSSTransition && each.playState === 'running');
}"""

_STICKS_OUT_PX = """() => {
  const main = document.querySelector('[data-testid="stMain"]');
  return Math.max(main.scrollWidth - main.clientWidth, document.documentElement.scrollWidth - innerWidth);
}"""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A running dashboard at `url`, which ends in a slash, and the backend behind it."""

    gym: Gym
    url: str
    process: Running

    @contextmanager
    def visit(self, browser: Browser, path: str = "", *, width: int = 1280, dark: bool = False) -> Iterator["Visit"]:
        """An open page in Berlin, drawn to the end; at the end of the `with` it must have kept quiet."""
        with open_page(browser, "about:blank", width=width, dark=dark) as page:
            visit = Visit(page)
            page.on("request", lambda request: visit.hosts.add(urlsplit(request.url).hostname or ""))
            page.on("console", lambda said: visit.errors.append(said.text) if _is_error(said) else None)
            page.on("pageerror", lambda error: visit.errors.append(str(error)))
            page.goto(self.url + path)
            visit.settle()
            yield visit
            assert visit.hosts <= {"127.0.0.1", ""}
            assert visit.errors == []


@dataclass(frozen=True, slots=True)
class Visit:
    """A page, which hosts it fetched from, and what went wrong in it."""

    page: Page
    hosts: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)

    def settle(self) -> None:
        """Wait until the page is drawn to the end."""
        self.page.wait_for_function(_SETTLED)

    def check_everywhere(self) -> None:
        """On a phone in the dark and on a screen by day: accessible, and nothing sticks out.

        No style asks for the width and the theme at once.
        """
        for width, theme in zip(WIDTHS, THEMES, strict=True):
            self.page.set_viewport_size({"width": width, "height": 900})
            self.page.emulate_media(color_scheme=theme)
            self.settle()
            self.check_accessible()
            self.check_fits()

    def check_accessible(self) -> None:
        """Nothing that axe finds against WCAG 2.2 A and AA."""
        self.page.evaluate(_AXE)
        found = self.page.evaluate("tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", _AXE_TAGS)
        faults = [
            f"{violation['id']}: {node['target']} {node['failureSummary']}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]
        assert not faults, "\n".join(faults)

    def check_fits(self) -> None:
        """Nothing sticks out of the page sideways."""
        assert self.page.evaluate(_STICKS_OUT_PX) <= 0


@contextmanager
def running_dashboard(gym: Gym, folder: Path, *, port: int | None = None, **environment: str) -> Iterator[Dashboard]:
    """The dashboard of `gym`, started in `folder`, at `port` or a free one, with `environment` besides."""
    port = port or free_port()
    settings = {"GYM_BACKEND_URL": gym.url, "GYM_PUBLIC_BACKEND_URL": "", "GYM_TIME_ZONE": "", "GYM_API_KEY": ""}
    with Running(streamlit(port), cwd=folder, env={**settings, "GYM_API_KEY": gym.key or "", **environment}) as process:
        # The address is from ui/.streamlit/config.toml: it is read from wherever this starts.
        process.wait_for(f"URL: http://127.0.0.1:{port}")
        yield Dashboard(gym, f"http://127.0.0.1:{port}/", process)


def _is_error(said: ConsoleMessage) -> bool:
    # Opened at a page other than the first, Streamlit looks for its server below that page's address first.
    return said.type == "error" and "/_stcore/" not in said.location["url"]


def streamlit(port: int) -> list[str]:
    """The command that starts the dashboard at `port`, with the streamlit of the tests' own Python."""
    program = str(Path(sys.executable).with_name("streamlit"))
    return [program, "run", str(REPOSITORY / "ui" / "app.py"), "--server.port", str(port)]
