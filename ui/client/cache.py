"""Answers of the backend, shared by all browser sessions for a short while.

An operator's own change must be seen at once: call `forget_answers` after every call that changes something.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import streamlit as st

from backend_api.contract.alerts import AlertPage
from backend_api.contract.cameras import CameraList
from backend_api.contract.compliance import Compliance, SuggestedReviews
from backend_api.contract.floor import Floor
from backend_api.contract.looks import LookRequest
from backend_api.contract.queries import CameraPageQuery, ComplianceQuery, DaysQuery, SessionQuery, StatsQuery
from backend_api.contract.sessions import JUDGED, MachineList, SessionOutcome, SessionPage
from backend_api.contract.stats import DayStats, Stats
from backend_api.contract.stores import StoreList
from backend_api.contract.verdicts import QueueState
from ui.client.api import BackendApi, BackendError
from ui.client.context import api
from ui.client.storage import forget_storage

LOOK_FOR_FLOOR_S = 60.0
"""So often a camera is asked for a new picture for the floor, however many have it open."""

# Answers are immutable, so that sessions can share the values themselves. A session that asks while an answer is under
# way waits for that one; errors are not kept. A process has one backend: its address is no part of the key. A
# person is: an answer holds what that person may see, and signed addresses that bear the name.
_QUERIES = (SessionQuery, StatsQuery, DaysQuery, ComplianceQuery, CameraPageQuery)
_BY_TEXT: dict[str | type[Any], Callable[[Any], Any]] = {
    BackendApi: lambda backend: backend.acting_for,
    **dict.fromkeys(_QUERIES, lambda query: query.model_dump_json()),
}
_shared = st.cache_resource(ttl=1.0, max_entries=200, show_spinner=False, hash_funcs=_BY_TEXT)
# Figures of whole days take the backend longer, and change little within seconds.
_shared_for_longer = st.cache_resource(ttl=20.0, max_entries=200, show_spinner=False, hash_funcs=_BY_TEXT)
# Each of these follows from a verdict; nobody may have been asked about a use without an attempt.
_WITH_VERDICT = JUDGED - {SessionOutcome.NOT_ATTEMPTED}


def machines() -> MachineList:
    """Every machine as it is now."""
    return _machines(api())


def cameras() -> CameraList:
    """Each camera's last report."""
    return _cameras(api())


def queue() -> QueueState:
    """How many questions to the model are in which state."""
    return _queue(api())


def sessions(query: SessionQuery) -> SessionPage:
    """One page of sessions."""
    return _sessions(api(), query)


def latest_model(store_id: str | None = None) -> str | None:
    """The model of the newest session's verdict that has one, in the gym or in all; None without any."""
    return _latest_model(api(), store_id)


def stats(query: StatsQuery) -> Stats:
    """Figures; to share them, let the interval begin and end at full minutes."""
    return _stats(api(), query)


def days(query: DaysQuery) -> DayStats:
    """Figures of whole days that are over, of all stores."""
    return _days(api(), query)


def compliance(query: ComplianceQuery) -> Compliance:
    """Compliance, corrected by reviews; to share it, let the interval begin and end at full minutes."""
    return _compliance(api(), query)


def stores() -> StoreList:
    """Every store, and what people say of it."""
    return _stores(api())


def alerts(store_id: str | None, *, lasts: bool = False) -> AlertPage:
    """What was told last; with `lasts` only what is so now."""
    return _alerts(api(), store_id, lasts)


def floor(query: CameraPageQuery) -> Floor:
    """A page of the cameras' pictures and zones."""
    return _floor(api(), query)


def ask_for_floor(store_id: str, camera_id: str) -> None:
    """Ask a camera for a new picture, once a minute at most; a backend that does not do so is no trouble."""
    _ask_for_floor(api(), store_id, camera_id)


def suggested() -> SuggestedReviews:
    """The verdicts that were drawn to be reviewed, and are not yet."""
    return _suggested(api())


def forget_answers() -> None:
    """Forget all answers: the next call asks the backend."""
    for shared in (
        *(_machines, _cameras, _queue, _sessions, _stats, _days),
        *(_latest_model, _compliance, _stores, _suggested, _alerts, _floor),
    ):
        shared.clear()
    forget_storage()


@_shared
def _machines(backend: BackendApi) -> MachineList:
    return backend.machines()


@_shared
def _cameras(backend: BackendApi) -> CameraList:
    return backend.cameras()


@_shared
def _queue(backend: BackendApi) -> QueueState:
    return backend.queue()


@_shared
def _sessions(backend: BackendApi, query: SessionQuery) -> SessionPage:
    return backend.sessions(query)


@_shared_for_longer
def _latest_model(backend: BackendApi, store_id: str | None) -> str | None:
    query = SessionQuery(outcome=tuple(sorted(_WITH_VERDICT)), limit=1, store_id=store_id)
    judged = backend.sessions(query).items
    event = backend.event(judged[0].judged_event_id) if judged and judged[0].judged_event_id else None
    return event.mm.result.model if event and event.mm and event.mm.result else None


@_shared_for_longer
def _stats(backend: BackendApi, query: StatsQuery) -> Stats:
    return backend.stats(query)


@_shared_for_longer
def _days(backend: BackendApi, query: DaysQuery) -> DayStats:
    return backend.days(query)


@_shared_for_longer
def _compliance(backend: BackendApi, query: ComplianceQuery) -> Compliance:
    return backend.compliance(query)


@_shared
def _stores(backend: BackendApi) -> StoreList:
    return backend.stores()


@_shared
def _alerts(backend: BackendApi, store_id: str | None, lasts: bool) -> AlertPage:
    return backend.alerts(store_id, lasts=lasts)


@_shared
def _suggested(backend: BackendApi) -> SuggestedReviews:
    return backend.suggested()


@_shared
def _floor(backend: BackendApi, query: CameraPageQuery) -> Floor:
    return backend.floor(query)


# Whoever asks first asks for all: who that is, is no part of the key.
@st.cache_resource(ttl=LOOK_FOR_FLOOR_S, max_entries=1000, show_spinner=False)
def _ask_for_floor(_api: BackendApi, store_id: str, camera_id: str) -> None:
    # A key that may only read, an edge that was exchanged meanwhile: the floor shows the picture that there is.
    with suppress(BackendError):
        _api.ask_look(store_id, camera_id, LookRequest(who="the floor", max_age_s=LOOK_FOR_FLOOR_S))
