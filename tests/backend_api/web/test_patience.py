"""Slow clients are cut off, and nobody else is."""

import asyncio
from typing import Any

import pytest

from backend_api.web.patience import ImpatientProtocol
from tests.backend_api.connection import Client, talk

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"


class Hasty(ImpatientProtocol):
    """Looks so often that a test need not wait."""

    window_s = 0.02


async def echo_length(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
    """Reads the body, waits as long as a stream would, and answers."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        more = message["more_body"]
    for _ in range(10):
        await _pause()
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


async def _pause() -> None:
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    loop.call_later(0.01, done.set_result, None)
    await done


def run(client: Client) -> bytes:
    return talk(Hasty, echo_length, client)


@pytest.mark.parametrize(
    "start", [b"", b"POST / HT", HEAD, HEAD + b"x" * 50], ids=["nothing", "head", "no body", "body"]
)
def test_who_stops_half_way_is_cut_off(start: bytes) -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(start)
        return await reader.read()

    assert run(client) == b""


@pytest.mark.parametrize("start", [b"GET / HTTP/1.1\r\nX: ", HEAD])
def test_who_sends_byte_by_byte_is_cut_off(start: bytes) -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(start)
        reading = asyncio.ensure_future(reader.read())
        while not reading.done():
            writer.write(b"y")
            await _pause()
        return reading.result()

    assert run(client) == b""


def test_an_answer_that_takes_long_and_a_pause_between_requests_are_no_reason() -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        answers = b""
        for _ in range(2):
            writer.write(HEAD + b"x" * 100)
            answers += await reader.readuntil(b"\r\n\r\n")
            for _ in range(10):
                await _pause()
        return answers

    assert run(client).count(b"204 No Content") == 2
