"""An answer's head and body leave in one packet.

uvicorn writes them one after the other, and each write is a call to the system that wakes the client up: that costs as
much as making a small answer does. What is written in the same turn of the event loop is put together instead.
"""

import asyncio
from typing import Any

# More than this leaves at once, so that the transport sees how much waits and can slow its writer down.
MAX_WAITING_BYTES = 16 * 1024


class OnePacketTransport(asyncio.Transport):
    """Writes to `transport`; what is small waits for the loop's next turn, and for what is written until then."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._waiting = bytearray()

    def write(self, data: "bytes | bytearray | memoryview[Any]") -> None:
        """Send `data` behind all that was written before, in this turn of the loop or the next."""
        if data and not self._waiting:
            self._loop.call_soon(self._send)
        self._waiting += data
        if len(self._waiting) > MAX_WAITING_BYTES:
            self._send()

    def close(self) -> None:
        """Close the connection when all is sent."""
        self._send()
        self._transport.close()

    def write_eof(self) -> None:
        """Close the connection's own direction when all is sent."""
        self._send()
        self._transport.write_eof()

    def abort(self) -> None:
        """Close the connection now, whatever is not sent yet."""
        self._transport.abort()

    def is_closing(self) -> bool:
        """Whether it is closed, or about to be."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as asyncio has it
        """What the transport knows of the connection."""
        return self._transport.get_extra_info(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Tell `protocol` from now on what happens."""
        self._transport.set_protocol(protocol)

    def pause_reading(self) -> None:
        """Read no more."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        self._transport.resume_reading()

    def _send(self) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, bytearray()
            self._transport.write(waiting)
