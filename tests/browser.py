"""Debian's Chromium, driven by playwright: other builds cannot play H.264. One a module, a fresh profile a page."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, FloatRect, Locator, Page, expect, sync_playwright

from tests.processes import eventually
from tests.requirements import need_program

_PATIENCE_MS = 30_000
# Nothing but what the page under test asks for may be fetched.
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Chromium without a window, for the length of a `with`; the fixture `browser` is the one of a module."""
    chromium = need_program("chromium")
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_page(
    browser: Browser,
    address: str,
    *,
    width: int = 1280,
    height: int = 900,
    dark: bool = False,
    time_zone: str = "Europe/Berlin",
) -> Iterator[Page]:
    """A fresh profile with one page at `address`, `width` x `height` pixels, for the length of a `with`."""
    with browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        timezone_id=time_zone,
    ) as context:
        page = context.new_page()
        page.goto(address)
        yield page


def place_of(found: Locator) -> FloatRect:
    """Where `found` stands on the page, in pixels; what is being drawn anew is nowhere for a moment."""
    return eventually(found.bounding_box, f"{found} is drawn")


def plays(page: Page, timeout_ms: float = 30_000) -> bool:
    """Wait until the page's first video is there, plays, and has moved on by itself; False when it says it cannot."""
    page.wait_for_selector("video", timeout=timeout_ms)
    page.evaluate("() => { const v = document.querySelector('video'); v.muted = true; v.play().catch(() => {}); }")
    page.wait_for_function(
        "() => { const v = document.querySelector('video'); return v.error || v.currentTime > 0.2; }",
        timeout=timeout_ms,
    )
    error = page.evaluate("() => document.querySelector('video').error")
    return error is None
