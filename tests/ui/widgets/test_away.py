"""What every page says when its backend is away, in trouble, behind a key, or wrongly named."""

from pathlib import Path

import pytest

from backend_api.base.process import REPOSITORY
from tests.processes import free_port
from tests.ui.app_driver import open_app, rerun, words
from tests.ui.canned_backend import CannedBackend, Reply, problem
from tests.ui.gym import running_gym

PAGES = [path.stem for path in sorted((REPOSITORY / "ui" / "views").glob("[!_]*.py"))]
every_page = pytest.mark.parametrize("page", PAGES)


@pytest.fixture(autouse=True)
def nobody_there(monkeypatch: pytest.MonkeyPatch) -> int:
    """The port at which the dashboard looks for its backend; nobody listens there, unless a test sees to it."""
    port = free_port()
    monkeypatch.setenv("GYM_BACKEND_URL", f"http://127.0.0.1:{port}")
    for name in ("GYM_PUBLIC_BACKEND_URL", "GYM_API_KEY", "GYM_TIME_ZONE"):
        monkeypatch.delenv(name, raising=False)
    return port


@every_page
def test_without_its_backend_a_page_names_address_and_cure(page: str, nobody_there: int) -> None:
    app = open_app(page)
    assert "The backend is away" in words(app)
    assert f"http://127.0.0.1:{nobody_there}" in words(app)
    command = f"python backend_api/main.py --db ./data/app.db --media-dir ./data/media --port {nobody_there}"
    assert command in words(app)


def test_a_backend_that_is_back_is_shown(nobody_there: int, tmp_path: Path) -> None:
    app = open_app("now")
    assert "The backend is away" in words(app)
    with running_gym(tmp_path, port=nobody_there):
        assert "The backend is away" not in words(rerun(app))
        assert "No machines yet" in words(app)


@every_page
def test_without_the_key_that_its_backend_asks_for_a_page_says_where_it_is_to_stand(
    page: str, canned: CannedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    canned.reply = problem(401, "send Authorization: Bearer")
    app = open_app(page)
    assert "GYM_API_KEY is not set" in words(app)
    assert "comes back by itself" not in words(app)
    monkeypatch.setenv("GYM_API_KEY", "another-key")
    assert "does not accept the one in GYM_API_KEY" in words(open_app(page))


def test_with_its_key_the_dashboard_sees_everything(
    nobody_there: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_gym(tmp_path, key="a-key-of-a-test-0123456789", port=nobody_there):
        assert "GYM_API_KEY is not set" in words(open_app("now"))
        monkeypatch.setenv("GYM_API_KEY", "a-key-of-a-test-0123456789")
        assert "No machines yet" in words(open_app("now"))


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (problem(507, "the disk is full: make room"), "the disk is full: make room"),
        (Reply(200, "text/html", b"<html>"), "come from the same release"),
    ],
)
def test_a_backend_in_trouble_is_quoted(canned: CannedBackend, reply: Reply, text: str) -> None:
    canned.reply = reply
    app = open_app("now")
    assert text in words(app)
    assert "comes back by itself" in words(app)


@every_page
def test_an_address_that_is_none_is_refused_by_name(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GYM_BACKEND_URL", "not an address")
    assert "GYM_BACKEND_URL is 'not an address'" in words(open_app(page))


def test_a_time_zone_that_is_none_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GYM_TIME_ZONE", "Atlantis/Capital")
    assert "GYM_TIME_ZONE is 'Atlantis/Capital'" in words(open_app("now"))
