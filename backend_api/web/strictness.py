"""What counts as an HTTP request: httptools reads it, and what its reader leaves open is decided here.

A head has at most MAX_HEAD_BYTES, names one Host, and is of HTTP/1.1 or 1.0 (RFC 9112). Fields behind a body change
nothing, and an offer of another protocol is not taken up. Whoever sends anything else hears why, unless it is still
owed an earlier answer, and is hung up on.
"""

import logging
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from backend_api.web.lingering import Lingering
from backend_api.web.problems import problem_response
from backend_api.web.unchunked import unchunked

# The request line and all headers together, which also bounds how many there can be.
MAX_HEAD_BYTES = 16 * 1024
# Requests that were sent before the answer to an earlier one on the same connection has ended.
MAX_WAITING_REQUESTS = 100

log = logging.getLogger(__name__)


class _Refused(Exception):
    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class StrictProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with limits; its methods are called by asyncio and by httptools' parser."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as uvicorn has it
        super().__init__(*args, **kwargs)
        # What came since the request began, or since the last part of its body: only heads, and what stands between
        # and behind the chunks of a body, are kept in memory unread.
        self._unread_bytes = 0
        # The head of a request that offers another protocol and has a body, to be read once more without the offer:
        # httptools takes everything behind such a head for the other protocol, so the body would be the next request.
        self._again = b""

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._unread_bytes += len(data)
        try:
            while data:
                data = self._read(data)
            if self._unread_bytes > MAX_HEAD_BYTES:
                raise _too_long()
        except (httptools.HttpParserError, _Refused) as error:
            # What a method below raised is the context of the parser's own error.
            self._hang_up(error.__context__ or error)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._unset_keepalive_if_required()
        self._unread_bytes = 0

    def on_headers_complete(self) -> None:
        """Its head is here: begin to answer."""
        version = self.parser.get_http_version()
        has_body = self._check_head(version)
        if not self.url.startswith((b"/", b"*")) and httptools.parse_url(self.url).path is None:
            raise _Refused(400, "the request names no path; ask for /")
        if self.parser.should_upgrade() and has_body:
            self._again = self._without_offer(version)
            return
        # The answer before this one may have ended since the head began to arrive.
        self._unset_keepalive_if_required()
        if version == "1.0":
            self.expect_100_continue = False  # RFC 9110, 10.1.1
        super().on_headers_complete()
        # Fields behind the body go here, where nobody looks.
        self.headers = []

    def on_body(self, body: bytes) -> None:
        """A part of its body."""
        super().on_body(body)
        self._unread_bytes = 0

    def on_message_complete(self) -> None:
        """All of it is here."""
        if not self._again:
            super().on_message_complete()
        self._unread_bytes = 0

    def _read(self, data: bytes) -> bytes:
        """Hand `data` to the parser; what is left of it behind an offer to upgrade."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # What was offered is not spoken here, so what follows is the next request (RFC 9110, 7.8).
            [end] = upgrade.args
            rest: bytes = data[end:]
            if self._again:
                rest, self._again = self._again + rest, b""
                # The old one reads nothing more where the connection is to be closed after the answer.
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            return rest
        return b""

    def _check_head(self, version: str) -> bool:
        """Whether a body follows. Raises _Refused."""
        head_bytes, hosts, has_body = len(self.url), 0, False
        for name, value in self.headers:
            head_bytes += len(name) + len(value)
            hosts += name == b"host"
            has_body |= name == b"transfer-encoding" or (name == b"content-length" and int(value) > 0)
        if version not in ("1.1", "1.0"):
            raise _Refused(505, f"HTTP/{version} is not spoken here; send HTTP/1.1")
        if head_bytes > MAX_HEAD_BYTES:
            raise _too_long()
        if hosts > 1 or (hosts == 0 and version == "1.1"):
            raise _Refused(400, f"the request has {hosts} Host headers; send one")
        if len(self.pipeline) >= MAX_WAITING_REQUESTS:
            raise _Refused(400, f"{MAX_WAITING_REQUESTS} requests wait on this connection already; await an answer")
        return has_body

    def _without_offer(self, version: str) -> bytes:
        method = self.parser.get_method()
        if method == b"CONNECT":
            raise _Refused(400, "CONNECT has no body (RFC 9110, 9.3.6); leave it out")
        fields = [b"%s: %s\r\n" % field for field in self.headers if field[0] != b"upgrade"]
        return b"%s %s HTTP/%s\r\n%s\r\n" % (method, self.url, version.encode(), b"".join(fields))

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401 - as uvicorn has it
        answering: Any = unchunked(app, cycle) if cycle.scope["http_version"] == "1.0" else app
        super()._start_asgi_task(cycle, answering)

    def _hang_up(self, error: BaseException) -> None:
        client = self.client[0] if self.client else "a client"
        log.info("%s was refused: %s", client, error)
        if not self._may_answer():
            self.transport.close()
            return
        status = error.status if isinstance(error, _Refused) else 400
        detail = str(error) if isinstance(error, _Refused) else f"this is no valid HTTP request: {error}"
        response = problem_response(status, detail, headers={"Connection": "close"})
        lines = [b"%s: %s\r\n" % header for header in response.raw_headers]
        self.transport.write(b"".join([STATUS_LINE[status], *lines, b"\r\n", response.body]))
        self._unset_keepalive_if_required()
        Lingering(self.transport)
        self.connection_lost(ConnectionAbortedError(str(error)))

    def _may_answer(self) -> bool:
        """Whether no answer to an earlier request is on its way, into which another would be mixed."""
        cycle = self.cycle
        is_its_own = cycle is not None and cycle.more_body and not cycle.response_started and not self.pipeline
        return cycle is None or cycle.response_complete or is_its_own


def _too_long() -> _Refused:
    what = "the head of the request, or what stands between and behind the parts of its body,"
    return _Refused(431, f"{what} is longer than {MAX_HEAD_BYTES} bytes; send fewer or shorter headers")
