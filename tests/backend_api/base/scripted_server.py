"""A server on this computer that answers with given bytes, one connection after the other."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO


@dataclass
class ScriptedServer:
    """`requests` are the heads of what came, as text."""

    url: str
    requests: list[str] = field(default_factory=list)


@contextmanager
def answering(*answers: bytes) -> Iterator[ScriptedServer]:
    """Serve on a free port: each connection gets the next of `answers`, after its request was read, and is closed.

    An empty answer closes the connection without a word.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = ScriptedServer(f"http://127.0.0.1:{listener.getsockname()[1]}")

        def serve() -> None:
            for answer in answers:
                connection, _ = listener.accept()
                with connection, connection.makefile("rb") as request:
                    server.requests.append(_read_head(request))
                    if answer:
                        # A client that has seen enough hangs up in the middle.
                        _send(connection, answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server
        thread.join()


def _read_head(request: BinaryIO) -> str:
    """The head of a request; requests of these tests have no body."""
    head = b""
    while (line := request.readline()) not in (b"\r\n", b""):
        head += line
    return head.decode()


def _send(connection: socket.socket, answer: bytes) -> None:
    try:
        connection.sendall(answer)
    except (BrokenPipeError, ConnectionResetError):
        return
