"""Debian's Chromium, driven by playwright: other builds cannot play H.264."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

from tests.requirements import need_program

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def open_page(address: str, *, width: int = 1280, height: int = 900, dark: bool = False) -> Iterator[Page]:
    """A fresh browser with one page at `address`, `width` x `height` pixels, for the length of a `with`."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=need_program("chromium"), args=_FLAGS)
        try:
            page = browser.new_page(
                viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
            )
            page.goto(address)
            yield page
        finally:
            browser.close()


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
