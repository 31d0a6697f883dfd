"""The list of events: filters that live in the address, a frozen page of rows, and the way to newer and older ones."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count
from typing import Any
from uuid import UUID

import streamlit as st

from backend_api.contract import EventType, StoredEvent
from backend_api.contract_verdicts import MmStatus
from ui.api import BackendApi, BackendError
from ui.feed import PAGE_ITEMS, Feed, brought_up_to_date, newer_page, older_page, open_feed, with_updates
from ui.local_time import Zone
from ui.queries import EventQuery
from ui.selection import picked_row, select_event
from ui.words import EVENT_WORDS, OUTCOME_COLORS, STATUS_WORDS, outcome

REFRESH_S = 5.0
_ROW_PX = 35
_MAX_ROWS_SHOWN = 15
_EDGE_COMMAND = "python edge_service/main.py --video ./sample.mp4 --camera-id cam_01 --store-id gym_demo --seed 42"


def choose_query() -> EventQuery:
    """Draw the filters and return the choice, which is part of the address, so that a link keeps it."""
    with st.container(key="filters"):
        left, middle, right = st.columns(3, wrap=False, gap="xsmall")
    event_type: EventType | None = left.selectbox(
        "Event",
        list(EventType),
        index=None,
        format_func=EVENT_WORDS.__getitem__,
        key="type",
        placeholder="All",
        bind="query-params",
    )
    # The backend lists no machines: those met in this session are offered, and any other can be typed.
    machine_id: str | None = middle.selectbox(
        "Machine",
        sorted(_machines_met()),
        index=None,
        key="machine",
        placeholder="All",
        accept_new_options=True,
        bind="query-params",
    )
    mm_status: MmStatus | None = right.selectbox(
        "Verdict",
        list(MmStatus),
        index=None,
        format_func=STATUS_WORDS.__getitem__,
        key="status",
        placeholder="Any",
        bind="query-params",
    )
    return EventQuery(event_type, machine_id, mm_status)


def current_feed(api: BackendApi, query: EventQuery, known: Sequence[StoredEvent] = ()) -> Feed:
    """This session's list for `query`: the frozen one brought up to date, or a new one when the filters changed.

    `known` are events that were fetched just now besides; their rows say the same.
    """
    feed: Feed | None = st.session_state.get("feed")
    if feed is None or feed.query != query or not feed.pages[0]:
        return _keep(open_feed(api, query))
    return _keep(with_updates(brought_up_to_date(api, feed), known))


def show_list(api: BackendApi, feed: Feed, selected: UUID | None, zone: Zone) -> None:
    """Draw the open page of the list with the row of `selected` marked, and what leads on from it."""
    _watch(api, feed, count())
    if not feed.items:
        _show_nothing(feed)
        return
    _show_table(feed.items, selected, zone)
    _show_paging(api, feed, zone)


@st.fragment(run_every=REFRESH_S)
def _watch(api: BackendApi, shown: Feed, runs: Iterator[int]) -> None:
    """Count what is new, and draw the page again when a row of it says something else by now."""
    feed = shown
    if next(runs) > 0:  # else the page was drawn, and asked for, just now
        try:
            feed = current_feed(api, shown.query)
        except BackendError:
            st.rerun()  # the page meets the same error, and shows it
        if feed.items != shown.items:
            st.rerun()
    if feed.items:
        _show_new_button(feed.new_items)


def _show_new_button(new_items: int) -> None:
    """Always there, so that the rows below stay where they are when something arrives."""
    number = f"{new_items} or more" if new_items == PAGE_ITEMS else new_items
    st.button(
        f"Show {number} new" if new_items else "Nothing new",
        on_click=_forget_feed,
        key="show_new",
        disabled=not new_items,
        type="primary" if new_items else "secondary",
        width="stretch",
    )


def _show_table(events: Sequence[StoredEvent], selected: UUID | None, zone: Zone) -> None:
    ids = [event.event_id for event in events]
    row = ids.index(selected) if selected in ids else None
    # A selection is by position: another anchor is another table, and the address alone says which row is marked.
    key = f"events_{ids[0]}"
    st.session_state[key] = {"selection": {"rows": [] if row is None else [row], "columns": [], "cells": []}}
    st.dataframe(
        [_row(event) for event in events],
        key=key,
        on_select=partial(_on_select, key, ids, row),
        selection_mode=["single-row", "single-cell"],
        hide_index=True,
        height=_ROW_PX * (min(len(ids), _MAX_ROWS_SHOWN) + 1) + 3,
        column_config=_columns(events, zone),
        alt="Events, newest first",
    )


def _on_select(key: str, ids: Sequence[UUID], current: int | None) -> None:
    selection = st.session_state[key]["selection"]
    row = picked_row(selection["rows"], [cell[0] for cell in selection["cells"]], current)
    select_event(None if row is None else ids[row])


def _row(event: StoredEvent) -> dict[str, Any]:
    return {
        "Time": event.ts,
        "Machine": event.machine_id,
        "Event": EVENT_WORDS[event.event_type],
        "Verdict": [] if event.mm is None else [outcome(event.mm)],
    }


def _columns(events: Sequence[StoredEvent], zone: Zone) -> dict[str, Any]:
    one_day = zone.common_day(event.ts for event in events) is not None
    return {
        "Time": st.column_config.DatetimeColumn(
            format="HH:mm:ss" if one_day else "D MMM HH:mm:ss", timezone=zone.name, width=75 if one_day else 120
        ),
        "Machine": st.column_config.TextColumn(width=105),
        "Event": st.column_config.TextColumn(width=130),
        "Verdict": st.column_config.MultiselectColumn(
            options=list(OUTCOME_COLORS), color=list(OUTCOME_COLORS.values()), width=110
        ),
    }


def _show_paging(api: BackendApi, feed: Feed, zone: Zone) -> None:
    day = zone.common_day(event.ts for event in feed.items)
    st.caption(f"{day}, times in {zone.name}" if day else f"Times in {zone.name}")
    if len(feed.pages) == 1 and not feed.has_older:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Newer", disabled=feed.index == 0, key="newer"):
            _keep(newer_page(feed))
            st.rerun()
        if st.button("Older", disabled=not feed.has_older, key="older"):
            _keep(older_page(api, feed))
            st.rerun()
        st.caption(f"Page {feed.index + 1}", width="content")


def _show_nothing(feed: Feed) -> None:
    if feed.query == EventQuery():
        st.header("No events yet", anchor=False)
        st.markdown("Let the edge watch a video, from the project's folder:")
        st.code(_EDGE_COMMAND, language=None, wrap_lines=True)
        st.caption("This list fills by itself.")
    else:
        st.header("No event matches these filters", anchor=False)
        st.button("Clear the filters", on_click=_clear_filters)


def _clear_filters() -> None:
    for name in ("type", "machine", "status"):
        st.session_state[name] = None


def _machines_met() -> set[str]:
    met: set[str] = st.session_state.setdefault("machines_met", set())
    if machine_id := st.query_params.get("machine"):
        met.add(machine_id)
    return met


def _keep(feed: Feed) -> Feed:
    st.session_state["feed"] = feed
    met = _machines_met()
    if news := {event.machine_id for event in feed.items} - met:
        met |= news
        st.rerun()  # the filter, drawn before the events were known, offers them now
    return feed


def _forget_feed() -> None:
    st.session_state.pop("feed", None)
