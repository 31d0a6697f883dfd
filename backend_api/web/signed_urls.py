"""Addresses of media that a browser can open by itself: signed for one event or camera, valid for an hour or two.

A video element sends no Authorization header, so that the right to look travels in the address. The signature covers
the event and the time, and so holds for its clip, its thumbnail and its frames; that of a camera for its still. The
secret is drawn once and kept in the database, so that each of several backends takes the other ones' addresses. Were it
derived from a key, an address would let anybody guess the key offline.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from urllib.parse import parse_qs, quote

from backend_api.base.instants import to_ms
from backend_api.contract.people import Person, Role
from backend_api.web.caller import Caller, current_caller

# An address stays the same for this long, so that a page which asks again does not load its video again.
_STEP_S = 3600
_MEDIA_PATH = re.compile(r"/media/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:/thumbnail|/frames/[0-9]{1,2})?")
_STILL_PATH = re.compile(r"/cameras/([^/]+)/still")


class SignedUrls:
    """Signs with `secret`, and tells the time by `now`, which gives aware datetimes."""

    def __init__(self, secret: bytes, now: Callable[[], datetime]) -> None:
        self._secret = secret
        self._now = now

    def query(self, subject: str) -> str:
        """The query string for the address of the media of `subject`, an event's id or what `still_of` gives."""
        expires = str((self._now_s() // _STEP_S + 2) * _STEP_S)
        caller = current_caller.get()
        key = caller.key if caller else ""
        person = caller.person.person_id if caller and caller.person else ""
        by = (f"&by={key}" if key else "") + (f"&for={quote(person, safe='')}" if person else "")
        return f"?expires={expires}&signature={self._signature(subject, expires, key, person)}{by}"

    def signer(self, path: str, query: str) -> Caller | None:
        """The key and the person whose answer had `query` for the subject of `path`; None where it is not valid.

        The key's name is empty where nobody in particular was answered, as on the stream of changes.
        """
        fields = parse_qs(query, max_num_fields=20) if query.count("&") < 20 else {}
        subject = _subject(path, fields)
        expires, signature = fields.get("expires", [""])[0], fields.get("signature", [""])[0]
        key, person_id = fields.get("by", [""])[0], fields.get("for", [""])[0]
        if subject is None or not re.fullmatch("[0-9]{1,12}", expires, re.ASCII):
            return None
        is_signed = hmac.compare_digest(signature.encode(), self._signature(subject, expires, key, person_id).encode())
        if not is_signed or self._now_s() >= int(expires):
            return None
        person = Person(person_id=person_id, name=person_id, role=Role.VIEWER) if person_id else None
        return Caller(key, Role.VIEWER, person=person)

    def _signature(self, subject: str, expires: str, key: str, person_id: str) -> str:
        # As JSON, since all of them come back in an address, with any characters: none runs over into the next one.
        text = json.dumps([subject, expires, key, person_id])
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()

    def _now_s(self) -> int:
        return to_ms(self._now()) // 1000


def still_of(store_id: str, camera_id: str) -> str:
    """What the address of a camera's still is signed for; no event's id has a slash."""
    return f"{store_id}/{camera_id}"


def _subject(path: str, fields: Mapping[str, Sequence[str]]) -> str | None:
    """What an address is signed for, by its path and its query; None where it is not of media."""
    if match := _MEDIA_PATH.fullmatch(path):
        return match[1]
    match, stores = _STILL_PATH.fullmatch(path), fields.get("store_id", [])
    return still_of(stores[0], match[1]) if match is not None and len(stores) == 1 else None
