"""The card that stands in for what a fault of ours kept from being drawn; the log has the whole story."""

import logging

import streamlit as st

log = logging.getLogger(__name__)


def show_fault(error: Exception, page: str | None = None) -> None:
    """Say that the page `page`, or a part of one, cannot be drawn, and log why."""
    log.error("%s cannot be drawn", f"the page {page}" if page else "a part of a page", exc_info=error)
    with st.container(border=True, key="fault"):
        st.header(f"The page {page} cannot be drawn" if page else "A part of this page cannot be drawn", anchor=False)
        st.text(
            "This is a fault of the dashboard, or of one event in the database. The other pages work as before. "
            "The dashboard's log says what went wrong: please report its last lines."
        )
        st.caption(f"{type(error).__name__}")
