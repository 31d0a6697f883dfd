"""A port behind which a server is, or is not: for what is away, and comes back."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


@contextmanager
def forwarded(port: int, endpoint: str) -> Iterator[None]:
    """While this is entered, connections to `port` of this computer lead to `endpoint`; before and after, nowhere."""
    target = urlsplit(endpoint)
    connections: list[socket.socket] = []

    class Handler(socketserver.BaseRequestHandler):
        """Copies the bytes of a connection in both directions until either side ends."""

        def handle(self) -> None:
            with socket.create_connection((str(target.hostname), target.port or 80)) as server:
                connections.append(server)
                back = threading.Thread(target=_copy, args=(server, self.request), daemon=True)
                back.start()
                _copy(self.request, server)
                back.join()

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", port), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield
        finally:
            server.shutdown()
            serving.join()
            for connection in connections:
                _end(connection)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    _end(source)
    _end(target)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
