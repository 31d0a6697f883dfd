"""The page that somebody wanted who had to sign in first: after that they are there, and not on the start page.

On the way to the sign-in service the browser says from which page it goes (Referer). A cookie keeps path and query
until it comes back, where Streamlit always leads to the start page. The cookie need not be signed: whatever it says,
the answer leads to a page of this dashboard, by a path alone and never to another host.
"""

import re
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, unquote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "gym_wanted_page"
# For so long somebody may look for a password.
_KEEP_S = 900
MOST_CHARACTERS = 2000
"""A longer address is forgotten: browsers keep some 4,000 characters of a cookie."""
_PAGE = re.compile("[a-z]{0,40}", re.ASCII)


class WantedPage:
    """Remembers the page that leads to `auth/login`, and leads there from `oauth2callback`.

    `base` gives the path below which the dashboard lies, such as `/gym`; "" for none.
    """

    def __init__(self, app: ASGIApp, base: Callable[[], str]) -> None:
        self._app = app
        self._base = base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; those for anything else pass as they are."""
        base = self._base()
        path = scope.get("path")
        if scope["type"] != "http" or path not in (f"{base}/auth/login", f"{base}/oauth2callback"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if path == f"{base}/auth/login":
            set_cookie, leads_to = _cookie(_page_of(headers, base), base), None
        else:
            set_cookie, leads_to = _cookie(None, base), _kept(headers.get("cookie", ""), base)

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer.append("set-cookie", set_cookie)
                if leads_to is not None and answer.get("location") == f"{base}/":
                    answer["location"] = leads_to
            await send(message)

        await self._app(scope, receive, send_on)


def page_path(path: str, query: str, base: str) -> str | None:
    """The address of a page of the dashboard at `base`, without its host; None for what is none, or is too long."""
    name = path.removeprefix(f"{base}/")
    is_page = path.startswith(f"{base}/") and _PAGE.fullmatch(name) is not None
    whole = f"{base}/{name}" + (f"?{quote(query, safe='=&%+:,-_.~')}" if query else "")
    return whole if is_page and len(whole) <= MOST_CHARACTERS else None


def _page_of(headers: Headers, base: str) -> str | None:
    """The page that a request comes from; None where it comes from elsewhere, or does not say that."""
    try:
        page = urlsplit(headers.get("referer", ""))
    except ValueError:
        return None
    return page_path(page.path, page.query, base) if page.netloc == headers.get("host") else None


def _kept(cookies: str, base: str) -> str | None:
    """The page that the browser's cookies name."""
    try:
        kept = SimpleCookie(cookies).get(COOKIE)
        page = urlsplit(unquote(kept.value if kept is not None else ""))
    except (CookieError, ValueError):
        return None
    if page.scheme or page.netloc or (page.path == f"{base}/" and not page.query):
        return None
    return page_path(page.path, page.query, base)


def _cookie(page: str | None, base: str) -> str:
    """The header that keeps `page`, or forgets what was kept."""
    answer = Response()
    # Lax: it comes along when the sign-in service leads back, and with nothing that another page sends by itself.
    answer.set_cookie(
        COOKIE,
        quote(page or "", safe=""),
        max_age=_KEEP_S if page else 0,
        path=f"{base}/",
        httponly=True,
        samesite="lax",
    )
    return answer.headers["set-cookie"]
