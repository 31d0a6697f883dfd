"""A backend for the dashboard's tests: the contract's answers from memory, over real HTTP, on a port that stays."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from backend_api.contract import EventPage, StoredEvent
from backend_api.contract_types import Problem, format_timestamp
from backend_api.contract_verdicts import Enrichment, MmResult, MmStatus
from tests.backend_api.events import START, make_event, make_result

_Reply = tuple[int, str, bytes]


def stored(**overrides: object) -> StoredEvent:
    """An event as the backend answers it; like `make_event`, with `mm`, `media_url` and `thumbnail_url` besides."""
    answer = {name: overrides.pop(name, None) for name in ("media_url", "thumbnail_url", "mm")}
    event = make_event(**overrides)
    if event.needs_mm and answer["mm"] is None:
        answer["mm"] = waiting()
    return StoredEvent.model_validate({**event.model_dump(), "received_at": START, **answer})


def waiting() -> Enrichment:
    """An enrichment that nobody has begun."""
    return Enrichment(status=MmStatus.PENDING, attempts=0)


def judged(**overrides: object) -> Enrichment:
    """An enrichment with its verdict; the overrides are MmResult's fields."""
    result: MmResult = make_result(**overrides)
    return Enrichment(status=MmStatus.DONE, attempts=1, result=result)


def failed(error: str = "the clip is missing") -> Enrichment:
    """An enrichment that was given up."""
    return Enrichment(status=MmStatus.DEAD, attempts=3, error=error)


@dataclass
class FakeBackend:
    """What the backend holds; change it at will. With `broken` set every call but /health is answered so."""

    events: list[StoredEvent] = field(default_factory=list)
    media: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    broken: _Reply | None = None
    requests: list[str] = field(default_factory=list)
    port: int = 0
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen, after the first time on the same port again."""
        backend = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(*backend.answer("GET", self.path))

            def do_POST(self) -> None:
                self._answer(*backend.answer("POST", self.path))

            def _answer(self, status: int, content_type: str, body: bytes) -> None:
                first, last = 0, len(body) - 1
                if status == 200 and (wanted := re.match(r"bytes=(\d+)-(\d*)$", self.headers.get("Range", ""))):
                    first, last = int(wanted[1]), min(last, int(wanted[2] or last))
                    status, total = 206, len(body)
                    body = body[first : last + 1]
                self.send_response(status)
                if status == 206:
                    self.send_header("Content-Range", f"bytes {first}-{last}/{total}")
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        ThreadingHTTPServer.allow_reuse_address = True
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening: whoever calls is refused."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def replace(self, event: StoredEvent, **changes: object) -> StoredEvent:
        """Change fields of an event that is held."""
        changed = event.model_copy(update=changes)
        self.events[[held.event_id for held in self.events].index(event.event_id)] = changed
        return changed

    def answer(self, method: str, target: str) -> _Reply:
        """Status, content type and body for one request."""
        self.requests.append(f"{method} {target}")
        url = urlsplit(target)
        if url.path == "/health":
            return 200, "application/json", b'{"status": "ok"}'
        if url.path in self.media:
            return 200, *self.media[url.path]
        if self.broken is not None:
            return self.broken
        if url.path == "/events":
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            return 200, "application/json", self.page(query).model_dump_json().encode()
        return self._one(method, *url.path.removeprefix("/events/").split("/"))

    def page(self, query: dict[str, str]) -> EventPage:
        """One page of what is held, newest first; a cursor is the id of the page before's last event."""
        wanted = sorted((e for e in self.events if _matches(e, query)), key=lambda e: (e.ts, str(e.event_id)))[::-1]
        begin = 0
        if "cursor" in query:
            begin = [str(e.event_id) for e in wanted].index(query["cursor"]) + 1
        items = wanted[begin : begin + int(query["limit"])]
        more = begin + len(items) < len(wanted)
        return EventPage(items=items, next_cursor=str(items[-1].event_id) if more else None)

    def _one(self, method: str, event_id: str, action: str = "") -> _Reply:
        found = [e for e in self.events if e.event_id == UUID(event_id)]
        if not found:
            return problem(404, f"there is no event {event_id}")
        if method == "POST" and action == "retry":
            if found[0].mm is None or found[0].mm.status is not MmStatus.DEAD:
                return problem(409, "only a DEAD enrichment can be tried again")
            self.replace(found[0], mm=waiting())
            return 200, "application/json", b"{}"
        return 200, "application/json", found[0].model_dump_json().encode()


def problem(status: int, detail: str) -> _Reply:
    """An error as the backend words it."""
    body = Problem(title="Problem", status=status, detail=detail).model_dump_json()
    return status, "application/problem+json", body.encode()


@contextmanager
def running_backend(*events: StoredEvent) -> Iterator[FakeBackend]:
    """A fake backend that holds `events` and listens."""
    backend = FakeBackend(list(events))
    backend.start()
    try:
        yield backend
    finally:
        backend.stop()


def _matches(event: StoredEvent, query: dict[str, str]) -> bool:
    ts = format_timestamp(event.ts)
    return (
        query.get("event_type", event.event_type) == event.event_type
        and query.get("machine_id", event.machine_id) == event.machine_id
        and ("mm_status" not in query or (event.mm is not None and event.mm.status == query["mm_status"]))
        and query.get("since", ts) <= ts
        and ("until" not in query or ts < query["until"])
    )
