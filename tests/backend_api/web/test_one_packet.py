"""What is written in one turn of the loop leaves together, in order, and before the connection closes."""

import asyncio
from collections.abc import Callable

from backend_api.web.one_packet import MAX_WAITING_BYTES, OnePacketTransport


class Sent(asyncio.Transport):
    """Remembers each packet, and when it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.packets: list[bytes] = []

    def write(self, data: object) -> None:
        assert isinstance(data, bytes | bytearray)
        self.packets.append(bytes(data))

    def close(self) -> None:
        self.packets.append(b"closed")

    def write_eof(self) -> None:
        self.packets.append(b"closed half")


def sent(*turns: Callable[[asyncio.Transport], None]) -> list[bytes]:
    """What leaves when each of `turns` has one turn of the loop."""
    inner = Sent()

    async def run() -> None:
        transport = OnePacketTransport(inner, asyncio.get_running_loop())
        for turn in turns:
            turn(transport)
            await asyncio.sleep(0)

    asyncio.run(run())
    return inner.packets


def write(*parts: bytes) -> Callable[[asyncio.Transport], None]:
    def turn(transport: asyncio.Transport) -> None:
        for part in parts:
            transport.write(part)

    return turn


def test_what_is_written_in_one_turn_leaves_together() -> None:
    assert sent(write(b"head ", b"body", b""), write(b""), write(b"next")) == [b"head body", b"next"]


def test_much_leaves_at_once_behind_what_waited() -> None:
    much = bytes(MAX_WAITING_BYTES)
    assert sent(write(b"head ", much, b"rest")) == [b"head " + much, b"rest"]


def test_what_waits_leaves_before_the_connection_closes() -> None:
    def say_and_close(transport: asyncio.Transport) -> None:
        transport.write(b"last words")
        transport.close()

    assert sent(say_and_close) == [b"last words", b"closed"]


def test_what_waits_leaves_before_its_own_direction_closes() -> None:
    def say_and_close_half(transport: asyncio.Transport) -> None:
        transport.write(b"last words")
        transport.write_eof()

    assert sent(say_and_close_half) == [b"last words", b"closed half"]
