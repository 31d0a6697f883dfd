"""Pages of other origins: what they may ask of the backend, whose browser is on this computer or in its network.

Names other than this computer's must be allowed by hand (DNS rebinding, see base/host_names.py). Any page may send a
form, so that a write says where it comes from (Origin, and Sec-Fetch-Site where the browser trusts the connection);
programs that are no browsers send neither.
"""

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend_api.base.host_names import host_name, is_allowed, origin_of, own_names
from backend_api.web.access_rules import READING_METHODS
from backend_api.web.problems import PROTECTION, problem_response

_OWN_SITES = {"same-origin", "none"}


class OriginCheck:
    """Answers 403 to requests for another host's name and to writes of other origins' pages; else hands on to `app`.

    `hosts` are names besides those of this computer, and `origins` those whose pages may write. With `signs_urls`,
    pages of any origin may show media by their signed URLs; everything else is for pages of this site alone.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str], origins: Iterable[str], *, signs_urls: bool) -> None:
        self._app = app
        self._hosts = own_names() | set(hosts)
        self._origins = frozenset(origins)
        self._signs_urls = signs_urls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_signed = self._signs_urls and b"signature=" in scope["query_string"]
        may_be_shown = is_signed or _is_asked_by_this_host(headers)

        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered = MutableHeaders(scope=message)
                answered.update(PROTECTION)
                answered.add_vary_header("Referer")
                if may_be_shown:
                    answered["Cross-Origin-Resource-Policy"] = "cross-origin"
            await send(message)

        if refusal := self._host_refusal(headers) or self._write_refusal(scope, headers):
            await problem_response(403, refusal)(scope, receive, send_protected)
        else:
            await self._app(scope, receive, send_protected)

    def _host_refusal(self, headers: Headers) -> str | None:
        host = host_name(headers.get("host", "localhost"))
        if is_allowed(host, self._hosts):
            return None
        return f"the backend does not know itself as {host[:100]!r}; start it with --allowed-host and this name"

    def _write_refusal(self, scope: Scope, headers: Headers) -> str | None:
        if scope["method"] in READING_METHODS:
            return None
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        if origin in self._origins:
            return None
        is_own = site in _OWN_SITES and (origin is None or origin_of(origin) == headers.get("host", "").lower())
        return None if is_own else "a page of another origin may not write; allow it with --cors-origin"


def _is_asked_by_this_host(headers: Headers) -> bool:
    """Whether a page of the same name or address asks, at whichever port, as the dashboard beside this backend does.

    Chromium takes two ports of one address for two sites. No page can name another one's host in the Referer.
    """
    page = host_name(origin_of(headers.get("referer", "")))
    return bool(page) and page == host_name(headers.get("host", ""))
