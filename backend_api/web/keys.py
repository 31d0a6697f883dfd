"""API keys: which are there, and what a caller with one may do."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Self

from backend_api.base.api_key import VARIABLE, check_key
from backend_api.base.process import UsageError


class Right(Enum):
    """What a key allows."""

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

        Raises UsageError for one that can not stand in a header, and for read-only keys without another.
        """
        from_outside = environment.get(VARIABLE, "")
        given = [("--api-key", key) for key in writing] + [("--read-key", key) for key in reading]
        given += [(VARIABLE, from_outside)] if from_outside else []
        for name, key in given:
            check_key(key, name)
        keys = cls(
            writing=tuple(_digest(key.encode()) for name, key in given if name != "--read-key"),
            reading=tuple(_digest(key.encode()) for key in reading),
        )
        if keys.reading and not keys.writing:
            raise UsageError(f"--read-key without --api-key or {VARIABLE} would leave nobody who may write; give both")
        return keys

    def __bool__(self) -> bool:
        return bool(self.writing)

    def right_of(self, authorization: bytes) -> Right:
        """What the value of an Authorization header allows; it takes as long whatever key is in it."""
        scheme, _, key = authorization.strip().partition(b" ")
        digest = _digest(key.strip())
        # Digests of one length, all compared: neither where keys differ nor how long they are shows in the time.
        may_write = sum(hmac.compare_digest(digest, known) for known in self.writing)
        may_read = sum(hmac.compare_digest(digest, known) for known in self.reading)
        if scheme.lower() != b"bearer":
            return Right.NOTHING
        return Right.WRITE if may_write else Right.READ if may_read else Right.NOTHING


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
