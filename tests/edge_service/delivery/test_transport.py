"""What every transport does, and what the one over HTTP does besides."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from backend_api.base.process import UsageError
from edge_service.delivery.http_transport import HttpTransport
from edge_service.delivery.transport import Answer, Transport, Unreachable
from edge_service.outbox.sealed_line import event_body
from tests.edge_service.fake_backend import FakeBackend
from tests.edge_service.local_server import serving
from tests.edge_service.outbox_events import make_event
from tests.processes import free_port

NDJSON = event_body(make_event(0)) + b"\n" + event_body(make_event(1)) + b"\n"
Connect = Callable[[FakeBackend], Transport]


@pytest.fixture(params=["fake", "http"])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Makes a transport to a given backend."""
    with ExitStack() as stack:

        def over_http(backend: FakeBackend) -> Transport:
            server = stack.enter_context(serving(backend))
            return stack.enter_context(closing(HttpTransport(server.url)))

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
    with pytest.raises(Unreachable):
        transport.post(NDJSON)
    assert transport.post(NDJSON).status == 200
    assert (backend.stored, backend.duplicates) == ([0, 1], 2)


def test_http_requests_share_a_connection_and_say_what_they_carry() -> None:
    with serving(FakeBackend()) as server, closing(HttpTransport(f"{server.url}/", "s3cret")) as transport:
        for _ in range(3):
            transport.post(NDJSON)
        assert server.connections == 1
        for path, headers in server.requests:
            assert path == "/events/batch"
            assert headers["Content-Type"] == "application/x-ndjson"
            assert headers["Authorization"] == "Bearer s3cret"


def test_without_a_key_none_is_sent() -> None:
    with serving(FakeBackend()) as server, closing(HttpTransport(server.url)) as transport:
        transport.post(NDJSON)
        assert server.requests[0][1]["Authorization"] is None


def test_a_backend_on_this_computer_is_not_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    with serving(FakeBackend()) as server, closing(HttpTransport(server.url)) as transport:
        assert transport.post(NDJSON).status == 200


def test_a_closed_port_is_a_refused_connection() -> None:
    with (
        closing(HttpTransport(f"http://127.0.0.1:{free_port()}")) as transport,
        pytest.raises(Unreachable, match=r"^connection refused$"),
    ):
        transport.post(NDJSON)


def test_a_name_that_nobody_knows_is_unreachable() -> None:
    with closing(HttpTransport("http://backend.invalid:8000")) as transport, pytest.raises(Unreachable):
        transport.post(NDJSON)


def test_a_backend_that_says_nothing_is_given_up() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        closing(HttpTransport(f"http://127.0.0.1:{listener.getsockname()[1]}", read_timeout_s=0.05)) as transport,
        pytest.raises(Unreachable, match=r"^no answer within 0\.05 s$"),
    ):
        transport.post(NDJSON)


def test_an_answer_that_is_cut_short_is_none() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer_half() -> None:
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as request:
                connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"stored"')
                connection.shutdown(socket.SHUT_WR)
                # Closed over unread bytes, the connection would be reset, and a reset may overtake the answer.
                request.read()

        thread = threading.Thread(target=answer_half)
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with closing(HttpTransport(address)) as transport, pytest.raises(Unreachable, match="cut before an answer"):
            transport.post(NDJSON)
        thread.join()


@pytest.mark.parametrize(
    "address", ["127.0.0.1:8000", "ftp://host", "http://", "http://host:99999", "", "http://[::1", "http://gym..lan"]
)
def test_an_address_that_is_none_is_a_usage_error(address: str) -> None:
    with pytest.raises(UsageError, match="backend's address"):
        HttpTransport(address)
