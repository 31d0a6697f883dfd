"""What the tests of the dashboard share: backends, real and made up, and the dashboard's own process."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner

from tests.ui.canned_backend import CannedBackend, running_canned_backend
from tests.ui.dashboard import Dashboard, running_dashboard
from tests.ui.gym import Gym, running_gym


@pytest.fixture(scope="session", autouse=True)
def packages_are_scanned_once() -> Iterator[None]:
    """Streamlit reads what each installed package says of itself for each AppTest anew: a tenth of a second."""
    with pytest.MonkeyPatch.context() as patch:
        scan = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture
def canned(monkeypatch: pytest.MonkeyPatch) -> Iterator[CannedBackend]:
    """A backend that says what it is told to, which the dashboard of this process asks."""
    with running_canned_backend() as running:
        _lead_to(running.url, monkeypatch)
        yield running


@pytest.fixture
def gym(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gym]:
    """A real backend without any events, which the dashboard of this process asks."""
    with running_gym(tmp_path) as running:
        _lead_to(running.url, monkeypatch)
        yield running


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """A real backend without any events, and a dashboard that was started in some other folder."""
    with (
        running_gym(tmp_path_factory.mktemp("gym")) as gym,
        running_dashboard(gym, tmp_path_factory.mktemp("elsewhere")) as dashboard,
    ):
        yield dashboard


def _lead_to(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GYM_BACKEND_URL", url)
    for name in ("GYM_PUBLIC_BACKEND_URL", "GYM_API_KEY", "GYM_TIME_ZONE", "GYM_PEOPLE"):
        monkeypatch.delenv(name, raising=False)
