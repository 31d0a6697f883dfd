"""What many sessions look at again and again: asked for once, and shared by all of them for a short while.

What an operator has just changed must be seen at once: call `look_again` after every such call.
"""

import streamlit as st

from backend_api.contract.cameras import CameraList
from backend_api.contract.sessions import MachineList, SessionPage
from backend_api.contract.stats import Stats
from backend_api.contract.verdicts import QueueState
from ui.client.api import BackendApi
from ui.client.context import api
from ui.client.queries import SessionQuery, StatsQuery

# Answers are immutable, so that sessions can share the values themselves. Whoever asks while an answer is under way
# waits for that one; errors are not kept. A process has one backend, so that which one is asked is no part of the key.
_shared = st.cache_resource(ttl=1.0, max_entries=200, show_spinner=False)
# Figures of whole days take the backend longer, and change little within seconds.
_shared_for_longer = st.cache_resource(ttl=20.0, max_entries=200, show_spinner=False)


def machines() -> MachineList:
    """Each machine now."""
    return _machines(api())


def cameras() -> CameraList:
    """Each camera's last report."""
    return _cameras(api())


def queue() -> QueueState:
    """How many questions to the model are in which state."""
    return _queue(api())


def sessions(query: SessionQuery, *, limit: int) -> SessionPage:
    """The first page of sessions."""
    return _sessions(api(), query, limit)


def stats(query: StatsQuery) -> Stats:
    """Figures; to share them, let the span begin and end at full minutes."""
    return _stats(api(), query)


def look_again() -> None:
    """Forget what is shared: the next look at anything asks the backend."""
    for shared in (_machines, _cameras, _queue, _sessions, _stats):
        shared.clear()


@_shared
def _machines(_api: BackendApi) -> MachineList:
    return _api.machines()


@_shared
def _cameras(_api: BackendApi) -> CameraList:
    return _api.cameras()


@_shared
def _queue(_api: BackendApi) -> QueueState:
    return _api.queue()


@_shared
def _sessions(_api: BackendApi, query: SessionQuery, limit: int) -> SessionPage:
    return _api.sessions(query, limit=limit)


@_shared_for_longer
def _stats(_api: BackendApi, query: StatsQuery) -> Stats:
    return _api.stats(query)
