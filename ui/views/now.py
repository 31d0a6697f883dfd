"""The page Now: what needs attention, and each machine's state."""

import streamlit as st

from ui.selection import EVENT


def show_page() -> None:
    """Draw the page; a link to an event from before there was Review leads on to it."""
    if EVENT in st.query_params:
        st.switch_page("views/review.py", query_params=st.query_params.to_dict())
    st.title("Now", anchor=False)


if __name__ == "__main__":
    show_page()
