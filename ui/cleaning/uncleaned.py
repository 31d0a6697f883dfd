"""The list of uses after which nobody cleaned, or not well: page by page, each with the way to Review."""

from collections.abc import Mapping
from functools import partial
from html import escape

import streamlit as st

from backend_api.base.clock import SystemClock
from backend_api.contract.sessions import Session, SessionPage
from ui.cleaning.breakdown import UNCLEANED
from ui.cleaning.kind_colors import kind_colors
from ui.cleaning.pages import Reading
from ui.client.api import BackendApi
from ui.client.queries import SessionQuery
from ui.text.local_time import Zone
from ui.text.machine_names import Place, place_of
from ui.text.meanings import FIGURE_WORDS
from ui.text.words import SESSION_WORDS, duration
from ui.usage.timeline import began
from ui.widgets.charts import ink
from ui.widgets.period import Span

PAGE_ITEMS = 20
_KEY = "uncleaned"
_CLOCK = SystemClock()


def show_uncleaned(door: BackendApi, span: Span, names: Mapping[Place, str], zone: Zone) -> None:
    """Draw the list of the sessions that began in `span`; which kind of them stands in the address."""
    kind = st.pills(
        "What happened",
        list(UNCLEANED),
        format_func=FIGURE_WORDS.__getitem__,
        key="kind",
        bind="query-params",
        label_visibility="collapsed",
    )
    outcomes = UNCLEANED[kind] if kind else tuple(outcome for of_kind in UNCLEANED.values() for outcome in of_kind)
    query = SessionQuery(outcomes=outcomes, since=span.since, until=span.until)
    reading: Reading | None = st.session_state.get(_KEY)
    if reading is None or reading.query != query:
        reading = Reading.begin(query, partial(_fetch, door), _CLOCK.now())
        st.session_state[_KEY] = reading
    if not reading.page.items and reading.is_first:
        st.markdown("None of the uses that began in these days.")
        return
    st.html(_table(reading.page, names, zone))
    st.caption("Uses that began in these days; the figures above count a window where it closed.")
    _show_moves(door, reading, zone)


def _fetch(door: BackendApi, query: SessionQuery, cursor: str | None) -> SessionPage:
    return door.sessions(query, limit=PAGE_ITEMS, cursor=cursor)


def _show_moves(door: BackendApi, reading: Reading, zone: Zone) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        moves = {
            "Refresh" if reading.is_first else "Newer": (reading.newer, False),
            "Older": (reading.older, reading.page.next_cursor is None),
        }
        for label, (move, disabled) in moves.items():
            if st.button(label, key=f"uncleaned_{label.lower()}", disabled=disabled):
                st.session_state[_KEY] = move(partial(_fetch, door), _CLOCK.now())
                st.rerun()
        st.caption(f"As of {zone.clock(reading.read_at)}")


def _table(page: SessionPage, names: Mapping[Place, str], zone: Zone) -> str:
    rows = "".join(_row(session, names, zone) for session in page.items)
    return (
        '<table class="sessions"><thead><tr><th scope="col">Use began</th><th scope="col">Machine</th>'
        f'<th scope="col" class="wide">In use for</th><th scope="col">Cleaning</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _row(session: Session, names: Mapping[Place, str], zone: Zone) -> str:
    at = began(session).astimezone(zone.info)
    stay = duration(session.occupied_s) if session.occupied_s is not None else "not known"
    # The page's own tab: the way back is the browser's.
    link = f'<a href="review?session={session.session_id}" target="_self">{at:%a} {at.day} {at:%b}, {at:%H:%M}</a>'
    name = escape(names.get(place_of(session), session.machine_name))
    kind = next(kind for kind, outcomes in UNCLEANED.items() if session.outcome in outcomes)
    sign = f'<span style="color: {kind_colors(ink())[kind]}" aria-hidden="true">■</span>'
    what = f"{sign} {SESSION_WORDS[session.outcome]}"
    return f'<tr><td>{link}</td><td>{name}</td><td class="wide">{stay}</td><td>{what}</td></tr>'
