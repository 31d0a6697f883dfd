"""Addresses of media that a browser can open by itself: signed for one event, and valid for an hour or two.

A video element sends no Authorization header, so that the right to look travels in the address. The signature covers
the event and the time, and so holds for its clip, its thumbnail and its frames. The secret is drawn once and kept in
the database, so that each of several backends takes the other ones' addresses. Were it derived from a key, an address
would let anybody guess the key offline.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime
from urllib.parse import parse_qs

from backend_api.base.instants import to_ms

# An address stays the same for this long, so that a page which asks again does not load its video again.
_STEP_S = 3600
_MEDIA_PATH = re.compile(r"/media/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:/thumbnail|/frames/[0-9]{1,2})?")
current_key: ContextVar[str] = ContextVar("current_key", default="")
"""The name of the key with which the request came that is answered now; empty where none did."""


class SignedUrls:
    """Signs with `secret`, and tells the time by `now`, which gives aware datetimes."""

    def __init__(self, secret: bytes, now: Callable[[], datetime]) -> None:
        self._secret = secret
        self._now = now

    def query(self, event_id: str) -> str:
        """The query string for the address of an event's media, with its question mark."""
        expires = str((self._now_s() // _STEP_S + 2) * _STEP_S)
        who = current_key.get()
        by = f"&by={who}" if who else ""
        return f"?expires={expires}&signature={self._signature(event_id, expires, who)}{by}"

    def allows(self, path: str, query: str) -> bool:
        """Whether `query` is one that `query` gave for the event of `path`, and is still valid."""
        return self.signer(path, query) is not None

    def signer(self, path: str, query: str) -> str | None:
        """The name of the key whose answer had `query` for the event of `path`; None when it allows nothing (any more).

        It is empty where nobody in particular was answered, as on the stream of changes.
        """
        match = _MEDIA_PATH.fullmatch(path)
        fields = parse_qs(query, max_num_fields=20) if query.count("&") < 20 else {}
        expires, signature = fields.get("expires", [""])[0], fields.get("signature", [""])[0]
        who = fields.get("by", [""])[0]
        if match is None or not re.fullmatch("[0-9]{1,12}", expires, re.ASCII):
            return None
        is_signed = hmac.compare_digest(signature.encode(), self._signature(match[1], expires, who).encode())
        return who if is_signed and self._now_s() < int(expires) else None

    def _signature(self, event_id: str, expires: str, who: str) -> str:
        return hmac.new(self._secret, f"{event_id} {expires} {who}".encode(), hashlib.sha256).hexdigest()

    def _now_s(self) -> int:
        return to_ms(self._now()) // 1000
