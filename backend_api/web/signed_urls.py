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
from datetime import datetime
from urllib.parse import parse_qs, quote

from backend_api.base.instants import to_ms
from backend_api.contract.people import Person, Role
from backend_api.web.caller import Caller, current_caller

# An address stays the same for this long, so that a page which asks again does not load its video again.
_STEP_S = 3600
_MEDIA_PATH = re.compile(r"/media/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:/thumbnail|/frames/[0-9]{1,2})?")


class SignedUrls:
    """Signs with `secret`, and tells the time by `now`, which gives aware datetimes."""

    def __init__(self, secret: bytes, now: Callable[[], datetime]) -> None:
        self._secret = secret
        self._now = now

    def query(self, event_id: str) -> str:
        """The query string for the address of an event's media, with its question mark."""
        expires = str((self._now_s() // _STEP_S + 2) * _STEP_S)
        caller = current_caller.get()
        key = caller.key if caller else ""
        person = caller.person.person_id if caller and caller.person else ""
        by = (f"&by={key}" if key else "") + (f"&for={quote(person, safe='')}" if person else "")
        return f"?expires={expires}&signature={self._signature(event_id, expires, key, person)}{by}"

    def allows(self, path: str, query: str) -> bool:
        """Whether `query` is one that `query` gave for the event of `path`, and is still valid."""
        return self.signer(path, query) is not None

    def signer(self, path: str, query: str) -> Caller | None:
        """The key and the person whose answer had `query` for the event of `path`; None when it allows nothing.

        The key's name is empty where nobody in particular was answered, as on the stream of changes.
        """
        match = _MEDIA_PATH.fullmatch(path)
        fields = parse_qs(query, max_num_fields=20) if query.count("&") < 20 else {}
        expires, signature = fields.get("expires", [""])[0], fields.get("signature", [""])[0]
        key, person_id = fields.get("by", [""])[0], fields.get("for", [""])[0]
        if match is None or not re.fullmatch("[0-9]{1,12}", expires, re.ASCII):
            return None
        is_signed = hmac.compare_digest(signature.encode(), self._signature(match[1], expires, key, person_id).encode())
        if not is_signed or self._now_s() >= int(expires):
            return None
        person = Person(person_id=person_id, name=person_id, role=Role.VIEWER) if person_id else None
        return Caller(key, Role.VIEWER, person=person)

    def _signature(self, event_id: str, expires: str, key: str, person_id: str) -> str:
        # The name of a key holds no blank: two callers never have the same text.
        who = f"{key} {person_id}" if person_id else key
        return hmac.new(
            self._secret, f"{event_id} {expires} {who}".encode(errors="replace"), hashlib.sha256
        ).hexdigest()

    def _now_s(self) -> int:
        return to_ms(self._now()) // 1000
