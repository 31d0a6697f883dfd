"""Which session is open, and which of its events is shown: the address says so, and nothing else does."""

from dataclasses import dataclass
from uuid import UUID

import streamlit as st

SESSION = "session"
EVENT = "event"


class NoId(Exception):
    """The address holds something else than an id of a session or an event."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The choice in the address: a session, one of its events, an event alone, or nothing."""

    session_id: UUID | None = None
    event_id: UUID | None = None


def selection() -> Selection:
    """The choice in the address. Raises NoId when it holds something else."""
    return Selection(_id(SESSION), _id(EVENT))


def select(session_id: UUID | None, event_id: UUID | None = None) -> None:
    """Open a session, or none; `event_id` shows that one of its events rather than the most telling one.

    The address is written only when it changes, and all of it at once: each writing is a step of the browser's.
    """
    chosen = {SESSION: session_id, EVENT: event_id}
    before = {name: st.query_params.get_all(name) for name in chosen}
    after = {name: [] if value is None else [str(value)] for name, value in chosen.items()}
    if after != before:
        st.query_params.update(after)  # a name without a value is left out of the address


def _id(name: str) -> UUID | None:
    text = st.query_params.get(name)
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError as error:
        raise NoId(f"The address asks for the {name} {text!r}, which is no id.") from error
