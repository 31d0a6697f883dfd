"""The lines in the files of the outbox, each a JSON object.

Those that are read back carry a checksum over the exact bytes of their value.
"""

import json
import zlib

from backend_api.contract.events import Event

# `{"crc32":"01234567",` in front of the name, then the quotes and the colon around it, and `}` with the line break.
_PREFIX_BYTES = 20
_FRAME_BYTES = _PREFIX_BYTES + 5


def event_body(event: Event) -> bytes:
    """`event` as ASCII JSON in one line, keys sorted: equal events have equal bytes.

    Raises ValueError when an attribute is not a finite number.
    """
    fields = event.model_dump(mode="json")
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def seal(name: bytes, body: bytes) -> bytes:
    r"""The line `{"crc32":"<8 hex digits>","<name>":<body>}\n`; `body` is JSON without a line break."""
    return b'{"crc32":"%08x","%b":%b}\n' % (zlib.crc32(body), name, body)


def unseal(name: bytes, line: bytes) -> bytes | None:
    """The body that `seal` put into `line` under `name`, or None when a byte of the line is not what it was.

    CRC-32 finds every single error of up to 32 bits in a row, and all but 1 in 2**32 of the others.
    """
    body = line[_PREFIX_BYTES + len(name) + 3 : -2]
    return body if line == seal(name, body) else None


def line_bytes(name: bytes, body_bytes: int) -> int:
    """The length in bytes of the line that holds a body of `body_bytes` bytes under `name`."""
    return _FRAME_BYTES + len(name) + body_bytes


def refusal_line(status: int, error: str, body: bytes) -> bytes:
    """The line that keeps an event which the backend refused for good, with its answer."""
    return b'{"status":%d,"error":%b,"event":%b}\n' % (status, json.dumps(error).encode("ascii"), body)


def damage_line(position: int, data: bytes) -> bytes:
    """The line that keeps damaged bytes. Those that are no UTF-8 become lone surrogates (PEP 383), so none is lost."""
    text = data.decode("utf-8", "surrogateescape")
    return json.dumps({"position": position, "text": text}).encode("ascii") + b"\n"
