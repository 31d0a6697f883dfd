"""Signing in with a real OpenID Connect provider, in a browser: the way there, back, and out again."""

import json
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from backend_api.contract.people import Role
from backend_api.web.keys_file import load_keys
from tests.backend_api.web.keys import entry, write_keys
from tests.browser import open_page
from tests.processes import Running, free_port
from tests.ui.dashboard import Visit, running_dashboard
from tests.ui.gym import running_gym

pytestmark = pytest.mark.e2e

RITA = {"sub": "rita", "email": "rita@example.org", "email_verified": True, "name": "Rita Levi"}
EVE = {"sub": "eve", "email": "eve@example.org", "email_verified": True, "name": "Eve"}


def test_people_sign_in_and_out(browser: Browser, tmp_path: Path) -> None:
    keys = load_keys(write_keys(tmp_path / "keys.yaml", entry("dashboard", Role.DASHBOARD)))
    (tmp_path / "people.yaml").write_text("people: [{id: rita@example.org, role: viewer}]\n")
    service, page_port = f"http://127.0.0.1:{(port := free_port())}", free_port()
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text(
        f"""[auth]
redirect_uri = "http://127.0.0.1:{page_port}/oauth2callback"
cookie_secret = "0123456789abcdef0123456789abcdef"
client_id = "dashboard"
client_secret = "secret"
server_metadata_url = "{service}/.well-known/openid-configuration"
"""
    )
    people = [part for person in (RITA, EVE) for part in ("--user-claims", json.dumps(person))]
    environment = {"GYM_API_KEY": "dashboard-0123456789", "GYM_PEOPLE": str(tmp_path / "people.yaml")}
    with (
        running_gym(tmp_path, "head-office-0123456789", named=keys) as gym,
        Running([sys.executable, "-m", "oidc_provider_mock", "-p", str(port), *people]) as provider,
        running_dashboard(gym, tmp_path, port=page_port, **environment) as dashboard,
        open_page(browser, dashboard.url) as page,
    ):
        provider.wait_for("Uvicorn running")
        # The service's page wants a style sheet from elsewhere.
        page.route("https://**", lambda route: route.abort())
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{service}/**")
        page.get_by_role("button", name="rita").click()
        page.wait_for_url(dashboard.url)
        expect(page.get_by_role("button", name="Rita Levi")).to_be_visible()
        Visit(page).settle()
        page.get_by_role("button", name="Rita Levi").click()
        expect(page.get_by_text("viewer: may look, all gyms")).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        # The service asks, too, and leads back.
        page.get_by_role("button", name="End session").click()
        page.wait_for_url(dashboard.url)
        # Who comes by a link is led to it after signing in.
        link = f"{dashboard.url.rstrip('/')}/review?outcome=Not+cleaned"
        page.goto(link)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{service}/**")
        page.get_by_role("button", name="eve").click()
        page.wait_for_url(link)
        expect(page.get_by_text("You have no role here")).to_be_visible()
        expect(page.get_by_role("link", name="Review")).to_have_count(0)
