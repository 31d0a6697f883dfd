"""The wanted page: whoever signs in comes back to it, and to nothing but a page of the dashboard."""

from collections.abc import Callable
from urllib.parse import quote
from warnings import catch_warnings, simplefilter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from ui.wanted_page import COOKIE, MOST_CHARACTERS, WantedPage, page_path

with catch_warnings():
    # Starlette asks for a successor of httpx that is not needed for anything else.
    simplefilter("ignore")
    from starlette.testclient import TestClient

HOST = "http://gym.example"


def dashboard(base: str = "") -> TestClient:
    """Streamlit's routes of signing in, as far as their answers matter here."""

    def leading(to: str) -> Callable[[Request], Response]:
        return lambda request: RedirectResponse(to, 302)

    routes = [
        Route(f"{base}/auth/login", leading("https://service.example/authorize")),
        Route(f"{base}/oauth2callback", leading(f"{base}/")),
        Route(f"{base}/review", lambda request: PlainTextResponse("a page")),
    ]
    middleware = [Middleware(WantedPage, base=lambda: base)]
    return TestClient(Starlette(routes=routes, middleware=middleware), base_url=HOST, follow_redirects=False)


def signed_in(client: TestClient, referer: str | None, base: str = "") -> str:
    """Where somebody is led who signs in on the page `referer`."""
    login = client.get(f"{base}/auth/login", headers={} if referer is None else {"Referer": referer})
    assert login.headers["location"] == "https://service.example/authorize"
    return str(client.get(f"{base}/oauth2callback").headers["location"])


@pytest.mark.parametrize("base", ["", "/gym"])
def test_whoever_signs_in_comes_back_to_the_page_with_its_filters(base: str) -> None:
    client = dashboard(base)
    page = f"{base}/review?outcome=Not%20cleaned&from=2026-11-01&gym=caf%C3%A9+1"
    assert signed_in(client, HOST + page, base) == page
    # Once: who comes from the service by another way is on the start page.
    assert client.get(f"{base}/oauth2callback").headers["location"] == f"{base}/"
    assert signed_in(client, f"{HOST}{base}/setup", base) == f"{base}/setup"


@pytest.mark.parametrize(
    "referer",
    [
        None,
        "",
        f"{HOST}/",
        f"{HOST}/?{'x' * MOST_CHARACTERS}",
        "https://evil.example/review?a=1",
        "http://gym.example.evil.example/review",
        f"{HOST}//evil.example/review",
        f"{HOST}/\\evil.example",
        f"{HOST}/auth/login?provider=x",
        f"{HOST}/oauth2callback?code=1",
        "http://[gym.example/review",
    ],
)
def test_from_elsewhere_the_way_leads_to_the_start_page(referer: str | None) -> None:
    client = dashboard()
    assert signed_in(client, f"{HOST}/review") == "/review"
    client.get("/auth/login", headers={"Referer": f"{HOST}/review"})
    assert signed_in(client, referer) == "/"  # and the page before is forgotten


def test_the_cookie_is_for_this_site_alone_and_for_a_while() -> None:
    client = dashboard()
    kept = client.get("/auth/login", headers={"Referer": f"{HOST}/review?a=1;Domain=evil"}).headers["set-cookie"]
    name, value, *rest = kept.replace("=", "; ", 1).split("; ")
    assert (name, value) == (COOKIE, quote("/review?a=1%3BDomain=evil", safe=""))
    assert set(rest) == {"HttpOnly", "Max-Age=900", "Path=/", "SameSite=lax"}
    assert "set-cookie" not in client.get("/review").headers


@given(
    kept=st.one_of(st.text(), st.sampled_from(["//evil.example", "https://evil.example/review", "/\t/evil", "/%2f"]))
)
def test_whatever_the_cookie_says_it_leads_to_a_page_of_the_dashboard(kept: str) -> None:
    answer = dashboard("/gym").get("/gym/oauth2callback", headers={"Cookie": f"{COOKIE}={quote(kept, safe='')}"})
    path, _, query = answer.headers["location"].partition("?")
    assert path == "/gym/" or page_path(path, "", "/gym") == path
    assert query.isascii()
    assert query.isprintable()
