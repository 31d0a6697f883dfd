"""Which event is open: the address says so, and a click on a row changes the address."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

EVENT = "event"


class NoEventId(Exception):
    """What the address names as the event is no event id."""


def selected_event() -> UUID | None:
    """The id of the open event. Raises NoEventId when the address holds something else."""
    text = st.query_params.get(EVENT)
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError as error:
        raise NoEventId(text) from error


def select_event(event_id: UUID | None) -> None:
    """Open an event, or none. The address is written only when it changes: each writing is a step of the browser's."""
    text = None if event_id is None else str(event_id)
    if text == st.query_params.get(EVENT):
        return
    if text is None:
        del st.query_params[EVENT]
    else:
        st.query_params[EVENT] = text


def picked_row(rows: Sequence[int], cell_rows: Sequence[int], current: int | None) -> int | None:
    """The row that a click meant: a table reports its ticked row and its focused cell, the older of which is `current`.

    Without a tick and with nothing new focused the current row was unticked: None.
    """
    for row in (*rows, *cell_rows):
        if row != current:
            return row
    return current if rows else None
