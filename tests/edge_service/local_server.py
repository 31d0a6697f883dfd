"""A real HTTP server on this computer that reacts as a `FakeBackend` does, and can cut the connection."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from backend_api.base.http_client import NoAnswer
from edge_service.delivery.backend_client import Transport


@dataclass
class LocalServer:
    """`requests` are the path and the headers of each request that came, `connections` how many carried them."""

    url: str = ""
    requests: list[tuple[str, Message]] = field(default_factory=list)
    connections: int = 0


@contextmanager
def serving(backend: Transport) -> Iterator[LocalServer]:
    """Serve on a free port; `backend` gets what is posted, and nothing where a page is asked for.

    Where it raises NoAnswer, the connection is cut without an answer.
    """
    local = LocalServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            local.connections += 1
            super().setup()

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, body: bytes) -> None:
            local.requests.append((self.path, self.headers))
            try:
                answer = backend.post(body)
            except NoAnswer:
                self.close_connection = True
                return
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(answer.body)))
            self.send_header("Location", "/elsewhere")
            if answer.retry_after is not None:
                self.send_header("Retry-After", answer.retry_after)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        local.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield local
        finally:
            server.shutdown()
            thread.join()
