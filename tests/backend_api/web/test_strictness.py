"""What is no proper request is refused with its reason, and what is one is answered, however it arrives."""

import asyncio
import json
from functools import partial
from typing import Any

import pytest

from backend_api.web import strictness
from backend_api.web.lingering import Lingering
from backend_api.web.strictness import MAX_HEAD_BYTES, MAX_WAITING_REQUESTS, StrictProtocol
from tests.backend_api.connection import TIMEOUT_S, talk

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n"
)
LONG = b"y" * MAX_HEAD_BYTES


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is refused has all the time that a test may take."""
    monkeypatch.setattr(strictness, "Lingering", partial(Lingering, linger_s=TIMEOUT_S))


async def tell(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
    """Answers with what it was asked: the path, the names of the fields, and the length of the body."""
    length, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        length, more = length + len(message["body"]), message["more_body"]
    names = ",".join(name.decode() for name, _ in scope["headers"])
    body = f"<{scope['path']} {names} {length}>".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


def answers(*parts: bytes) -> bytes:
    """All that is answered to `parts`, each of which arrives by itself, until the connection is closed."""

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        for part in parts:
            writer.write(part)
            await writer.drain()
            # What leaves in one packet arrives in one: the other end has had its turn in between.
            for _ in range(10):
                await asyncio.sleep(0)
        return await reader.read()

    return talk(StrictProtocol, tell, client)


def refusal(answer: bytes) -> dict[str, Any]:
    """The problem that `answer`, a whole one after which the connection was closed, consists of."""
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert b"connection: close" in lines
    assert b"content-type: application/problem+json" in lines
    assert f"content-length: {len(body)}".encode() in lines
    problem: dict[str, Any] = json.loads(body)
    assert head.startswith(f"HTTP/1.1 {problem['status']} {problem['title']}".encode())
    return problem


@pytest.mark.parametrize(
    ("request_", "status", "culprit"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400, "0 Host"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n", 400, "2 Host"),
        (b"GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n", 400, "2 Host"),
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505, "HTTP/2.0"),
        (b"GET /" + LONG + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431, "16384"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + LONG + b"\r\n\r\n", 431, "16384"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 10_000 + b"\r\n", 431, "16384"),
        (b"CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "url"),
        (b"CONNECT a:1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na", 400, "url"),
        (b"GET http://x HTTP/1.1\r\nHost: x\r\n\r\n", 400, "path"),
        (b"FLY / HTTP/1.1\r\nHost: x\r\n\r\n", 400, "method"),
        (b"GET / HTTP/1.1\nHost: x\n\n", 400, "CRLF"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", 400, "header"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", 400, "Content-Length"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "Encoding"),
        (CHUNKED + b"3\r\nabc\r\nz\r\n", 400, "chunk"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "method"),
    ],
)
def test_what_is_no_request_is_refused_with_its_reason(request_: bytes, status: int, culprit: str) -> None:
    problem = refusal(answers(request_))
    assert problem["status"] == status
    assert culprit in problem["detail"]


@pytest.mark.parametrize(
    "start",
    [b"GET / HTTP/1.1\r\nHost: x\r\nA: ", CHUNKED + b"3;extension=", CHUNKED + b"0\r\nBehind-The-Body: "],
    ids=["head", "chunk", "trailer"],
)
def test_what_never_ends_is_refused_before_it_does(start: bytes) -> None:
    assert refusal(answers(start, *[b"y" * 1024] * 17))["status"] == 431


def test_who_is_still_sending_gets_the_refusal_whole() -> None:
    """Without a pause for the other end: what arrives at a closed connection resets it, and the answer is lost."""

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(CHUNKED + b"z\r\n")
        for _ in range(100):
            writer.write(LONG)
            await writer.drain()
            await asyncio.sleep(0)
        return await reader.read()

    assert refusal(talk(StrictProtocol, tell, client))["status"] == 400


def test_many_requests_of_long_heads_are_no_long_head() -> None:
    fields = b"A: " + b"y" * (MAX_HEAD_BYTES - 200) + b"\r\n"
    request = GET[:-2] + b"Content-Length: 50000\r\n" + fields + b"\r\n" + b"z" * 50_000
    whole = request * 3 + GET.replace(b"Host", b"Connection: close\r\nHost")
    size = 9_000
    answer = answers(*[whole[at : at + size] for at in range(0, len(whole), size)])
    assert answer.count(b" 50000>") == 3
    assert answer.endswith(b" 0>")


def test_an_old_client_names_no_host() -> None:
    assert answers(b"GET /old HTTP/1.0\r\n\r\n").endswith(b"</old  0>")


def test_fields_behind_a_body_are_not_taken_for_those_before_it() -> None:
    end = b"0\r\nAuthorization: Bearer x\r\n\r\n"
    request = CHUNKED.replace(b"Host", b"Connection: close\r\nHost") + b"3\r\nabc\r\n" + end
    for parts in ([request], [request[:-20], request[-20:]]):
        assert answers(*parts).endswith(b"</ connection,host,transfer-encoding 3>")


def test_an_offer_to_upgrade_is_not_taken_up_and_loses_nothing() -> None:
    last = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    for parts in ([UPGRADE + UPGRADE + last], [UPGRADE, UPGRADE, last]):
        answer = answers(*parts)
        assert answer.count(b"HTTP/1.1 200 OK") == 3
        assert answer.count(b"upgrade") == 2
        assert answer.endswith(b"</last host,connection 0>")


SECRET = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


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
def test_the_body_behind_an_offer_to_upgrade_is_no_request(framed: bytes, version: bytes, connection: bytes) -> None:
    head = b"POST /first HTTP/%s\r\nHost: x\r\nConnection: %s\r\nUpgrade: h2c\r\n" % (version, connection)
    last = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    stays_open = version == b"1.1" and connection == b"Upgrade"
    whole = head + framed + last
    for cut in range(0, len(whole), 7):
        answer = answers(whole[:cut], whole[cut:])
        assert b"smuggled" not in answer
        assert answer.count(b"HTTP/1.1 200 OK") == (2 if stays_open else 1)
        assert b"</first host,connection," in answer
        assert f" {len(SECRET)}>".encode() in answer
        assert (b"</last" in answer) == stays_open


def test_only_so_many_requests_run_ahead_of_their_answers() -> None:
    last = GET.replace(b"Host", b"Connection: close\r\nHost")
    assert answers(GET * (MAX_WAITING_REQUESTS - 1) + last).count(b" 200 OK") == MAX_WAITING_REQUESTS
    assert answers(GET * 1000 + last).count(b" 200 OK") <= MAX_WAITING_REQUESTS + 1


@pytest.mark.parametrize("rest", [b"", b"\r\n"])
def test_who_asks_for_nothing_more_is_hung_up_on(rest: bytes) -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(GET)
        await reader.readuntil(b" 0>")
        writer.write(rest)
        return await reader.read()

    assert talk(StrictProtocol, tell, client, keep_alive_s=1) == b""


def test_a_refusal_is_not_mixed_into_the_answer_before_it() -> None:
    assert b"400" not in answers(GET + b"\x00")
