"""The page Setup: the storage's trouble, cameras and their health, the queue of verdicts, alerts, gyms, zones."""

import streamlit as st

from backend_api.contract.people import Permission
from ui.client import cache
from ui.client.context import api, zone
from ui.client.sign_in import may
from ui.setup.alerts import show_alerts
from ui.setup.cameras import show_cameras
from ui.setup.storage import show_storage
from ui.setup.stores import show_store_editor
from ui.setup.verdict_queue import show_failed, show_queue
from ui.setup.zones import show_zones
from ui.widgets.store_choice import choose_store


def show_page() -> None:
    """Draw the page. Raises BackendError when the backend cannot answer."""
    backend, here = api(), zone()
    st.title("Setup", anchor=False)
    # What the blocks below look at is asked for here first, where an error leads to the card that says so.
    states, stores, _ = cache.cameras().items, cache.stores().items, cache.machines()
    sees_all = may(Permission.LOOK, everywhere=True)
    if sees_all:
        cache.queue()
    show_storage()
    store_id = choose_store()
    st.header("Cameras", anchor=False)
    show_cameras(here, store_id)
    st.header("Verdict queue", anchor=False)
    if sees_all:
        show_queue(here)
    show_failed(backend, here, None if sees_all else store_id)
    st.header("Alerts", anchor=False)
    show_alerts(backend, here, store_id)
    st.header("Gyms", anchor=False)
    show_store_editor(backend, [store for store in stores if store_id in (None, store.store_id)], here)
    st.header("Zones", anchor=False)
    show_zones(backend, [state for state in states if store_id in (None, state.store_id)], here)


if __name__ == "__main__":
    show_page()
