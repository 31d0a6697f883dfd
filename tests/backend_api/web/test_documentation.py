"""The API's documentation is drawn whole in a browser that reaches nothing but the backend."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, expect

from tests.backend_api.serving import served
from tests.browser import open_page


@pytest.fixture
def port(app: FastAPI) -> Iterator[int]:
    with served(app) as port:
        yield port


def test_the_page_is_drawn_without_the_internet(port: int, browser: Browser) -> None:
    asked: set[str] = set()
    errors: list[str] = []
    with open_page(browser, "about:blank") as page:
        page.on("request", lambda request: asked.add(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"http://127.0.0.1:{port}/docs")
        expect(page.get_by_text("Store an event").first).to_be_visible()
        page.wait_for_load_state("networkidle")
    assert {urlsplit(url).hostname for url in asked if not url.startswith(("data:", "blob:"))} == {"127.0.0.1"}
    assert f"http://127.0.0.1:{port}/openapi.json" in asked
    assert errors == []


def test_nothing_on_the_page_is_of_another_host(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert client.head("/docs").headers == page.headers
