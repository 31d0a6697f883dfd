"""The page Review: the list, and beside it the event that is open."""

from uuid import UUID

import streamlit as st

from backend_api.contract import StoredEvent
from ui.api import BackendApi, Refused
from ui.event_detail import show_detail, show_missing
from ui.event_list import choose_query, current_feed, show_list
from ui.selection import NoEventId, selected_event
from ui.session import api, zone

NOT_FOUND = 404


def show_page() -> None:
    """Draw the page. Raises BackendError, with nothing but the filters drawn, when the backend cannot answer."""
    door, here = api(), zone()
    st.title("Review", anchor=False)
    with st.container(key="events_page"):
        list_column, detail_column = st.columns([10, 11], gap="medium")
    with list_column:
        query = choose_query()
    event_id, event, reason = _open_event(door)
    feed = current_feed(door, query, [event] if event is not None else [])
    with list_column:
        show_list(door, feed, event_id, here)
    with detail_column, st.container(key="open_event" if event or reason else "no_event"):
        if event is not None:
            show_detail(door, event, here)
        elif reason is not None:
            show_missing(reason)
        elif feed.items:
            st.markdown("Choose an event to see its clip and verdict.")


def _open_event(door: BackendApi) -> tuple[UUID | None, StoredEvent | None, str | None]:
    """The id that the address names, and its event or why there is none."""
    try:
        event_id = selected_event()
        return event_id, None if event_id is None else door.event(event_id), None
    except NoEventId as error:
        return None, None, f"The address asks for the event {str(error)!r}, which is no event id."
    except Refused as error:
        if error.status != NOT_FOUND:
            raise
        return None, None, "The backend holds no event of the id in the address; another backend may."


if __name__ == "__main__":
    show_page()
