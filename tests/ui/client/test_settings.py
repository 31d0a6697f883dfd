"""Where the backend is, for the dashboard and for the browser."""

import pytest

from backend_api.base.process import UsageError
from ui.client.settings import Settings


def test_defaults_to_the_backends_own_default() -> None:
    settings = Settings.from_environment({})
    assert settings.backend_url == "http://127.0.0.1:8000"
    assert settings.start_command() == ("python backend_api/main.py --db ./data/app.db --media-dir ./data/media")


def test_an_empty_variable_counts_as_unset() -> None:
    assert Settings.from_environment({"GYM_BACKEND_URL": "", "GYM_PUBLIC_BACKEND_URL": ""}) == Settings()


@pytest.mark.parametrize("variable", ["GYM_BACKEND_URL", "GYM_PUBLIC_BACKEND_URL"])
@pytest.mark.parametrize(
    "text", ["backend:8000", "ftp://host", "http://", "http://host:port", "http://host:99999", "["]
)
def test_what_is_no_address_is_refused_by_name(variable: str, text: str) -> None:
    with pytest.raises(UsageError, match=variable):
        Settings.from_environment({variable: text})


def test_the_start_command_names_another_port() -> None:
    assert Settings("http://127.0.0.1:8123").start_command().endswith("--port 8123")


@pytest.mark.parametrize(
    ("page_url", "expected"),
    [
        ("http://localhost:8501/", "http://localhost:8000/media/1"),
        ("http://192.168.1.20:8501/?event=1", "http://192.168.1.20:8000/media/1"),
        ("http://[::1]:8501/", "http://[::1]:8000/media/1"),
        (None, "http://127.0.0.1:8000/media/1"),
    ],
)
def test_the_browser_finds_the_backend_on_the_pages_host(page_url: str | None, expected: str) -> None:
    assert Settings().browser_url("/media/1", page_url) == expected


def test_a_backend_on_the_schemes_own_port() -> None:
    assert Settings("https://backend/gym").browser_url("/m", "https://page/") == "https://page:443/gym/m"


def test_a_public_address_beats_the_pages_host() -> None:
    settings = Settings.from_environment({"GYM_PUBLIC_BACKEND_URL": "https://gym.example/api/"})
    assert settings.browser_url("/media/1", "http://localhost:8501") == "https://gym.example/api/media/1"


def test_the_stores_time_zone_is_set_by_name() -> None:
    assert Settings.from_environment({"GYM_TIME_ZONE": "Europe/Berlin"}).time_zone == "Europe/Berlin"
    assert Settings.from_environment({"GYM_TIME_ZONE": ""}).time_zone is None


@pytest.mark.parametrize("name", ["Berlin", "../../etc/passwd", "/etc/passwd", "America", "\0", "2"])
def test_no_time_zone_is_refused_by_name(name: str) -> None:
    with pytest.raises(UsageError, match="GYM_TIME_ZONE"):
        Settings.from_environment({"GYM_TIME_ZONE": name})
