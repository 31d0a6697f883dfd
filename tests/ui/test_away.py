"""What the dashboard says when its backend is away, in trouble, or wrongly named."""

import pytest

from tests.ui.app_driver import machines, open_app, rerun, words
from tests.ui.fake_backend import FakeBackend, judged, problem, stored


def test_without_its_backend_it_names_address_and_cure_and_comes_back(backend: FakeBackend) -> None:
    event = stored(mm=judged())
    backend.events.append(event)
    backend.stop()
    app = open_app(event=str(event.event_id))
    assert "The backend is away" in words(app)
    assert backend.url in words(app)
    assert f"python backend_api/main.py --db ./data/app.db --media-dir ./data/media --port {backend.port}" in words(app)
    assert not app.dataframe
    backend.start()
    rerun(app)
    assert "The backend is away" not in words(app)
    assert machines(app) == ["treadmill_01"]


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (problem(507, "the disk is full: make room"), "the disk is full: make room"),
        ((200, "text/html", b"<html>"), "come from the same release"),
    ],
)
def test_a_backend_in_trouble_is_quoted(backend: FakeBackend, reply: tuple[int, str, bytes], text: str) -> None:
    backend.broken = reply
    app = open_app()
    assert text in words(app)
    assert "comes back by itself" in words(app)


def test_an_address_that_is_none_is_refused_with_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GYM_BACKEND_URL", "not an address")
    app = open_app()
    assert "GYM_BACKEND_URL is 'not an address'" in words(app)
