"""The choice of a gym, on every page once there are several: in the address, and the same from page to page."""

from collections import Counter
from collections.abc import Iterable

import streamlit as st

from backend_api.contract.cameras import CameraState
from backend_api.contract.stores import StoreState
from ui.client import cache
from ui.client.sign_in import own_stores

_KEY = "gym"
_KEPT_KEY = "gym_kept"


def choose_store() -> str | None:
    """Draw the choice, and return the id of the gym that was chosen; None for all, and where there is but one.

    A person of some gyms has always one of them chosen: figures of several are of all gyms.
    """
    own = own_stores()
    names = {store_id: store_id for store_id in own or ()} | store_names(cache.stores().items)
    if len(names) < 2:
        return next(iter(names)) if own is not None else None
    kept = st.session_state.get(_KEPT_KEY)
    if _KEY not in st.session_state and _KEY not in st.query_params and kept in names:
        st.session_state[_KEY] = kept
    chosen = st.selectbox(
        "Gym",
        sorted(names, key=lambda store_id: names[store_id].casefold()),
        index=None if own is None else 0,
        format_func=names.__getitem__,
        key=_KEY,
        placeholder="All gyms",
        bind="query-params",
        width=300,
    )
    st.session_state[_KEPT_KEY] = chosen
    return chosen


def cameras_of(store_id: str | None) -> list[CameraState]:
    """The cameras of the gym `store_id`, or of all."""
    return [camera for camera in cache.cameras().items if store_id in (None, camera.store_id)]


def store_names(stores: Iterable[StoreState]) -> dict[str, str]:
    """Each store's name by its id: what people call it, or the id; with the id behind it where two bear the same."""
    names = {store.store_id: store.settings.name if store.settings else store.store_id for store in stores}
    counts = Counter(names.values())
    return {
        store_id: f"{name} ({store_id})" if counts[name] > 1 and name != store_id else name
        for store_id, name in names.items()
    }
