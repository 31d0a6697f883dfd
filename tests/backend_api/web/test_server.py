"""What the server makes of requests as they come over a socket: proper, odd, endless, slow, and none at all."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from backend_api.web.server import MAX_HEAD_BYTES
from tests.backend_api.serving import TIMEOUT_S, served, talk

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
SECRET = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
DEADLINE_S = 0.5


def telling() -> FastAPI:
    """Answers with what it was asked: the path, the names of the fields, and the length of the body."""
    app = FastAPI()
    app.state.end_streams = lambda: None

    @app.get("/stream")
    async def stream() -> Response:
        return StreamingResponse(iter([b"one ", b"two ", b"three"]))

    @app.api_route("/{path:path}", methods=["GET", "HEAD", "POST"])
    async def tell(path: str, request: Request) -> Response:
        return Response(f"</{path} {','.join(request.headers)} {len(await request.body())}>")

    return app


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served(telling()) as port:
        yield port


@pytest.fixture
def hasty_port() -> Iterator[int]:
    """A server that waits so shortly for a request that a test need not."""
    with served(telling(), DEADLINE_S) as port:
        yield port


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n",
        POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\na",
        POST + b"Content-Length: +1\r\n\r\na",
        POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        CHUNKED + b"3\r\nabc\r\nz\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused_and_hung_up_on(port: int, request_: bytes) -> None:
    answer = talk(port, request_)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"connection: close" in answer.lower()
    assert b"</" not in answer


@pytest.mark.parametrize(
    "start",
    [b"GET / HTTP/1.1\r\nHost: x\r\nA: ", CHUNKED + b"3;extension=", CHUNKED + b"0\r\nBehind-The-Body: "],
    ids=["head", "chunk", "trailer"],
)
def test_what_never_ends_is_refused_before_it_does(port: int, start: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as client:
        client.sendall(start)
        with pytest.raises(ConnectionError):  # noqa: PT012 - the server hangs up in the middle of it
            for _ in range(10_000):
                client.sendall(b"y" * 16 * 1024)


def test_many_requests_of_long_heads_are_no_long_head(port: int) -> None:
    fields = b"A: " + b"y" * (MAX_HEAD_BYTES - 200) + b"\r\n"
    request = POST + b"Content-Length: 50000\r\n" + fields + b"\r\n" + b"z" * 50_000
    whole = request * 3 + LAST
    answer = talk(port, *[whole[at : at + 9_000] for at in range(0, len(whole), 9_000)])
    assert answer.count(b" 50000>") == 3
    assert answer.endswith(b" 0>")


def test_an_old_client_names_no_host(port: int) -> None:
    assert talk(port, b"GET /old HTTP/1.0\r\n\r\n").endswith(b"</old  0>")


def test_fields_behind_a_body_are_not_taken_for_those_before_it(port: int) -> None:
    end = b"0\r\nAuthorization: Bearer x\r\n\r\n"
    request = CHUNKED.replace(b"Host", b"Connection: close\r\nHost") + b"3\r\nabc\r\n" + end
    for parts in ([request], [request[:-20], request[-20:]]):
        assert talk(port, *parts).endswith(b"</ connection,host,transfer-encoding 3>")


@pytest.mark.parametrize("connection", [b"Upgrade", b"close, Upgrade"])
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
@pytest.mark.parametrize(
    "framed",
    [
        b"Content-Length: %d\r\n\r\n%s" % (len(SECRET), SECRET),
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(SECRET), SECRET),
    ],
    ids=["length", "chunked"],
)
def test_the_body_behind_an_offer_to_upgrade_is_no_request(
    port: int, framed: bytes, version: bytes, connection: bytes
) -> None:
    head = b"POST /first HTTP/%s\r\nHost: x\r\nConnection: %s\r\nUpgrade: h2c\r\n" % (version, connection)
    whole = head + framed + LAST
    for cut in range(0, len(whole), 31):
        answer = talk(port, whole[:cut], whole[cut:])
        assert b"</smuggled" not in answer
        assert b"</first host,connection,upgrade," in answer
        assert f" {len(SECRET)}>".encode() in answer


@pytest.mark.parametrize("keep", [b"", b"Connection: keep-alive\r\n"])
def test_an_old_client_gets_no_chunks(port: int, keep: bytes) -> None:
    head, _, body = talk(port, b"GET /stream HTTP/1.0\r\n" + keep + b"\r\n").partition(b"\r\n\r\n")
    assert body == b"one two three"
    assert b"transfer-encoding" not in head.lower()


def test_everybody_else_gets_chunks(port: int) -> None:
    head, _, body = talk(port, LAST.replace(b"/last", b"/stream")).partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head.lower()
    assert body == b"4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n"


def test_requests_may_run_ahead_of_their_answers(port: int) -> None:
    assert talk(port, GET * 200 + LAST).count(b" 200 OK") == 201


def test_a_refusal_is_not_mixed_into_the_answer_before_it(port: int) -> None:
    answer = talk(port, GET + b"\x00\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.index(b"</ host 0>") < answer.index(b"HTTP/1.1 400 ")


# Time


@pytest.mark.parametrize("start", [b"", b"POST / HT", b"GET / HTTP/1.1\r\nX: "], ids=["nothing", "line", "head"])
def test_a_connection_without_a_request_is_closed(hasty_port: int, start: bytes) -> None:
    assert talk(hasty_port, start) == b""


def test_a_second_request_that_never_comes_whole_is_no_longer_waited_for(hasty_port: int) -> None:
    with socket.create_connection(("127.0.0.1", hasty_port), timeout=TIMEOUT_S) as client:
        client.sendall(GET)
        _until(client, b">")
        client.sendall(GET[:20])
        assert client.recv(1) == b""


def test_a_head_that_comes_byte_by_byte_is_cut_off(hasty_port: int) -> None:
    with socket.create_connection(("127.0.0.1", hasty_port), timeout=DEADLINE_S / 5) as client:
        client.sendall(b"GET / HTTP/1.1\r\nX: ")
        with pytest.raises(ConnectionError):  # noqa: PT012 - each try waits a moment for an answer
            for _ in range(1000):
                client.sendall(b"y")
                try:
                    if not client.recv(1):
                        raise ConnectionResetError
                except TimeoutError:
                    continue


def test_a_long_body_and_a_pause_between_requests_are_no_reason(hasty_port: int) -> None:
    with socket.create_connection(("127.0.0.1", hasty_port), timeout=DEADLINE_S / 2) as client:
        client.sendall(POST + b"Content-Length: 6\r\n\r\n")
        for _ in range(6):
            with pytest.raises(TimeoutError):
                client.recv(1)
            client.sendall(b"z")
        assert b"</ host,content-length 6>" in _until(client, b">")
        for _ in range(6):
            with pytest.raises(TimeoutError):
                client.recv(1)
        client.sendall(GET)
        assert b"</ host 0>" in _until(client, b">")


def _until(client: socket.socket, end: bytes) -> bytes:
    answer = b""
    while not answer.endswith(end):
        answer += client.recv(4096) or pytest.fail(f"hung up behind {answer!r}")
    return answer


def endless() -> FastAPI:
    """Answers without an end, and remembers how much was made of that, and whether it was told to stop."""
    app = FastAPI()
    app.state.end_streams = lambda: None
    app.state.made_bytes = 0
    app.state.has_ended = threading.Event()

    async def pieces() -> AsyncIterator[bytes]:
        try:
            while True:
                app.state.made_bytes += 65536
                yield bytes(65536)
                await asyncio.sleep(0)  # as what reads a file or a database would, let others have their turn
        finally:
            app.state.has_ended.set()

    @app.get("/")
    async def answer() -> Response:
        return StreamingResponse(pieces())

    return app


def test_an_answer_that_nobody_reads_takes_little_memory_and_ends_with_its_client() -> None:
    app = endless()
    with served(app, DEADLINE_S) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as client:
            client.sendall(GET)
            assert not app.state.has_ended.wait(DEADLINE_S)
        assert app.state.has_ended.wait(TIMEOUT_S)
    # What the two ends of the connection hold, which the system may let grow to some megabytes, and no more.
    assert 0 < app.state.made_bytes < 32 * 1024**2
