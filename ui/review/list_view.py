"""The list of sessions, the way to newer and older ones, and the look for what has changed."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from uuid import UUID

import streamlit as st

from ui.client.api import BackendApi, BackendError
from ui.client.context import browser_url
from ui.client.queries import SessionQuery
from ui.client.selection import select
from ui.review.filters import clear_filters
from ui.review.list_state import forget_feed, keep_feed
from ui.review.rows import days_of
from ui.review.session_feed import PAGE_ITEMS, Feed, newer_page, older_page
from ui.text.local_time import Zone

REFRESH_S = 5.0
_KEY = "session_list"
_EDGE_COMMAND = "python edge_service/main.py --video ./sample.mp4 --camera-id cam_01 --store-id gym_demo --seed 42"
_CSS, _JS = (Path(__file__).with_name(name).read_text(encoding="utf-8") for name in (f"{_KEY}.css", f"{_KEY}.js"))


def show_list(api: BackendApi, feed: Feed, selected: UUID | None, zone: Zone) -> None:
    """Draw the open page of the list with the row of `selected` marked, and what leads on from it."""
    if not feed.items:
        _show_nothing(feed)
        return
    _show_rows(feed, selected, zone)
    _show_paging(api, feed, zone)


@st.fragment(run_every=REFRESH_S)
def watch(feed: Feed, has_changed: Callable[[], Feed | None], runs: Iterator[int]) -> None:
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
    """What `watch` counts its runs with: one a drawing of the page."""
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


def _show_rows(feed: Feed, selected: UUID | None, zone: Zone) -> None:
    # Declared anew at each drawing: a declaration belongs to the runtime, which tests have many of.
    component = st.components.v2.component(_KEY, html='<nav aria-label="Sessions"></nav>', css=_CSS, js=_JS)
    component(
        key=_KEY,
        data={"open": None if selected is None else str(selected), "days": days_of(feed.items, zone, browser_url)},
        on_picked_change=_on_picked,
    )


def _on_picked() -> None:
    select(UUID(st.session_state[_KEY].picked))


def _show_paging(api: BackendApi, feed: Feed, zone: Zone) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if len(feed.pages) > 1 or feed.has_older:
            st.button("Newer", disabled=feed.index == 0, key="newer", on_click=lambda: keep_feed(newer_page(feed)))
            if st.button("Older", disabled=not feed.has_older, key="older"):
                keep_feed(older_page(api, feed))
                st.rerun()
            st.caption(f"Page {feed.index + 1}", width="content")
        st.caption(f"Times in {zone.name}", width="content")


def _show_nothing(feed: Feed) -> None:
    if feed.query == SessionQuery():
        st.header("No sessions yet", anchor=False)
        st.markdown("Let the edge watch a video, from the project's folder:")
        st.code(_EDGE_COMMAND, language=None, wrap_lines=True)
        st.caption("This list fills by itself.")
    else:
        st.header("No session matches these filters", anchor=False)
        st.button("Clear the filters", key="clear", on_click=clear_filters)
