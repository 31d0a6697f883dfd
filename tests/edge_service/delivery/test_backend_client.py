"""What every transport does, and what the one over HTTP does besides."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from backend_api.base.clock import SystemClock
from backend_api.base.http_client import Answer, NoAnswer
from backend_api.base.process import UsageError
from edge_service.delivery.backend_client import BackendClient, Transport
from edge_service.outbox.sealed_line import event_body
from tests.edge_service.fake_backend import FakeBackend
from tests.edge_service.local_server import serving
from tests.edge_service.outbox_events import make_event

NDJSON = event_body(make_event(0)) + b"\n" + event_body(make_event(1)) + b"\n"
Connect = Callable[[FakeBackend], Transport]


@pytest.fixture(params=["fake", "http"])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Makes a transport to a given backend."""
    with ExitStack() as stack:

        def over_http(backend: FakeBackend) -> Transport:
            server = stack.enter_context(serving(backend))
            return stack.enter_context(closing(BackendClient(server.url, SystemClock())))

        yield over_http if request.param == "http" else lambda backend: backend


def test_a_batch_arrives_byte_by_byte_and_the_answer_comes_back(connect: Connect) -> None:
    arrived = []

    def keep(ndjson: bytes) -> Answer:
        arrived.append(ndjson)
        return Answer(200, b"\x00thanks")

    assert connect(FakeBackend([keep])).post(NDJSON) == Answer(200, b"\x00thanks")
    assert arrived == [NDJSON]


@pytest.mark.parametrize("status", [204, 302, 308, 401, 404, 422, 429, 500, 503])
def test_every_status_is_an_answer(connect: Connect, status: int) -> None:
    answer = Answer(status, b"" if status == 204 else b"why", "120")
    assert connect(FakeBackend([answer])).post(NDJSON) == answer


def test_no_answer_is_unreachable_and_the_next_request_works(connect: Connect) -> None:
    backend = FakeBackend()
    backend.script.append(backend.take_and_cut)
    transport = connect(backend)
    with pytest.raises(NoAnswer):
        transport.post(NDJSON)
    assert transport.post(NDJSON).status == 200
    assert (backend.stored, backend.duplicates) == ([0, 1], 2)


def test_http_requests_share_a_connection_and_say_what_they_carry() -> None:
    with (
        serving(FakeBackend()) as server,
        closing(BackendClient(f"{server.url}/", SystemClock(), "s3cret")) as transport,
    ):
        for _ in range(3):
            transport.post(NDJSON)
        assert server.connections == 1
        for path, headers in server.requests:
            assert path == "/events/batch"
            assert headers["Content-Type"] == "application/x-ndjson"
            assert headers["Authorization"] == "Bearer s3cret"


def test_without_a_key_none_is_sent() -> None:
    with serving(FakeBackend()) as server, closing(BackendClient(server.url, SystemClock())) as transport:
        transport.post(NDJSON)
        assert server.requests[0][1]["Authorization"] is None


def test_a_file_and_a_question_go_over_the_same_connection() -> None:
    with serving(FakeBackend()) as server, closing(BackendClient(server.url, SystemClock(), "s3cret")) as client:
        assert client.get("/ready").status == 200
        client.post(NDJSON)
        assert server.connections == 1
        assert [path for path, _ in server.requests] == ["/ready", "/events/batch"]


def test_an_address_that_is_none_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="backend's address"):
        BackendClient("127.0.0.1:8000", SystemClock())
