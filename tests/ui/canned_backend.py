"""A backend that gives one answer to every call, over real HTTP: what no real one says when a test wants it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from backend_api.contract.values import Problem


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: HTTP status, content type and body."""

    status: int
    content_type: str
    body: bytes


def problem(status: int, detail: str) -> Reply:
    """An error as the backend words it."""
    body = Problem(title="Problem", status=status, detail=detail).model_dump_json()
    return Reply(status, "application/problem+json", body.encode())


@dataclass
class CannedBackend:
    """Answers every call at `url` with `reply`, and says that it is healthy."""

    url: str
    reply: Reply


@contextmanager
def running_canned_backend() -> Iterator[CannedBackend]:
    """One that answers 404 until it is told otherwise."""
    backend = CannedBackend("", problem(404, "there is nothing here"))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            healthy = Reply(200, "application/json", b'{"status": "ok"}')
            reply = healthy if self.path == "/health" else backend.reply
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        backend.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield backend
        finally:
            server.shutdown()
