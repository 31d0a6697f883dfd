"""Serving a file over HTTP: whole or one range of it, only when the client does not have it already (RFC 9110)."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import anyio
from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from backend_api.web.problems import ApiProblem

_CHUNK_BYTES = 256 * 1024
# One range, whose numbers are of a sane length. Anything else (several ranges, other units) is ignored, as RFC 9110
# (14.2) allows: the client gets the whole file.
_ONE_RANGE = re.compile(r"\s*bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*", re.IGNORECASE | re.ASCII)


class Unsatisfiable(Exception):
    """The range lies wholly outside the file."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Bytes `start` up to, but not including, `end`."""

    start: int
    end: int


def parse_range(header: str, size_bytes: int) -> Slice | None:
    """The part of a file of `size_bytes` that a Range header asks for; None when the header is to be ignored.

    Raises Unsatisfiable.
    """
    match = _ONE_RANGE.fullmatch(header)
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first and last and int(last) < int(first):
        return None
    if first:
        start, end = int(first), min(int(last) + 1, size_bytes) if last else size_bytes
    else:
        start, end = max(0, size_bytes - int(last)), size_bytes
    if start >= end:
        raise Unsatisfiable
    return Slice(start, end)


def serve_file(request: Request, path: Path, *, size_bytes: int, etag: str, media_type: str) -> Response:
    """The answer to a GET or HEAD for the file at `path`: 200, 206 or 304.

    `etag` is strong and in its quotes; the file never changes under it. Raises ApiProblem 416.
    """
    headers = {"ETag": etag, "Accept-Ranges": "bytes", "Cache-Control": "private, max-age=31536000, immutable"}
    if _is_known(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    part = _wanted_part(request, size_bytes, etag)
    if part is not None:
        headers["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{size_bytes}"
    status = 200 if part is None else 206
    part = part or Slice(0, size_bytes)
    headers["Content-Length"] = str(part.end - part.start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=media_type)
    return StreamingResponse(_read(path, part), status_code=status, headers=headers, media_type=media_type)


def _is_known(if_none_match: str | None, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
    return etag in tags or "*" in tags


def _wanted_part(request: Request, size_bytes: int, etag: str) -> Slice | None:
    header = request.headers.get("range")
    if header is None or request.headers.get("if-range", etag) != etag:
        return None
    try:
        return parse_range(header, size_bytes)
    except Unsatisfiable as error:
        raise ApiProblem(
            416,
            f"the file has {size_bytes} bytes, and the range begins behind them; ask for one that begins before",
            headers={"Content-Range": f"bytes */{size_bytes}", "Accept-Ranges": "bytes"},
        ) from error


async def _read(path: Path, part: Slice) -> AsyncIterator[bytes]:
    async with await anyio.open_file(path, "rb") as file:
        await file.seek(part.start)
        left = part.end - part.start
        while left and (chunk := await file.read(min(_CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk
