"""Who is refused while still sending gets to hear why: the connection stays half open for a moment behind the answer.

Closed over bytes that nobody has read, a connection is reset, and the reset overtakes the answer (RFC 9112, 9.6).
"""

import asyncio

# Long enough to send off what is on its way across a network, and to read a short answer.
LINGER_S = 2.0


class Lingering(asyncio.Protocol):
    """Takes over `transport`, sends what is written to it by now, and throws away what comes.

    The connection is closed when the other end closes it, or after `linger_s`.
    """

    def __init__(self, transport: asyncio.Transport, linger_s: float = LINGER_S) -> None:
        transport.set_protocol(self)
        transport.resume_reading()
        transport.write_eof()
        self._timer = asyncio.get_running_loop().call_later(linger_s, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """The other end has closed, or time is up."""
        self._timer.cancel()
        super().connection_lost(exc)
