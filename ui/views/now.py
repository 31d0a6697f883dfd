"""The page Now: what needs attention, and each machine's state."""

from pathlib import Path

import streamlit as st

from backend_api.base.clock import SystemClock
from ui.client.context import zone
from ui.client.selection import EVENT
from ui.now.page import REVIEW, show_now
from ui.now.snapshot import take_snapshot
from ui.widgets.store_choice import choose_store

_STYLE = Path(__file__).parent.parent / "now" / "page.css"


def show_page() -> None:
    """Draw the page; a link to an event from before there was Review leads on to it."""
    if EVENT in st.query_params:
        st.switch_page(REVIEW, query_params=st.query_params.to_dict())
    st.html(_STYLE)
    st.title("Now", anchor=False)
    here = zone()
    # A fragment keeps its errors to itself; asked beforehand, a backend that is away stops the page.
    store_id = choose_store()
    take_snapshot(SystemClock().now(), here, store_id)
    show_now(here, store_id)


if __name__ == "__main__":
    show_page()
