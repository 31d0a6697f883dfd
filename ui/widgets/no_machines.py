"""What a page of figures shows while no machine was ever reported."""

import streamlit as st

from ui.text.commands import EDGE_COMMAND


def show_no_machines() -> None:
    """Say how machines come."""
    with st.container(border=True, key="nothing"):
        st.header("No machines yet", anchor=False)
        st.markdown("Start an edge on a video, from the project's folder:")
        st.code(EDGE_COMMAND, language=None, wrap_lines=True)
