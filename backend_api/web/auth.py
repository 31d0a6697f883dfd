"""Access: a key for every call but the two of health, or a signed URL for media."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Self

from starlette.types import ASGIApp, Receive, Scope, Send

from backend_api.base.api_key import VARIABLE, check_key
from backend_api.base.process import UsageError
from backend_api.web.openapi import OPEN_PATHS
from backend_api.web.problems import problem_response
from backend_api.web.signed_urls import SignedUrls

_MIN_KEY_CHARACTERS = 16
# Dots, as they stand in for a key in the README, are none.
_MIN_DIFFERENT_CHARACTERS = 5
_READING_METHODS = {"GET", "HEAD", "OPTIONS"}
# RFC 6750, section 3.
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="gym machine events"'}


class Right(Enum):
    """The right that a key gives."""

    NOTHING = 0
    READ = 1
    WRITE = 2


@dataclass(frozen=True, slots=True)
class Keys:
    """The digests of the keys; without any, everybody on this computer may do everything."""

    writing: tuple[bytes, ...] = ()
    reading: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, writing: Sequence[str], reading: Sequence[str], environment: Mapping[str, str]) -> Self:
        """The keys of the flags `--api-key` and `--read-key`, and the one of GYM_API_KEY.

        Raises UsageError for one that a header cannot carry, one that is soon guessed, and read-only ones without
        another.
        """
        from_outside = environment.get(VARIABLE, "")
        given = [("--api-key", key) for key in writing] + [("--read-key", key) for key in reading]
        given += [(VARIABLE, from_outside)] if from_outside else []
        for name, key in given:
            _check_strength(check_key(key, name), name)
        keys = cls(
            writing=tuple(_digest(key.encode()) for name, key in given if name != "--read-key"),
            reading=tuple(_digest(key.encode()) for key in reading),
        )
        if keys.reading and not keys.writing:
            raise UsageError(f"--read-key without --api-key or {VARIABLE} would leave no key that may write; give both")
        return keys

    def __bool__(self) -> bool:
        return bool(self.writing)

    def right_of(self, authorization: bytes) -> Right:
        """The right that the value of an Authorization header gives; it takes as long whatever key is in it."""
        scheme, _, key = authorization.strip().partition(b" ")
        digest = _digest(key.strip())
        # Digests of one length, all compared: neither where keys differ nor how long they are shows in the time.
        may_write = sum(hmac.compare_digest(digest, known) for known in self.writing)
        may_read = sum(hmac.compare_digest(digest, known) for known in self.reading)
        if scheme.lower() != b"bearer":
            return Right.NOTHING
        return Right.WRITE if may_write else Right.READ if may_read else Right.NOTHING


def _check_strength(key: str, source: str) -> None:
    if len(key) < _MIN_KEY_CHARACTERS or len(set(key)) < _MIN_DIFFERENT_CHARACTERS:
        raise UsageError(
            f"{source} is soon guessed: give a key of at least {_MIN_KEY_CHARACTERS} characters, such as "
            "`openssl rand -hex 32` makes"
        )


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


class AccessControl:
    """Answers 401 without a key that is known and 403 when a read-only key would write; else hands on to `app`."""

    def __init__(self, app: ASGIApp, keys: Keys, urls: SignedUrls) -> None:
        self._app = app
        self._keys = keys
        self._urls = urls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        is_reading = scope["method"] in _READING_METHODS
        right = self._right(scope)
        if right is Right.NOTHING and not (is_reading and self._is_signed(scope)):
            detail = "this call needs a key: send Authorization: Bearer with one of the backend's keys"
            await problem_response(401, detail, headers=_CHALLENGE)(scope, receive, send)
        elif right is Right.READ and not is_reading:
            detail = "this key may only read; send one that the backend got with --api-key"
            await problem_response(403, detail)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _right(self, scope: Scope) -> Right:
        values = [value for name, value in scope["headers"] if name == b"authorization"]
        return self._keys.right_of(values[0]) if len(values) == 1 else Right.NOTHING

    def _is_signed(self, scope: Scope) -> bool:
        query = scope["query_string"].decode("ascii", "replace")
        return bool(query) and self._urls.allows(scope["path"], query)
