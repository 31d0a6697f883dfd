"""The page Review: the list of sessions, and beside it the one that is open."""

import streamlit as st

from backend_api.base.clock import SystemClock
from ui.client import cache
from ui.client.context import api, zone
from ui.client.reach import unreachable_backend
from ui.client.selection import NoId, Selection, selection
from ui.review.detail import show_detail, show_missing
from ui.review.filters import choose_query, suggested_events
from ui.review.list_view import current_feed, forget_feed, shared, show_list, watch, watching
from ui.review.opened import NotThere, Opened, fetch_opened
from ui.review.review_bar import is_entered, show_moves
from ui.review.session_feed import SessionFeed
from ui.text.words import plain
from ui.widgets.store_choice import choose_store


def show_page() -> None:
    """Draw the page. Raises BackendError when the backend cannot answer."""
    backend, here = api(), zone()
    source = shared(backend)
    if is_entered():
        forget_feed()
    st.title("Review", anchor=False)
    if (address := unreachable_backend()) is not None:
        _show_unreachable(address)
    with st.container(key="review_page"):
        list_column, detail_column = st.columns([10, 13], gap="medium")
    with list_column:
        store_id = choose_store()
        machines = [machine for machine in cache.machines().items if store_id in (None, machine.store_id)]
        today = SystemClock().now().astimezone(here.info).date()
        query = choose_query(machines, here, today, store_id)
    opened, reason = _open()
    feed = current_feed(source, query)
    session_id = None if opened is None else opened.session.session_id

    def look() -> SessionFeed | None:
        latest = current_feed(source, query)
        return latest if (latest.items, _open()[0]) == (feed.items, opened) else None

    with list_column:
        watch(feed, look, watching())
        show_list(backend, feed, session_id, here)
    with detail_column, st.container(key="nothing_open" if opened is None and reason is None else "open_session"):
        if reason is not None:
            show_missing(reason)
        elif feed.items or opened is not None:
            show_moves(backend, session_id)
            if opened is not None:
                show_detail(backend, opened, here)
            else:
                st.markdown("Choose a session, or press J, to see its clip and verdict.")


def _show_unreachable(address: str) -> None:
    st.warning(
        plain(
            f"Clips and pictures cannot be loaded: this browser asks {address} for them, and nothing answers there. "
            "Start the backend with --host 0.0.0.0 and a key, or the dashboard with GYM_PUBLIC_BACKEND_URL."
        )
    )


def _open() -> tuple[Opened | None, str | None]:
    """The session that the address names, or why there is none."""
    try:
        chosen: Selection = selection()
        return fetch_opened(api(), chosen, suggested_events()), None
    except (NoId, NotThere) as error:
        return None, str(error)


if __name__ == "__main__":
    show_page()
