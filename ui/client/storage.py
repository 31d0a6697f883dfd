"""Whether the backend can store at present, and whether it waits for a person's word before it removes."""

from dataclasses import dataclass
from http import HTTPStatus

import streamlit as st

from ui.client.api import BackendApi, Refused
from ui.client.context import api

# The backend writes a little to find out.
_LOOKED_AT_AGAIN_S = 20.0


@dataclass(frozen=True, slots=True)
class StorageTrouble:
    """Nothing can be stored where `is_stopped`, else old clips or events wait for a word; `reason` is the backend's."""

    is_stopped: bool
    reason: str


def storage_trouble() -> StorageTrouble | None:
    """The present trouble; None while all is well. Raises BackendError when the backend cannot answer."""
    return _look(api())


@st.cache_resource(ttl=_LOOKED_AT_AGAIN_S, max_entries=10, show_spinner=False)
def _look(_api: BackendApi) -> StorageTrouble | None:
    try:
        held_back = _api.ready().held_back
    except Refused as error:
        if error.status != HTTPStatus.SERVICE_UNAVAILABLE:
            raise
        return StorageTrouble(is_stopped=True, reason=str(error))
    return None if held_back is None else StorageTrouble(is_stopped=False, reason=held_back)


def forget_storage() -> None:
    """Ask the backend the next time."""
    _look.clear()
