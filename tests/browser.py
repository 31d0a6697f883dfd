"""Debian's Chromium, driven by playwright: other builds cannot play H.264. A page finds nothing stored.

What pages fetched stays: Chromium compiles a script once and keeps that, which is half of what a page costs. It does so
in a profile on the disk alone, not in the contexts that playwright makes.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, FloatRect, Locator, Page, expect, sync_playwright
from playwright.sync_api import Error as PageError

from tests.processes import eventually
from tests.requirements import need_program

TIME_ZONE = "Europe/Berlin"
_PATIENCE_MS = 60_000
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
    with sync_playwright() as playwright, TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium, args=_FLAGS, timezone_id=TIME_ZONE
        )
        context.set_default_timeout(_PATIENCE_MS)
        browser = context.browser
        assert browser is not None
        try:
            yield browser
        finally:
            context.close()


@contextmanager
def open_page(
    browser: Browser, address: str, *, width: int = 1280, height: int = 900, dark: bool = False
) -> Iterator[Page]:
    """A page at `address` in Berlin, `width` x `height` pixels, for the length of a `with`. Nothing stays stored."""
    [context] = browser.contexts
    page = context.new_page()
    try:
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.goto(address)
        yield page
    finally:
        with suppress(PageError):  # a page without an origin of its own has nothing stored
            page.evaluate("localStorage.clear()")
        context.clear_cookies()
        page.close()


def place_of(found: Locator) -> FloatRect:
    """Where `found` stands on the page, in pixels; what is being drawn anew is nowhere for a moment."""
    return eventually(found.bounding_box, f"{found} is drawn")


def plays(page: Page, timeout_ms: float = _PATIENCE_MS) -> bool:
    """Wait until the page's first video is there, plays, and has moved on by itself; False when it says it cannot."""
    page.wait_for_selector("video", timeout=timeout_ms)
    page.evaluate("() => { const v = document.querySelector('video'); v.muted = true; v.play().catch(() => {}); }")
    page.wait_for_function(
        "() => { const v = document.querySelector('video'); return v.error || v.currentTime > 0.2; }",
        timeout=timeout_ms,
    )
    error = page.evaluate("() => document.querySelector('video').error")
    return error is None
