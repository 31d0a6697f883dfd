"""A client that costs little, so that what is measured is the server: raw HTTP/1.1 over kept-alive connections."""

import asyncio
from collections.abc import Iterator, Sequence

from backend_api.clock import SystemClock


def post_all(port: int, path: str, bodies: Sequence[bytes], *, clients: int, content_type: str) -> float:
    """POST every body to 127.0.0.1 by `clients` connections at once; the requests answered a second.

    Raises AssertionError when an answer is not 200 or 201.
    """
    clock = SystemClock()
    requests = [
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
        for body in bodies
    ]

    async def run() -> float:
        waiting = iter(requests)
        begin_s = clock.monotonic_s()
        await asyncio.gather(*(_client(port, waiting) for _ in range(clients)))
        return len(requests) / (clock.monotonic_s() - begin_s)

    return asyncio.run(run())


async def _client(port: int, waiting: Iterator[bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in waiting:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        body = await reader.readexactly(length)
        assert status in (200, 201), f"{status}: {body[:300]!r}"
    writer.close()
    await writer.wait_closed()
