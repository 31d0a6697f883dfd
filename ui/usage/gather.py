"""The parts of a day's timeline: its sessions, those that reach into it among them, and its unwatched times."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from backend_api.contract.queries import Order, SessionQuery
from backend_api.contract.sessions import Machine, Session
from backend_api.contract.stats import Stats
from backend_api.contract.values import MAX_PAGE_ITEMS
from ui.client.api import BackendApi
from ui.text.words import began
from ui.usage.day import DayLine, HourInterval

MAX_SESSIONS = 2000
# A verdict shows up this late; an operator changes nothing of a timeline.
_SHARED_S = 10.0


@dataclass(frozen=True, slots=True)
class DaySessions:
    """Sessions of a day, the oldest first; `is_complete` is false when there are more than MAX_SESSIONS."""

    sessions: tuple[Session, ...]
    is_complete: bool


@dataclass(frozen=True, slots=True)
class UnwatchedTime:
    """Time of a camera's machines of which a share, 0 to 1, was not watched."""

    shown: HourInterval
    share: float


@st.cache_resource(
    ttl=_SHARED_S,
    max_entries=50,
    show_spinner=False,
    hash_funcs={
        # As in cache.py: addresses of pictures bear the name of the person who asked.
        BackendApi: lambda backend: (backend.url, backend.acting_for),
        DayLine: lambda line: (line.day.isoformat(), line.zone.name),
    },
)
def sessions_of(
    backend: BackendApi, line: DayLine, _machines: Iterable[Machine], store_id: str | None = None
) -> DaySessions:
    """The sessions of a day, in one gym or all, shared by all browsers of a person."""
    return fetch_sessions(backend, line, _machines, store_id)


def fetch_sessions(
    backend: BackendApi, line: DayLine, machines: Iterable[Machine], store_id: str | None = None
) -> DaySessions:
    """The sessions that begin in a day, and of each machine the last one before, which may reach into it.

    `machines` are those of the gym `store_id`, or of all.
    """
    found = [before for machine in machines if (before := _last_before(backend, line.begin, machine)) is not None]
    query = SessionQuery(since=line.begin, until=line.end, store_id=store_id, order=Order.ASC, limit=MAX_PAGE_ITEMS)
    begun: list[Session] = []
    while len(begun) < MAX_SESSIONS:
        page = backend.sessions(query)
        begun += page.items
        query = query.model_copy(update={"cursor": page.next_cursor})
        if page.next_cursor is None:
            break
    return DaySessions((*found, *begun), is_complete=query.cursor is None)


def _last_before(backend: BackendApi, instant: datetime, machine: Machine) -> Session | None:
    if machine.session is None or began(machine.session) < instant:
        return machine.session
    query = SessionQuery(
        machine_id=machine.machine_id, camera_id=machine.camera_id, store_id=machine.store_id, until=instant, limit=1
    )
    return next(iter(backend.sessions(query).items), None)


def unwatched_times(found: Stats, line: DayLine, now: datetime) -> list[UnwatchedTime]:
    """The hours of a day in which a camera did not watch all the time; `found` is of its machines alone, by hour."""
    hours = [(min(bucket.end, now), bucket) for bucket in found.buckets]
    return [
        UnwatchedTime(shown, share)
        for end, bucket in hours
        if (shown := line.cut(bucket.begin, end))
        and (share := _unwatched((end - bucket.begin).total_seconds() * len(found.machines), bucket.observed_s)) > 0
    ]


def _unwatched(possible_s: float, observed_s: float) -> float:
    """Which share of the time was not watched, in full per cent; 0 when there was nothing to watch."""
    return max(0.0, round(1 - observed_s / possible_s, 2)) if possible_s else 0.0
