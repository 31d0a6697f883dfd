"""Answers that a client need not be sent again while they stay the same (RFC 9110, 13.1.2)."""

import hashlib
from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response

# Browsers keep the answer, and ask each time whether it still holds.
_CACHE_CONTROL = "private, no-cache"
_JSON = "application/json"

# For an endpoint's `responses`.
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "It is what the ETag in If-None-Match stands for."}
}


def json_answer(request: Request, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """`text` with its ETag; 304 and nothing more when the client says that it has this one already."""
    return conditional_answer(request, text.encode(), _JSON, headers)


def conditional_answer(
    request: Request, content: bytes, media_type: str, headers: Mapping[str, str] | None = None
) -> Response:
    """`content` with its ETag, or 304, as `json_answer`."""
    # Weak: it says that the content is the same, not that its bytes will be after a compression on the way.
    etag = f'W/"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
    headers = {**(headers or {}), "ETag": etag, "Cache-Control": _CACHE_CONTROL}
    known = [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=media_type)


def next_link(request: Request, cursor: str | None) -> dict[str, str]:
    """The Link header (RFC 8288) of the page behind this one; none when this is the last."""
    if cursor is None:
        return {}
    following = request.url.include_query_params(cursor=cursor)
    return {"Link": f'<{following.path}?{following.query}>; rel="next"'}
