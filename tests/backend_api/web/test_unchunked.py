"""Clients of HTTP/1.0 get no chunks, all others do."""

import asyncio
from typing import Any

import pytest

from backend_api.web.strictness import StrictProtocol
from tests.backend_api.connection import talk


async def count(_scope: Any, _receive: Any, send: Any) -> None:  # noqa: ANN401
    """Answers three parts without saying how many there will be."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    for part in (b"one ", b"two ", b"three"):
        await send({"type": "http.response.body", "body": part, "more_body": part != b"three"})


async def announce(_scope: Any, _receive: Any, send: Any) -> None:  # noqa: ANN401
    """Answers two parts of a length that is known."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"Content-Length", b"6")]})
    await send({"type": "http.response.body", "body": b"one", "more_body": True})
    await send({"type": "http.response.body", "body": b"two"})


def answer(request: bytes, app: Any) -> tuple[bytes, bytes]:  # noqa: ANN401
    """Head and body of what `app` answers until the connection is closed."""

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(request)
        return await reader.read()

    head, _, body = talk(StrictProtocol, app, client).partition(b"\r\n\r\n")
    return head.lower(), body


@pytest.mark.parametrize(("app", "expected"), [(count, b"one two three"), (announce, b"onetwo")])
@pytest.mark.parametrize("keep", [b"", b"Connection: keep-alive\r\n"])
def test_an_old_client_gets_the_body_as_it_is(app: Any, expected: bytes, keep: bytes) -> None:  # noqa: ANN401
    head, body = answer(b"GET / HTTP/1.0\r\n" + keep + b"\r\n", app)
    assert body == expected
    assert b"transfer-encoding" not in head
    assert b"connection: close" in head


def test_an_old_client_that_asks_for_the_head_gets_no_body() -> None:
    assert answer(b"HEAD / HTTP/1.0\r\n\r\n", count)[1] == b""


def test_everybody_else_gets_chunks() -> None:
    head, body = answer(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", count)
    assert b"transfer-encoding: chunked" in head
    assert body == b"4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n"
