"""The page Setup: cameras and how they are, the queue of verdicts, and zones."""

import streamlit as st

from ui.client import cache
from ui.client.context import api, zone
from ui.setup.cameras import show_cameras
from ui.setup.verdict_queue import show_failed, show_queue
from ui.setup.zones import show_zones


def show_page() -> None:
    """Draw the page. Raises BackendError when the backend cannot answer."""
    backend, here = api(), zone()
    st.title("Setup", anchor=False)
    # What the blocks below look at is asked for here first, where an error leads to the card that says so.
    states, _, _ = cache.cameras().items, cache.machines(), cache.queue()
    st.header("Cameras", anchor=False)
    show_cameras(here)
    st.header("Verdict queue", anchor=False)
    show_queue(here)
    show_failed(backend, here)
    st.header("Zones", anchor=False)
    show_zones(backend, states, here)


if __name__ == "__main__":
    show_page()
