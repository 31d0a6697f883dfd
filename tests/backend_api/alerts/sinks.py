"""Servers on this computer that alerts are sent to: one for HTTP whose answers are given, one for mail."""

import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from backend_api.base.clock import SystemClock
from tests.processes import free_port

_CLOCK = SystemClock()


@dataclass(frozen=True)
class Reaction:
    """An answer after `after_s`; without a status the connection is cut, with `drips` the body never ends."""

    status: int | None = 200
    body: bytes = b"thank you"
    headers: Sequence[tuple[str, str]] = ()
    drips: bool = False
    after_s: float = 0.0


OK = Reaction()


@dataclass
class HttpSink:
    """`got` are the headers and bodies that came, `taken` which were accepted; `reactions` are given in turn."""

    url: str = ""
    reactions: list[Reaction] = field(default_factory=lambda: [OK])
    got: list[tuple[Message, bytes]] = field(default_factory=list)
    taken: list[bool] = field(default_factory=list)
    # When each came, and when its answer was written, by the monotonic clock.
    times_s: list[list[float]] = field(default_factory=list)
    # Several may come at once: their places in the three lists are the same.
    lock: threading.Lock = field(default_factory=threading.Lock)
    stop: threading.Event = field(default_factory=threading.Event)

    def next_reaction(self) -> Reaction:
        return self.reactions.pop(0) if len(self.reactions) > 1 else self.reactions[0]


def _handler(sink: HttpSink) -> type[BaseHTTPRequestHandler]:
    """What reacts to a request as `sink` says."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            if len(body) < length:
                # Its sender was killed within it: it has not come.
                self.close_connection = True
                return
            reaction = sink.next_reaction()
            times_s = [_CLOCK.monotonic_s(), math.inf]
            with sink.lock:
                sink.times_s.append(times_s)
                sink.got.append((self.headers, body))
                sink.taken.append(reaction.status is not None and reaction.status < 300)
            sink.stop.wait(reaction.after_s)
            if reaction.status is None:
                self.close_connection = True
                return
            self.send_response(reaction.status)
            for name, value in reaction.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reaction.body) + 1000 * reaction.drips))
            self.end_headers()
            self.wfile.write(reaction.body)
            times_s[1] = _CLOCK.monotonic_s()
            if reaction.drips:
                self.wfile.flush()
                sink.stop.wait(60)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def http_sink(*reactions: Reaction) -> Iterator[HttpSink]:
    sink = HttpSink(reactions=list(reactions) or [OK])

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """That a client was killed is what some tests are about."""

    server = Server(("127.0.0.1", 0), _handler(sink))
    sink.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        sink.stop.set()
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class MailSink:
    """`got` are the mails that came; `refusal` is what the server says to each instead of taking it."""

    port: int = 0
    refusal: str = ""
    got: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:  # noqa: N802
        if self.refusal:
            return self.refusal
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.got.append(mail)
        return "250 Message accepted for delivery"


@contextmanager
def mail_sink() -> Iterator[MailSink]:
    sink = MailSink(port=free_port())
    controller = Controller(sink, hostname="127.0.0.1", port=sink.port, ready_timeout=60)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()
