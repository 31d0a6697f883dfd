"""What a day's timeline is made of: its sessions, those that reach into it among them, and time that nobody watched."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from backend_api.contract.sessions import Machine, Session
from backend_api.contract.stats import Stats
from backend_api.contract.values import MAX_PAGE_ITEMS
from ui.client.api import BackendApi
from ui.client.queries import SessionQuery
from ui.usage.day import DayLine, Range
from ui.usage.timeline import began

MAX_SESSIONS = 2000
# A verdict shows up this late; an operator changes nothing of a timeline.
_SHARED_S = 10.0


@dataclass(frozen=True, slots=True)
class DaySessions:
    """Sessions of a day, the oldest first; `is_complete` is false when there are more than MAX_SESSIONS."""

    sessions: tuple[Session, ...]
    is_complete: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """Time of a camera's machines of which a share, 0 to 1, was not watched."""

    shown: Range
    share: float


@st.cache_resource(
    ttl=_SHARED_S,
    max_entries=50,
    show_spinner=False,
    hash_funcs={BackendApi: lambda door: door.url, DayLine: lambda line: (line.day.isoformat(), line.zone.name)},
)
def sessions_of(door: BackendApi, line: DayLine, _machines: Iterable[Machine]) -> DaySessions:
    """The sessions of a day, shared by all who look at it."""
    return fetch_sessions(door, line, _machines)


def fetch_sessions(door: BackendApi, line: DayLine, machines: Iterable[Machine]) -> DaySessions:
    """The sessions that begin in a day, and of each machine the last one before, which may reach into it."""
    found = [before for machine in machines if (before := _last_before(door, line.begin, machine)) is not None]
    query, cursor = SessionQuery(since=line.begin, until=line.end, order="asc"), None
    begun: list[Session] = []
    while len(begun) < MAX_SESSIONS:
        page = door.sessions(query, limit=MAX_PAGE_ITEMS, cursor=cursor)
        begun += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    return DaySessions((*found, *begun), is_complete=cursor is None)


def _last_before(door: BackendApi, instant: datetime, machine: Machine) -> Session | None:
    if machine.session is None or began(machine.session) < instant:
        return machine.session
    query = SessionQuery(
        machine_id=machine.machine_id, camera_id=machine.camera_id, store_id=machine.store_id, until=instant
    )
    return next(iter(door.sessions(query, limit=1).items), None)


def gaps(found: Stats, line: DayLine, now: datetime) -> list[Gap]:
    """The hours of a day in which a camera did not watch all the time; `found` is of its machines alone, by hour."""
    hours = [(min(bucket.end, now), bucket) for bucket in found.buckets]
    return [
        Gap(shown, share)
        for end, bucket in hours
        if (shown := line.cut(bucket.begin, end))
        and (share := _unwatched((end - bucket.begin).total_seconds() * len(found.machines), bucket.observed_s)) > 0
    ]


def _unwatched(possible_s: float, observed_s: float) -> float:
    """Which share of the time was not watched, in full per cent; 0 when there was nothing to watch."""
    return max(0.0, round(1 - observed_s / possible_s, 2)) if possible_s else 0.0
