"""What the tests of the dashboard share: a backend that is only made up."""

from collections.abc import Iterator

import pytest

from tests.ui.fake_backend import FakeBackend, running_backend


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBackend]:
    with running_backend() as running:
        monkeypatch.setenv("GYM_BACKEND_URL", running.url)
        for name in ("GYM_PUBLIC_BACKEND_URL", "GYM_API_KEY", "GYM_TIME_ZONE"):
            monkeypatch.delenv(name, raising=False)
        yield running
