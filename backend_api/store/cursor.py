"""Where a page ended, as opaque text that a client hands back to get the next one."""

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass

# Version, milliseconds, sequence number, and the first bytes of a digest of the filters.
_LAYOUT = struct.Struct(">Bqq8s")
_VERSION = 1


class BadCursor(Exception):
    """The text is no cursor, or belongs to another list; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Position:
    """The last event of a page, in the order of every list: its time, then its number."""

    ts_ms: int
    seq: int


def encode(position: Position, scope: str) -> str:
    """The cursor for `position` in the list that `scope` describes (its filters and its order, canonically)."""
    data = _LAYOUT.pack(_VERSION, position.ts_ms, position.seq, _digest(scope))
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode(cursor: str, scope: str) -> Position:
    """The position that `encode` was given. Raises BadCursor for any other text and for another `scope`."""
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        version, ts_ms, seq, digest = _LAYOUT.unpack(data)
    except (binascii.Error, ValueError, struct.error) as error:
        raise BadCursor("not a cursor of this API; hand back next_cursor unchanged, or leave it out") from error
    if version != _VERSION:
        raise BadCursor("a cursor of another version of this API; leave it out to begin again")
    if digest != _digest(scope):
        raise BadCursor("this cursor belongs to other filters or another order; repeat those, or leave it out")
    return Position(ts_ms, seq)


def _digest(scope: str) -> bytes:
    return hashlib.blake2b(scope.encode(), digest_size=8).digest()
