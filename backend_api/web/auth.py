"""Access: a key for every call but the two of health, or a signed URL for media."""

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Self
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from backend_api.base.api_key import VARIABLE, check_key
from backend_api.base.process import UsageError
from backend_api.web.key_limits import event_of, why_no_figure, why_not_of_store
from backend_api.web.keys_file import KeyEntry
from backend_api.web.openapi import OPEN_PATHS
from backend_api.web.problems import problem_response
from backend_api.web.signed_urls import SignedUrls, current_key

AUDIT_PATH = "/audit"
_MIN_KEY_CHARACTERS = 16
# Dots, as they stand in for a key in the README, are none.
_MIN_DIFFERENT_CHARACTERS = 5
_READING_METHODS = {"GET", "HEAD", "OPTIONS"}
# RFC 6750, section 3.
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="gym machine events"'}


class Right(Enum):
    """The right that a key gives; FIGURES are without events and pictures."""

    NOTHING = 0
    FIGURES = 1
    READ = 2
    WRITE = 3


@dataclass(frozen=True, slots=True)
class Key:
    """A key by its digest, with its name and its right; with `store_id` for that store alone."""

    name: str
    digest: bytes
    right: Right
    store_id: str | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    """All keys; without any, everybody on this computer may do everything."""

    known: tuple[Key, ...] = ()

    @classmethod
    def of(
        cls,
        writing: Sequence[str],
        reading: Sequence[str],
        environment: Mapping[str, str],
        named: Sequence[KeyEntry] = (),
    ) -> Self:
        """The keys of the flags `--api-key` and `--read-key`, the one of GYM_API_KEY, and those of the file of --keys.

        Raises UsageError for one that a header cannot carry, one that is soon guessed, and read-only ones without
        another.
        """
        from_outside = environment.get(VARIABLE, "")
        given: list[tuple[str, str, Right, str | None]] = [("--api-key", key, Right.WRITE, None) for key in writing]
        given += [("--read-key", key, Right.READ, None) for key in reading]
        given += [(VARIABLE, from_outside, Right.WRITE, None)] if from_outside else []
        given += [(entry.name, entry.key, Right[entry.may.upper()], entry.store_id) for entry in named]
        for name, key, _, _ in given:
            _check_strength(check_key(key, name), name)
        keys = cls(
            tuple(
                Key(name.removeprefix("--"), _digest(key.encode()), right, store) for name, key, right, store in given
            )
        )
        if keys.known and not keys:
            raise UsageError(f"--read-key without --api-key or {VARIABLE} would leave no key that may write; give both")
        return keys

    def __bool__(self) -> bool:
        return any(key.right is Right.WRITE for key in self.known)

    def find(self, authorization: bytes) -> Key | None:
        """The key in the value of an Authorization header, if it is known; it takes as long whatever key is in it."""
        scheme, _, key = authorization.strip().partition(b" ")
        digest = _digest(key.strip())
        # Digests of one length, all compared: neither where keys differ nor how long they are shows in the time.
        found = [known for known in self.known if hmac.compare_digest(digest, known.digest)]
        if scheme.lower() != b"bearer" or not found:
            return None
        return max(found, key=lambda known: known.right.value)

    def right_of(self, authorization: bytes) -> Right:
        """The right that the value of an Authorization header gives."""
        key = self.find(authorization)
        return Right.NOTHING if key is None else key.right


def _check_strength(key: str, source: str) -> None:
    if len(key) < _MIN_KEY_CHARACTERS or len(set(key)) < _MIN_DIFFERENT_CHARACTERS:
        raise UsageError(
            f"{source} is soon guessed: give a key of at least {_MIN_KEY_CHARACTERS} characters, such as "
            "`openssl rand -hex 32` makes"
        )


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


class AccessControl:
    """Answers 401 without a key that is known and 403 to what its key may not do; else hands on to `app`.

    `store_of` gives the store of an event, None when there is no such event; it may block.
    """

    def __init__(self, app: ASGIApp, keys: Keys, urls: SignedUrls, store_of: Callable[[UUID], str | None]) -> None:
        self._app = app
        self._keys = keys
        self._urls = urls
        self._store_of = store_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        is_reading = scope["method"] in _READING_METHODS
        key = self._key(scope)
        who = key.name if key is not None else self._signer(scope) if is_reading else None
        if who is None:
            detail = "this call needs a key: send Authorization: Bearer with one of the backend's keys"
            await problem_response(401, detail, headers=_CHALLENGE)(scope, receive, send)
        elif key is not None and (refusal := await self._refusal(key, scope, is_reading=is_reading)):
            await problem_response(403, refusal)(scope, receive, send)
        else:
            token = current_key.set(who)
            try:
                await self._app(scope, receive, send)
            finally:
                current_key.reset(token)

    async def _refusal(self, key: Key, scope: Scope, *, is_reading: bool) -> str | None:
        """Why the key's right does not reach so far; None when it does."""
        if key.right is Right.WRITE:
            return None
        path, query = scope["path"], scope["query_string"].decode("ascii", "replace")
        if not is_reading:
            return "this key may only read; send one that the backend got with --api-key"
        if path == AUDIT_PATH:
            return "this key may not read who looked; send one that the backend got with --api-key"
        if key.right is Right.FIGURES and (reason := why_no_figure(path)):
            return reason
        if key.store_id is None:
            return None
        event_id = event_of(path)
        if event_id is not None and await run_in_threadpool(self._store_of, event_id) != key.store_id:
            return f"this key is for the store {key.store_id} alone, and has no such event"
        return why_not_of_store(path, query, key.store_id)

    def _key(self, scope: Scope) -> Key | None:
        values = [value for name, value in scope["headers"] if name == b"authorization"]
        return self._keys.find(values[0]) if len(values) == 1 else None

    def _signer(self, scope: Scope) -> str | None:
        query = scope["query_string"].decode("ascii", "replace")
        return self._urls.signer(scope["path"], query) if query else None
