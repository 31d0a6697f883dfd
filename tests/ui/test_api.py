"""The client: what it asks, what it understands, and what it says when something is wrong."""

import socket
from collections.abc import Iterator
from uuid import uuid4

import pytest

from backend_api.contract_verdicts import MmStatus
from tests.processes import free_port
from tests.ui.fake_backend import FakeBackend, failed, judged, problem, running_backend, stored
from ui import api as api_module
from ui.api import BackendApi, NotUnderstood, Refused, Unreachable
from ui.queries import EventQuery


@pytest.fixture
def backend() -> Iterator[FakeBackend]:
    with running_backend(stored(at_s=0), stored(at_s=1, mm=judged()), stored(at_s=2, mm=failed())) as running:
        yield running


def test_events_come_newest_first_page_by_page(backend: FakeBackend) -> None:
    api = BackendApi(backend.url)
    first = api.events(EventQuery(), limit=2)
    second = api.events(EventQuery(), limit=2, cursor=first.next_cursor)
    assert [*first.items, *second.items] == backend.events[::-1]
    assert second.next_cursor is None


def test_one_event(backend: FakeBackend) -> None:
    assert BackendApi(backend.url).event(backend.events[1].event_id) == backend.events[1]


def test_an_unknown_event_is_refused_with_404(backend: FakeBackend) -> None:
    with pytest.raises(Refused, match="there is no event") as caught:
        BackendApi(backend.url).event(uuid4())
    assert caught.value.status == 404


def test_retry_makes_a_dead_enrichment_wait_again(backend: FakeBackend) -> None:
    BackendApi(backend.url).retry(backend.events[2].event_id)
    assert backend.events[2].mm is not None
    assert backend.events[2].mm.status is MmStatus.PENDING
    with pytest.raises(Refused, match="only a DEAD enrichment"):
        BackendApi(backend.url).retry(backend.events[2].event_id)


def test_nothing_listening_is_unreachable_and_named() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unreachable, match=url):
        BackendApi(url).check_health()


def test_no_answer_in_time_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_module, "READ_TIMEOUT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unreachable):
        BackendApi(f"http://127.0.0.1:{silent.getsockname()[1]}").check_health()


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (problem(503, "the disk is full: make room"), "the disk is full: make room"),
        ((500, "text/plain", b"Internal Server Error"), "answered 500 .*log says why"),
        ((302, "text/html", b""), "answered 302"),
    ],
)
def test_an_error_answer_is_refused_with_its_reason(
    backend: FakeBackend, reply: tuple[int, str, bytes], text: str
) -> None:
    backend.broken = reply
    with pytest.raises(Refused, match=text):
        BackendApi(backend.url).events(EventQuery(), limit=1)


@pytest.mark.parametrize("body", [b"<html>a router's login page</html>", b'{"items": [{"id": 1}]}', b""])
def test_an_answer_that_is_no_backends_is_not_understood(backend: FakeBackend, body: bytes) -> None:
    backend.broken = (200, "text/html", body)
    with pytest.raises(NotUnderstood, match="same release"):
        BackendApi(backend.url).events(EventQuery(), limit=1)


def test_a_proxy_in_the_environment_is_not_asked(backend: FakeBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    BackendApi(backend.url).check_health()
