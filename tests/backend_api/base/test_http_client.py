"""Calls over HTTP: what is sent, which answers are taken, and in words why none came."""

import gzip
import socket
import threading
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import pytest

from backend_api.base.clock import SystemClock
from backend_api.base.http_client import Answer, HttpClient, NoAnswer, NotSent, check_address
from backend_api.base.process import UsageError
from tests.backend_api.base.scripted_server import answering
from tests.fake_clock import FakeClock
from tests.processes import free_port

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def client(url: str, **options: object) -> Iterator[HttpClient]:
    with closing(HttpClient(url, SystemClock(), source="--url", **options)) as http:  # type: ignore[arg-type]
        yield http


def packed(encoding: str, body: bytes, status: int = 200) -> bytes:
    head = f"HTTP/1.1 {status} X\r\nLocation: /\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def test_a_request_says_who_asks_and_what_for() -> None:
    with answering(OK, OK) as server:
        with client(f"{server.url}/", bearer="s3cret") as http:
            assert http.request("GET", "/a", query=[("x", "1"), ("x", "2")]) == Answer(200, b"ok")
        with client(server.url) as http:
            http.request("PUT", "/b", headers={"Content-Type": "image/jpeg"})
    first, second = server.requests
    assert first.startswith("GET /a?x=1&x=2 HTTP/1.1")
    assert "Authorization: Bearer s3cret\r\n" in first
    assert second.startswith("PUT /b HTTP/1.1")
    assert "Content-Type: image/jpeg\r\n" in second
    assert "Authorization" not in second


def test_a_bearer_comes_before_what_netrc_says_and_no_key_appears_in_a_repr(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    path = f"{tmp_path}/netrc"
    with open(path, "w") as file:  # noqa: PTH123 - NETRC is a text
        file.write("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", path)
    with answering(OK) as server, client(server.url, bearer="s3cret") as http:
        http.request("GET", "/")
        assert "s3cret" not in repr(http)
    assert "Authorization: Bearer s3cret\r\n" in server.requests[0]


@pytest.mark.parametrize("status", [201, 302, 401, 404, 429, 503])
def test_every_status_is_an_answer_and_no_redirect_is_followed(status: int) -> None:
    answer = f"HTTP/1.1 {status} X\r\nLocation: /else\r\nRetry-After: 120\r\nContent-Length: 3\r\n\r\nwhy"
    with answering(answer.encode()) as server, client(server.url) as http:
        assert http.request("GET", "/") == Answer(status, b"why", "120")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.8.8.8"])
def test_a_server_on_this_computer_is_not_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    with client(f"http://{host}:{free_port()}") as http:
        assert not http._session.trust_env


def test_another_computer_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    with answering(OK) as proxy, client("http://gym.invalid:8000") as http:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert http.request("GET", "/health").body == b"ok"
    assert proxy.requests[0].startswith("GET http://gym.invalid:8000/health HTTP/1.1")


@pytest.mark.parametrize("status", [200, 302])
@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_an_answer_that_unpacks_without_end_is_none_and_takes_no_memory(encoding: str, status: int) -> None:
    bomb = gzip.compress(bytes(50_000_000), 9) if encoding == "gzip" else zlib.compress(bytes(50_000_000), 9)
    with answering(packed(encoding, bomb, status)) as server, client(server.url, max_bytes=1_000_000) as http:
        tracemalloc.start()
        with pytest.raises(NoAnswer, match=r"^the answer is longer than 1000000 bytes$"):
            http.request("GET", "/")
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
        tracemalloc.stop()


def test_an_answer_that_is_packed_is_unpacked() -> None:
    with answering(packed("gzip", gzip.compress(b"ok" * 50_000))) as server, client(server.url) as http:
        assert http.request("GET", "/").body == b"ok" * 50_000


def test_an_answer_that_cannot_be_unpacked_is_none() -> None:
    with (
        answering(packed("gzip", b"no gzip at all")) as server,
        client(server.url) as http,
        pytest.raises(NoAnswer, match="cannot be unpacked"),
    ):
        http.request("GET", "/")


def test_a_long_answer_is_none() -> None:
    with (
        answering(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(1001)) as server,
        client(server.url, max_bytes=1000) as http,
        pytest.raises(NoAnswer, match="longer than 1000 bytes"),
    ):
        http.request("GET", "/")


@pytest.mark.parametrize(("total_s", "within"), [(None, "10 s"), (30.0, "30 s")])
def test_an_answer_that_drips_for_ever_is_none(total_s: float | None, within: str) -> None:
    clock = FakeClock()

    class Dripping:
        """Each byte takes six seconds."""

        def read1(self, _most_bytes: int, *, decode_content: bool) -> bytes:
            assert decode_content
            clock.advance(6.0)
            return b"."

        def close(self) -> None:
            """Nothing to close."""

    with answering(OK) as server:
        http = HttpClient(server.url, clock, source="--url", total_s=total_s)
        response = http._session.get(server.url, stream=True)
        response.raw, raw = Dripping(), response.raw
        with pytest.raises(NoAnswer, match=f"not whole within {within}"):
            http._read(response, clock.monotonic_s())
        raw.close()
        http.close()


def test_a_closed_port_is_a_refused_connection_to_which_nothing_was_sent() -> None:
    with client(f"http://127.0.0.1:{free_port()}") as http, pytest.raises(NotSent, match=r"^connection refused$"):
        http.request("GET", "/")


def test_a_name_that_nobody_knows_was_sent_nothing() -> None:
    with client("http://backend.invalid:8000") as http, pytest.raises(NotSent):
        http.request("GET", "/")


def test_tls_to_a_server_without_it_was_sent_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection, suppress(ConnectionError):  # a client that cannot read the answer resets
                connection.recv(1)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(4096):
                    pass

        thread = threading.Thread(target=answer)
        thread.start()
        with client(f"https://127.0.0.1:{listener.getsockname()[1]}") as http, pytest.raises(NotSent):
            http.request("GET", "/")
        thread.join()


def test_a_server_that_says_nothing_is_given_up_and_may_have_been_sent_something() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        client(f"http://127.0.0.1:{listener.getsockname()[1]}", read_s=0.05) as http,
        pytest.raises(NoAnswer, match=r"^no answer within 0\.05 s$") as raised,
    ):
        http.request("GET", "/")
    assert not isinstance(raised.value, NotSent)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhalf", b"nonsense\r\n\r\n"])
def test_a_connection_that_is_cut_is_no_answer_and_the_next_request_works(answer: bytes) -> None:
    with answering(answer, OK) as server, client(server.url) as http:
        with pytest.raises(NoAnswer) as raised:
            http.request("GET", "/")
        assert not isinstance(raised.value, NotSent)
        assert str(raised.value)
        assert http.request("GET", "/").body == b"ok"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1:8000",
        "ftp://host",
        "http://",
        "http://host:99999",
        "http://host:0",
        "",
        "http://[::1",
        "http://gym..lan",
    ],
)
def test_an_address_that_is_none_is_named_with_where_it_came_from(address: str) -> None:
    with pytest.raises(UsageError, match=r"^--url is '.*no address.*give one such as http://127\.0\.0\.1:8000$"):
        HttpClient(address, SystemClock(), source="--url")


@pytest.mark.parametrize(
    "address",
    [
        *("ftp://ann:s3cret@host", "http://ann:s3cret@host:99999", "ann:s3/cret@x", "ann:s3?cret@x"),
        *("ftp://host?key=s3cret", "http://host:99999?key=s3cret"),
    ],
)
def test_an_address_that_is_none_tells_no_password(address: str) -> None:
    with pytest.raises(UsageError) as raised:
        check_address(address, "--url")
    assert "cret" not in str(raised.value)
