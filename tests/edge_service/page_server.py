"""A real HTTP server on this computer that gives one prepared answer after the other."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class PageServer:
    """`paths` are what was asked for, queries included, and `keys` the authorizations that came with it."""

    url: str = ""
    paths: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)


@contextmanager
def serving_pages(answers: Sequence[tuple[int, bytes]]) -> Iterator[PageServer]:
    """Serve on a free port: the status and the body of each of `answers` in turn."""
    local, left = PageServer(), iter(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            local.paths.append(self.path)
            local.keys.append(self.headers["Authorization"])
            status, body = next(left)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

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
