"""The list of uses without a proper cleaning: page by page, as it was read, each with the way to Review."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Self

import streamlit as st

from backend_api.base.clock import SystemClock
from backend_api.contract.queries import SessionQuery
from backend_api.contract.sessions import Session, SessionPage
from backend_api.contract.values import MachineKey
from ui.cleaning.breakdown import UNCLEANED, kind_colours
from ui.client.api import BackendApi
from ui.text.local_time import Zone
from ui.text.machine_names import key_of
from ui.text.meanings import FIGURE_WORDS
from ui.text.words import SESSION_WORDS, began, duration
from ui.widgets.charts import current_palette
from ui.widgets.period import TimeInterval

PAGE_ITEMS = 20
_KEY = "uncleaned"
_CLOCK = SystemClock()
Fetch = Callable[[SessionQuery], SessionPage]


@dataclass(frozen=True, slots=True)
class PagedSessions:
    """The page of `query` that is read now, as it was at `read_at`; `cursors` lead to it from the first page."""

    query: SessionQuery
    cursors: tuple[str, ...]
    page: SessionPage
    read_at: datetime

    @classmethod
    def begin(cls, query: SessionQuery, fetch: Fetch, now: datetime) -> Self:
        """Read the first page."""
        return cls(query, (), fetch(query), now)

    @property
    def is_first(self) -> bool:
        """Whether nothing newer was read."""
        return not self.cursors

    def older(self, fetch: Fetch, now: datetime) -> "PagedSessions":
        """Read the next page; on the last one this very page."""
        cursor = self.page.next_cursor
        if cursor is None:
            return self
        return self._at((*self.cursors, cursor), fetch, now)

    def newer(self, fetch: Fetch, now: datetime) -> "PagedSessions":
        """Read the page before; on the first one this very page again."""
        return self._at(self.cursors[:-1], fetch, now)

    def _at(self, cursors: tuple[str, ...], fetch: Fetch, now: datetime) -> "PagedSessions":
        page = fetch(self.query.model_copy(update={"cursor": cursors[-1] if cursors else None}))
        return PagedSessions(self.query, cursors, page, now)


def show_uncleaned(
    backend: BackendApi,
    interval: TimeInterval,
    names: Mapping[MachineKey, str],
    zone: Zone,
    store_id: str | None = None,
) -> None:
    """Draw the list of the sessions that began in `interval`; which kind of them stands in the address."""
    kind = st.pills(
        "Kind of window",
        list(UNCLEANED),
        format_func=FIGURE_WORDS.__getitem__,
        key="kind",
        bind="query-params",
        label_visibility="collapsed",
    )
    outcomes = UNCLEANED[kind] if kind else tuple(outcome for of_kind in UNCLEANED.values() for outcome in of_kind)
    query = SessionQuery(
        outcome=outcomes, since=interval.since, until=interval.until, store_id=store_id, limit=PAGE_ITEMS
    )
    paged: PagedSessions | None = st.session_state.get(_KEY)
    if paged is None or paged.query != query:
        paged = PagedSessions.begin(query, backend.sessions, _CLOCK.now())
        st.session_state[_KEY] = paged
    if not paged.page.items and paged.is_first:
        st.markdown("No use that began in these days was left uncleaned.")
        return
    st.html(_table(paged.page, names, zone))
    st.caption("Uses that began in these days; the figures above count a window where it closed.")
    _show_moves(backend, paged, zone)


def _show_moves(backend: BackendApi, paged: PagedSessions, zone: Zone) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        moves = {
            "Refresh" if paged.is_first else "Newer": (paged.newer, False),
            "Older": (paged.older, paged.page.next_cursor is None),
        }
        for label, (move, disabled) in moves.items():
            if st.button(label, key=f"uncleaned_{label.lower()}", disabled=disabled):
                st.session_state[_KEY] = move(backend.sessions, _CLOCK.now())
                st.rerun()
        st.caption(f"As of {zone.clock(paged.read_at)}")


def _table(page: SessionPage, names: Mapping[MachineKey, str], zone: Zone) -> str:
    rows = "".join(_row(session, names, zone) for session in page.items)
    return (
        '<table class="sessions"><thead><tr><th scope="col">Use began</th><th scope="col">Machine</th>'
        f'<th scope="col" class="wide">In use for</th><th scope="col">Cleaning</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _row(session: Session, names: Mapping[MachineKey, str], zone: Zone) -> str:
    at = began(session).astimezone(zone.info)
    stay = duration(session.occupied_s) if session.occupied_s is not None else "not known"
    # The page's own tab: the way back is the browser's.
    link = f'<a href="review?session={session.session_id}" target="_self">{at:%a} {at.day} {at:%b}, {at:%H:%M}</a>'
    name = escape(names.get(key_of(session), session.machine_name))
    kind = next(kind for kind, outcomes in UNCLEANED.items() if session.outcome in outcomes)
    sign = f'<span style="color: {kind_colours(current_palette())[kind]}" aria-hidden="true">■</span>'
    what = f"{sign} {SESSION_WORDS[session.outcome]}"
    return f'<tr><td>{link}</td><td>{name}</td><td class="wide">{stay}</td><td>{what}</td></tr>'
