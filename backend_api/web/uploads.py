"""Taking a file over HTTP: on the disk whole, under its final name, and only when it is what was declared.

Order: write to a temporary name while the digest is taken, compare, then name it. Of two uploads at once the first to
be whole counts, and no reader ever sees a file change.
"""

import base64
import binascii
import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import anyio
from starlette.concurrency import run_in_threadpool

from backend_api.media.media import Media, MediaAway
from backend_api.web.problems import ApiProblem, media_problem

_DIGEST_BYTES = 32
_CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Declared:
    """The file as its sender declares it: SHA-256 in hexadecimal digits, size limit in bytes, and type."""

    sha256: str
    max_bytes: int
    # The format: these bytes stand at `magic_at`.
    magic: bytes
    magic_at: int


def parse_digest(header: str | None) -> str:
    """The SHA-256 of a Content-Digest header (RFC 9530), in hexadecimal digits. Raises ApiProblem 422."""
    for part in (header or "").split(","):
        name, _, value = part.strip().partition("=")
        if name.strip().lower() == "sha-256":
            return _decode(value.partition(";")[0].strip())
    raise _bad_digest("Content-Digest is missing")


def _decode(value: str) -> str:
    if len(value) < 2 or not (value.startswith(":") and value.endswith(":")):
        raise _bad_digest("Content-Digest holds no byte sequence between colons")
    try:
        digest = base64.b64decode(value[1:-1], validate=True)
    except (binascii.Error, ValueError) as error:
        raise _bad_digest("Content-Digest is not base64") from error
    if len(digest) != _DIGEST_BYTES:
        raise _bad_digest(f"the digest has {len(digest)} bytes, a SHA-256 has {_DIGEST_BYTES}")
    return digest.hex()


def _bad_digest(message: str) -> ApiProblem:
    cure = "send Content-Digest: sha-256=:<base64 of the file's SHA-256>:"
    return ApiProblem(422, f"{message}; {cure}", [{"field": "Content-Digest", "message": message}])


async def keep(chunks: AsyncIterator[bytes], media: Media, name: str, declared: Declared) -> bool:
    """Put `chunks` into `media` as the new file `name`; False when the very same file was there before.

    Raises ApiProblem: 409 when another file is there, 413, 422 when they are not what was declared, 507. MediaAway.
    """
    temporary = media.temporary_path(name)
    try:
        await _write(chunks, temporary, declared)
        return await run_in_threadpool(media.put_new, temporary, name, declared.sha256)
    except FileExistsError as error:
        raise ApiProblem(409, str(error.strerror)) from error
    except MediaAway:
        raise
    except OSError as error:
        raise media_problem(media, error) from error
    finally:
        # Also when the client went away; microseconds, and it must not be cancelled.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


async def _write(chunks: AsyncIterator[bytes], temporary: Path, declared: Declared) -> None:
    digest = hashlib.sha256()
    size_bytes = 0
    start = b""
    async with await anyio.open_file(temporary, "wb", buffering=_CHUNK_BYTES) as file:
        async for chunk in chunks:
            size_bytes += len(chunk)
            if size_bytes > declared.max_bytes:
                raise ApiProblem(413, f"the file is longer than {declared.max_bytes} bytes")
            if len(start) < 64:
                start += chunk[:64]
            digest.update(chunk)
            await file.write(chunk)
    _check(digest.hexdigest(), size_bytes, start, declared)


def _check(sha256: str, size_bytes: int, start: bytes, declared: Declared) -> None:
    if sha256 != declared.sha256:
        message = f"the {size_bytes} bytes that arrived have the SHA-256 {sha256}, declared is {declared.sha256}"
        raise ApiProblem(422, f"{message}; send the file again", [{"field": "Content-Digest", "message": message}])
    end = declared.magic_at + len(declared.magic)
    if start[declared.magic_at : end] != declared.magic:
        raise ApiProblem(422, "the file is not of the type that Content-Type says; send MP4 clips and JPEG thumbnails")
