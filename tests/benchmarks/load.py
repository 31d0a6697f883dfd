"""A client that costs little, so that what is measured is the server: raw HTTP/1.1 over kept-alive connections."""

import selectors
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from backend_api.base.clock import SystemClock

TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Answers:
    """What came of many requests: how many a second were served (200 or 201), and the statuses of all others."""

    served_per_s: float
    refused: list[int]


def post_all(port: int, path: str, bodies: Sequence[bytes], *, clients: int, content_type: str) -> Answers:
    """POST every body to 127.0.0.1 by `clients` connections, each of which waits for its answer before the next.

    Raises AssertionError when a connection breaks, TimeoutError when no answer comes.
    """
    requests = [request("POST", path, body, {"Content-Type": content_type}) for body in bodies]
    return send_all([port], requests, clients=clients)


def request(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """What goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def send_all(ports: Sequence[int], requests: Sequence[bytes], *, clients: int) -> Answers:
    """Like `post_all`, for any requests; the `clients` are shared out among the `ports`."""
    clock, waiting = SystemClock(), iter(requests)
    with ExitStack() as stack:
        sockets = [stack.enter_context(_connect(ports[number % len(ports)])) for number in range(clients)]
        begin_s = clock.monotonic_s()
        statuses = list(_answers(sockets, waiting))
        elapsed_s = clock.monotonic_s() - begin_s
    refused = [status for status in statuses if status not in (200, 201)]
    return Answers((len(statuses) - len(refused)) / elapsed_s, refused)


def _connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _answers(sockets: Sequence[socket.socket], waiting: Iterator[bytes]) -> Iterator[int]:
    """The status of each answer, as they come."""
    with selectors.DefaultSelector() as busy:
        # In this order zip ends before it takes a request that no socket is there for.
        for connection, first in zip(sockets, waiting, strict=False):
            connection.sendall(first)
            busy.register(connection, selectors.EVENT_READ, bytearray())
        while busy.get_map():
            ready = busy.select(TIMEOUT_S)
            if not ready:
                raise TimeoutError(f"no answer within {TIMEOUT_S} s")
            for key, _ in ready:
                ready_one, received = key.fileobj, key.data
                assert isinstance(ready_one, socket.socket)
                part = ready_one.recv(65536)
                assert part, f"the server hung up after {bytes(received)!r}"
                received += part
                if _is_whole(received):
                    yield int(received[9:12])
                    received.clear()
                    if following := next(waiting, b""):
                        ready_one.sendall(following)
                    else:
                        busy.unregister(ready_one)


def _is_whole(answer: bytearray) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    [length] = [line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return len(body) >= int(length)
