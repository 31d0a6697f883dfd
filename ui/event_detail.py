"""One event in full: its clip, what is known of it, and the model's verdict, which arrives by itself."""

from collections.abc import Iterator, Mapping
from html import escape
from itertools import count

import streamlit as st

from backend_api.contract import StoredEvent
from backend_api.contract_verdicts import Enrichment, MmStatus
from ui.api import BackendApi, BackendError
from ui.feed import is_unfinished
from ui.local_time import Zone
from ui.selection import select_event
from ui.session import browser_url
from ui.words import EVENT_WORDS, OUTCOME_COLORS, counted, facts, outcome, percent, verdict_facts

POLL_S = 2.0
_WORKER_COMMAND = "python mm_worker/worker.py --db ./data/app.db --seed 123"


def show_detail(api: BackendApi, event: StoredEvent, zone: Zone) -> None:
    """Draw an event, fetched just now."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.header(f"{EVENT_WORDS[event.event_type]}, {event.machine_id}", anchor=False)
        st.button("Close", key="close", on_click=select_event, args=(None,), type="tertiary")
    _show_clip(event)
    if event.mm is not None:
        poll_s = POLL_S if is_unfinished(event) else None
        st.fragment(_show_verdict, run_every=poll_s)(api, event, event.mm, count())
    _show_deciding_frame(event)
    st.html(_definition_list(facts(event, zone)))


def show_missing(reason: str) -> None:
    """Say that the address names no event, and how to leave it."""
    with st.container(border=True):
        st.header("There is no such event", anchor=False)
        st.text(reason)
        st.button("Close", key="close", on_click=select_event, args=(None,))


def _show_clip(event: StoredEvent) -> None:
    if event.media_url is not None:
        st.video(
            browser_url(event.media_url), loop=True, autoplay=True, muted=True, alt=f"Clip of the {_in_words(event)}"
        )
        return
    with st.container(border=True, key="no_clip"):
        st.text(_why_no_clip(event))


def _show_deciding_frame(event: StoredEvent) -> None:
    if event.thumbnail_url is not None:
        with st.expander("The deciding frame", expanded=event.media_url is None):
            st.image(browser_url(event.thumbnail_url), width="stretch", alt=f"Deciding frame of the {_in_words(event)}")


def _in_words(event: StoredEvent) -> str:
    return f"event {EVENT_WORDS[event.event_type].lower()} at {event.machine_id}"


def _why_no_clip(event: StoredEvent) -> str:
    if event.clip is not None:
        return "The clip is not on the backend: it lies with the edge that recorded it."
    return f"No clip: {event.clip_error}" if event.clip_error else "This event has no clip."


def _show_verdict(api: BackendApi, event: StoredEvent, shown: Enrichment, runs: Iterator[int]) -> None:
    """Draw the verdict; while it is unfinished, look again at every run and draw the page anew when it changes."""
    if next(runs) > 0 and is_unfinished(event):
        try:
            changed = api.event(event.event_id).mm != shown
        except BackendError:
            changed = True  # the page meets the same error, and shows it
        if changed:
            st.rerun()
    with st.container(border=True, key="verdict"):
        _show_outcome(shown)
        if shown.result is not None:
            st.text(shown.result.summary)
            st.html(_definition_list(verdict_facts(shown.result)))
        elif shown.status is MmStatus.DEAD:
            _show_dead(api, event, shown)
        else:
            st.text("The verdict appears here by itself. If it does not, start a worker from the project's folder:")
            st.code(_WORKER_COMMAND, language=None, wrap_lines=True)


def _show_outcome(mm: Enrichment) -> None:
    words = outcome(mm)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(words, color=OUTCOME_COLORS[words])
        if mm.result is not None:
            st.markdown(f"Confidence {percent(mm.result.confidence)}", width="content")


def _show_dead(api: BackendApi, event: StoredEvent, mm: Enrichment) -> None:
    st.text(f"No verdict after {counted(mm.attempts, 'attempt')}: {mm.error or 'no reason was given'}")
    if st.button("Ask again", key="retry"):
        try:
            api.retry(event.event_id)
        except BackendError as error:
            st.text(str(error))
        else:
            st.rerun()


def _definition_list(pairs: Mapping[str, str]) -> str:
    rows = "".join(f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>" for label, text in pairs.items())
    return f'<dl class="facts">{rows}</dl>'
