"""This browser session's list of sessions: kept, drawn, paged, and compared with what has changed."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from uuid import UUID

import streamlit as st

from backend_api.contract.queries import SessionQuery
from backend_api.contract.sessions import SessionPage
from ui.client import cache
from ui.client.api import BackendApi, BackendError
from ui.client.context import browser_url
from ui.client.selection import select
from ui.review.filters import clear_filters
from ui.review.rows import days_of
from ui.review.session_feed import (
    PAGE_ITEMS,
    SessionFeed,
    SessionSource,
    brought_up_to_date,
    newer_page,
    older_page,
    open_feed,
)
from ui.text.commands import EDGE_COMMAND
from ui.text.local_time import Zone
from ui.text.words import plain

REFRESH_S = 5.0
_KEY = "session_list"
_CSS, _JS = (Path(__file__).with_name(name).read_text(encoding="utf-8") for name in (f"{_KEY}.css", f"{_KEY}.js"))
_FEED_KEY = "sessions_seen"


class _Shared:
    """The list's first page is shared by all browsers for a second; the others come from the backend."""

    def __init__(self, api: BackendApi) -> None:
        self._api = api

    def sessions(self, query: SessionQuery) -> SessionPage:
        """One page of sessions."""
        return cache.sessions(query) if query.cursor is None else self._api.sessions(query)


def shared(api: BackendApi) -> SessionSource:
    """Sessions as all browsers see them."""
    return _Shared(api)


def kept_feed() -> SessionFeed | None:
    """The list that was drawn last; None before the first."""
    feed: SessionFeed | None = st.session_state.get(_FEED_KEY)
    return feed


def keep_feed(feed: SessionFeed) -> None:
    """Let `feed` be this browser session's list."""
    st.session_state[_FEED_KEY] = feed


def forget_feed() -> None:
    """Have the list opened anew."""
    st.session_state.pop(_FEED_KEY, None)


def current_feed(source: SessionSource, query: SessionQuery) -> SessionFeed:
    """The list for `query`: the frozen one brought up to date; a new one when the filters changed, or it was empty."""
    feed = kept_feed()
    is_same = feed is not None and feed.query == query and bool(feed.pages[0])
    feed = brought_up_to_date(source, feed) if feed is not None and is_same else open_feed(source, query)
    keep_feed(feed)
    return feed


def show_list(api: BackendApi, feed: SessionFeed, selected: UUID | None, zone: Zone) -> None:
    """Draw the open page of the list with the row of `selected` marked, and what leads on from it."""
    if not feed.items:
        _show_nothing(feed)
        return
    _show_rows(feed, selected, zone)
    _show_paging(api, feed, zone)


@st.fragment(run_every=REFRESH_S)
def watch(feed: SessionFeed, has_changed: Callable[[], SessionFeed | None], runs: Iterator[int]) -> None:
    """Say how many sessions are new; draw the page again when something on it says something else by now.

    `has_changed` gives the list as it is by now, None when the page must be drawn again.
    """
    if next(runs) > 0:  # else the page was drawn, and asked for, just now
        try:
            latest = has_changed()
        except BackendError:
            latest = None  # the page meets the same error, and shows it
        if latest is None:
            st.rerun()
        feed = latest
    if feed.items:
        _show_new_button(feed.new_items)


def watching() -> Iterator[int]:
    """A counter of the runs of `watch`: a new one for each drawing of the page."""
    return count()


def _show_new_button(new_items: int) -> None:
    """Always there, so that the rows below stay where they are when something arrives."""
    number = f"{new_items} or more" if new_items == PAGE_ITEMS else new_items
    st.button(
        f"Show {number} new" if new_items else "Nothing new",
        on_click=forget_feed,
        key="show_new",
        disabled=not new_items,
        type="primary" if new_items else "secondary",
        width="stretch",
    )


def _show_rows(feed: SessionFeed, selected: UUID | None, zone: Zone) -> None:
    # Declared anew at each drawing: a declaration belongs to the runtime, which tests have many of.
    component = st.components.v2.component(_KEY, html='<nav aria-label="Sessions"></nav>', css=_CSS, js=_JS)
    component(
        key=_KEY,
        data={"open": None if selected is None else str(selected), "days": days_of(feed.items, zone, browser_url)},
        on_picked_change=_on_picked,
    )


def _on_picked() -> None:
    select(UUID(st.session_state[_KEY].picked))


def _show_paging(api: BackendApi, feed: SessionFeed, zone: Zone) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if len(feed.pages) > 1 or feed.has_older:
            st.button("Newer", disabled=feed.index == 0, key="newer", on_click=lambda: keep_feed(newer_page(feed)))
            if st.button("Older", disabled=not feed.has_older, key="older"):
                keep_feed(older_page(api, feed))
                st.rerun()
            st.caption(f"Page {feed.index + 1}", width="content")
        st.caption(plain(f"Times in {zone.name}"), width="content")


def _show_nothing(feed: SessionFeed) -> None:
    if feed.query == SessionQuery():
        st.header("No sessions yet", anchor=False)
        st.markdown("Start an edge on a video, from the project's folder:")
        st.code(EDGE_COMMAND, language=None, wrap_lines=True)
        st.caption("This list fills by itself.")
    else:
        st.header("No session matches these filters", anchor=False)
        st.button("Clear the filters", key="clear", on_click=clear_filters)
