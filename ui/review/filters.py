"""The filters above the list. They live in the address, so that a link keeps them."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from uuid import UUID

import streamlit as st

from backend_api.contract.queries import SessionQuery
from backend_api.contract.sessions import Machine, SessionOutcome
from backend_api.contract.values import MachineKey
from ui.client import cache
from ui.client.sign_in import own_stores
from ui.text.local_time import Zone
from ui.text.machine_names import key_of, tell_apart
from ui.text.words import SESSION_WORDS
from ui.widgets.period import Choice, Days, TimeInterval

_NOTHING_CHOSEN: dict[str, object] = {
    "machine": None,
    "outcome": [],
    "reviewed": None,
    "period": None,
    "days": (),
    "camera": None,
}
_SUGGESTED_KEY = "suggested_sessions"
# A longer list would make an address that servers refuse.
_MOST_SUGGESTED = 100
# Matches no session: an empty list would ask for all.
_NO_SESSION = UUID(int=0)


class ReviewChoice(StrEnum):
    """The choices of the filter, in the words that the address holds, too."""

    NOT_REVIEWED = "Not reviewed"
    REVIEWED = "Reviewed"
    SUGGESTED = "Suggested"

    @property
    def reviewed(self) -> bool | None:
        """The query for the API."""
        return {ReviewChoice.NOT_REVIEWED: False, ReviewChoice.REVIEWED: True}.get(self)


def choose_query(machines: Iterable[Machine], zone: Zone, today: date, of_store: str | None = None) -> SessionQuery:
    """Draw the filters and return the choice.

    `machines` are those to choose from, of the gym `of_store` or of all; `today` is the day in `zone`.
    """
    names = tell_apart({key_of(machine): machine.name for machine in machines})
    with st.container(key="filters"):
        left, right = st.columns(2, wrap=False, gap="xsmall")
        with left:
            place = _choose_machine(names)
            reviewed = _choose_reviewed()
        with right:
            outcomes = _choose_outcomes()
            period = _choose_period()
        interval = None if period is None else _interval(period, zone, today)
        camera = _choose_camera({(place.store_id, place.camera_id) for place in names})
    store_id, camera_id = camera or (of_store, None)
    return SessionQuery(
        outcome=tuple(outcomes),
        reviewed=reviewed.reviewed if reviewed else None,
        session_id=_suggested_sessions() if reviewed is ReviewChoice.SUGGESTED else _forget_suggested(),
        machine_id=place.machine_id if place else None,
        camera_id=place.camera_id if place else camera_id,
        store_id=place.store_id if place else store_id,
        since=interval.since if interval else None,
        until=interval.until if interval else None,
    )


def clear_filters() -> None:
    """Let every session through."""
    for name, value in _NOTHING_CHOSEN.items():
        if name in st.session_state:
            st.session_state[name] = value


def _choose_machine(names: dict[MachineKey, str]) -> MachineKey | None:
    return st.selectbox(
        "Machine",
        sorted(names, key=names.__getitem__),
        index=None,
        format_func=names.__getitem__,
        key="machine",
        placeholder="All",
        bind="query-params",
    )


def _choose_outcomes() -> list[SessionOutcome]:
    return st.multiselect(
        "Outcome",
        list(SESSION_WORDS),
        format_func=SESSION_WORDS.__getitem__,
        key="outcome",
        placeholder="All",
        wrap=True,
        bind="query-params",
    )


def _choose_reviewed() -> ReviewChoice | None:
    return st.selectbox(
        "Review",
        # Suggested are uses of all gyms.
        [choice for choice in ReviewChoice if own_stores() is None or choice is not ReviewChoice.SUGGESTED],
        index=None,
        key="reviewed",
        placeholder="All",
        bind="query-params",
    )


def _suggested_sessions() -> tuple[UUID, ...]:
    """The sessions that were suggested when the choice was made: those that are reviewed meanwhile stay in the list."""
    if _SUGGESTED_KEY not in st.session_state:
        items = cache.suggested().items[:_MOST_SUGGESTED]
        st.session_state[_SUGGESTED_KEY] = {item.session_id: item.event_id for item in items}
    found: dict[UUID, UUID] = st.session_state[_SUGGESTED_KEY]
    return tuple(found) or (_NO_SESSION,)


def suggested_events() -> frozenset[UUID]:
    """The events whose verdicts are to be reviewed, while the suggested sessions are chosen: of each session one."""
    found: dict[UUID, UUID] = st.session_state.get(_SUGGESTED_KEY, {})
    return frozenset(found.values())


def _forget_suggested() -> tuple[UUID, ...]:
    st.session_state.pop(_SUGGESTED_KEY, None)
    return ()


def _choose_period() -> Choice | None:
    return st.selectbox(
        "Days",
        list(Choice),
        index=None,
        key="period",
        placeholder="All",
        bind="query-params",
    )


def _interval(period: Choice, zone: Zone, today: date) -> TimeInterval:
    return Days.chosen(period, _pick_days() if period is Choice.DAYS else (), today).interval(zone)


def _pick_days() -> tuple[date, ...]:
    return tuple(st.date_input("First and last day", [], format="YYYY-MM-DD", key="days", bind="query-params"))


def _choose_camera(cameras: set[tuple[str, str]]) -> tuple[str, str] | None:
    if len(cameras) < 2:
        return None
    stores = {store_id for store_id, _ in cameras}
    return st.selectbox(
        "Camera",
        sorted(cameras),
        index=None,
        format_func=lambda camera: camera[1] if len(stores) == 1 else f"{camera[1]} ({camera[0]})",
        key="camera",
        placeholder="All",
        bind="query-params",
    )
