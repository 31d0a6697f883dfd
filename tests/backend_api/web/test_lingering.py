"""A connection that lingers hands over what was written to it, and ends even so."""

import asyncio

import pytest

from backend_api.web.lingering import Lingering
from tests.backend_api.connection import TIMEOUT_S, Client

# More than a connection holds by itself.
ANSWER = b"why" * 2_000_000


class Refusing(asyncio.Protocol):
    """Answers whatever comes, in the middle of it, and lingers for `linger_s`."""

    def __init__(self, linger_s: float) -> None:
        self._linger_s = linger_s

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.pause_reading()
        self._transport.write(ANSWER)
        Lingering(self._transport, self._linger_s)


def refused(linger_s: float, client: Client) -> bytes:
    """What `client` makes of a connection on which whatever it sends is refused."""

    async def run() -> bytes:
        async with await asyncio.get_running_loop().create_server(lambda: Refusing(linger_s), "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
            try:
                return await asyncio.wait_for(client(reader, writer), TIMEOUT_S)
            finally:
                writer.close()

    return asyncio.run(run())


def test_who_goes_on_sending_gets_all_of_the_answer() -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        for _ in range(100):
            writer.write(b"x" * 65536)
            await asyncio.sleep(0)
        return await reader.read()

    assert refused(TIMEOUT_S, client) == ANSWER


def test_who_never_hangs_up_is_hung_up_on() -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.001)

    with pytest.raises(ConnectionError):
        refused(0.05, client)
