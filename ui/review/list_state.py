"""This browser session's list: frozen when it was opened, brought up to date in place."""

import streamlit as st

from backend_api.contract.sessions import SessionPage
from ui.client import cache
from ui.client.api import BackendApi
from ui.client.queries import SessionQuery
from ui.review.session_feed import Feed, SessionSource, brought_up_to_date, open_feed

_KEY = "sessions_seen"


class _Shared:
    """The list's first page as all browsers share it for a second; what lies behind a cursor from the backend."""

    def __init__(self, api: BackendApi) -> None:
        self._api = api

    def sessions(self, query: SessionQuery, *, limit: int, cursor: str | None = None) -> SessionPage:
        """One page of sessions."""
        if cursor is None:
            return cache.sessions(query, limit=limit)
        return self._api.sessions(query, limit=limit, cursor=cursor)


def shared(api: BackendApi) -> SessionSource:
    """Sessions as all browsers see them."""
    return _Shared(api)


def kept_feed() -> Feed | None:
    """The list that was drawn last; None before the first."""
    feed: Feed | None = st.session_state.get(_KEY)
    return feed


def keep_feed(feed: Feed) -> None:
    """Let `feed` be this browser session's list."""
    st.session_state[_KEY] = feed


def forget_feed() -> None:
    """Have the list opened anew."""
    st.session_state.pop(_KEY, None)


def current_feed(source: SessionSource, query: SessionQuery) -> Feed:
    """The list for `query`: the frozen one brought up to date; a new one when the filters changed, or it was empty."""
    feed = kept_feed()
    is_same = feed is not None and feed.query == query and bool(feed.pages[0])
    feed = brought_up_to_date(source, feed) if feed is not None and is_same else open_feed(source, query)
    keep_feed(feed)
    return feed
