"""A real server for an application, in a thread of the test's process."""

import faulthandler
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from fastapi import FastAPI

from backend_api.web.connection_limits import REQUEST_S
from backend_api.web.server import serve

TIMEOUT_S = 60.0
# Requests that are under way get 10 s, and a write that waits for the database's lock 30 s.
STOPS_WITHIN_S = 60.0


@contextmanager
def served(app: FastAPI, request_s: float = REQUEST_S) -> Iterator[int]:
    """The port of 127.0.0.1 at which `app` is served for the length of a `with`."""
    stop = threading.Event()
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        arguments = (app, listening, stop, request_s)
        server = threading.Thread(target=serve, args=arguments, daemon=True)
        server.start()
        try:
            yield listening.getsockname()[1]
        finally:
            stop.set()
            server.join(STOPS_WITHIN_S)
            if server.is_alive():
                faulthandler.dump_traceback(file=2)
                pytest.fail("the backend did not stop; see where its threads are")


def talk(port: int, *parts: bytes) -> bytes:
    """All that is answered to `parts`, sent one after the other, until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as client, client.makefile("rb") as answer:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            client.sendall(part)
        return answer.read()
