"""Who may call what: a key on every call but the two of health, or a signed address for media."""

from starlette.types import ASGIApp, Receive, Scope, Send

from backend_api.web.keys import Keys, Right
from backend_api.web.openapi import OPEN_PATHS
from backend_api.web.problems import problem_response
from backend_api.web.signed_urls import SignedLinks

_READING_METHODS = {"GET", "HEAD", "OPTIONS"}
# RFC 6750, section 3.
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="gym machine events"'}


class AccessControl:
    """Answers 401 without a key that is known and 403 when a read-only key would write; else hands on to `app`."""

    def __init__(self, app: ASGIApp, keys: Keys, links: SignedLinks) -> None:
        self._app = app
        self._keys = keys
        self._links = links

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
        return bool(query) and self._links.allows(scope["path"], query)
