"""One session in full: the clip of one of its steps, the verdict on it, and a person's answer to that."""

from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st

from backend_api.contract.cameras import CameraState
from backend_api.contract.events import EventType, Gap, StoredEvent
from backend_api.contract.sessions import Session, SessionOutcome
from backend_api.contract.verdicts import MmResult
from ui.client import cache
from ui.client.api import BackendApi
from ui.client.context import browser_url
from ui.client.selection import select
from ui.review.opened import Opened, steps
from ui.review.review_bar import show_questions
from ui.review.rows import times
from ui.review.verdict import show_corrections, show_frames, show_reviews, show_verdict
from ui.text.local_time import Zone
from ui.text.words import (
    EVENT_WORDS,
    SESSION_COLOURS,
    TRUTH_WORDS,
    VERDICT_WORDS,
    duration,
    facts,
    mask_words,
    outcome_words,
    percent,
    plain,
    verdict_facts,
)
from ui.widgets.mocked import mocked_badges

_GOING_ON = {SessionOutcome.IN_USE, SessionOutcome.WINDOW_OPEN}


def show_detail(api: BackendApi, opened: Opened, zone: Zone) -> None:
    """Draw a session, fetched just now."""
    session, judged = opened.session, opened.judged
    result = None if judged is None or judged.mm is None else judged.mm.result
    _show_heading(session, result, zone)
    _show_clip(opened.shown)
    _show_steps(opened, zone)
    with st.container(border=True, key="verdict"):
        if judged is None or judged.mm is None:
            st.text(_why_no_verdict(session))
        else:
            st.caption(_question(judged, result))
            show_verdict(api, judged, judged.mm)
        if result is not None:
            show_reviews(opened.reviews, result, zone)
        show_corrections(opened.corrections, zone)
        show_questions(api, opened, has_verdict=result is not None)
    if judged is not None and result is not None:
        show_frames(judged, result)
        with st.expander("Details of the verdict"):
            st.html(_definition_list(verdict_facts(result)))
    _show_more(opened.shown, zone)


def show_missing(reason: str) -> None:
    """Say that the address names no session, and how to leave it."""
    with st.container(border=True):
        st.header("There is no such session", anchor=False)
        st.text(reason)
        st.button("Back to the list", key="leave", on_click=select, args=(None,))


def _show_heading(session: Session, result: MmResult | None, zone: Zone) -> None:
    with st.container(gap=None):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.header(plain(session.machine_name), anchor=False, width="content")
            st.badge(outcome_words(session), color=SESSION_COLOURS[session.outcome])
            if session.correction is not None:
                st.badge(TRUTH_WORDS[session.correction], color="blue")
            if result is not None:
                st.markdown(f"Confidence {percent(result.confidence)}", width="content")
            for badge in mocked_badges(session, _cameras_of(session), None if result is None else result.model):
                st.badge(badge, color="orange")
        day = "" if session.started_at is None else f"{zone.day(session.started_at)}, "
        st.caption(plain(f"{day}{times(session, zone)} ({zone.name})"))


def _cameras_of(session: Session) -> list[CameraState]:
    here = (session.store_id, session.camera_id)
    return [state for state in cache.cameras().items if (state.store_id, state.camera_id) == here]


def _show_clip(event: StoredEvent) -> None:
    what = f"{EVENT_WORDS[event.event_type].lower()} at {event.machine_id}"
    if event.media_url is not None:
        st.video(browser_url(event.media_url), loop=True, autoplay=True, muted=True, alt=f"Clip: {what}")
        for text in [*_gaps_in_words(event), *_mask_in_words(event)]:
            st.caption(plain(text))
        return
    with st.container(border=True, key="no_clip"):
        st.text(_why_no_clip(event))


def _show_steps(opened: Opened, zone: Zone) -> None:
    going_on = opened.session.outcome in _GOING_ON
    with st.container(key="steps"):
        for column, step in zip(st.columns(4, wrap=False, gap="xxsmall"), steps(opened.events), strict=True):
            event = step.event
            column.button(
                f"{step.label}  \n{step.when(zone, going_on=going_on)}",
                key=f"step_{step.event_type.lower()}",
                type="primary" if event == opened.shown else "secondary",
                width="stretch",
                wrap=True,
                disabled=event is None,
                on_click=select,
                args=(opened.session.session_id, None if event is None else event.event_id),
            )


def _show_more(event: StoredEvent, zone: Zone) -> None:
    what = EVENT_WORDS[event.event_type].lower()
    with st.expander(f"More about: {what}", expanded=event.media_url is None):
        if event.thumbnail_url is not None:
            alt = f"The frame that decided: {what} at {event.machine_id}"
            st.image(browser_url(event.thumbnail_url), width="stretch", alt=alt)
        st.html(_definition_list(facts(event, zone)))


def _gaps_in_words(event: StoredEvent) -> Sequence[str]:
    clip = event.clip
    if clip is None:
        return []

    def second(gap: Gap) -> str:
        begin_s, end_s = ((at - clip.start_ts).total_seconds() for at in (gap.start_ts, gap.end_ts))
        return f"from {duration(max(0.0, begin_s))} to {duration(max(0.0, end_s))}"

    return [f"The camera sent no picture {second(gap)} of the clip." for gap in clip.gaps]


def _mask_in_words(event: StoredEvent) -> Sequence[str]:
    masked = None if event.clip is None else event.clip.masked
    return [] if masked is None else [mask_words(masked)]


def _why_no_clip(event: StoredEvent) -> str:
    if event.clip is not None:
        return "The clip is not on the backend yet: the edge that recorded it still has it."
    return f"No clip: {event.clip_error}" if event.clip_error else "This event has no clip."


def _question(event: StoredEvent, result: MmResult | None) -> str:
    """What the model was asked about the event, and its answer."""
    is_end = event.event_type is EventType.MACHINE_OCCUPIED_END
    asked = "Was the machine wiped before it was left?" if is_end else "Was the machine wiped in the window?"
    return asked if result is None else f"{asked} {VERDICT_WORDS[result.verdict]}."


def _why_no_verdict(session: Session) -> str:
    match session.outcome:
        case SessionOutcome.IN_USE:
            return "The machine is in use."
        case SessionOutcome.WINDOW_OPEN:
            return "Nobody has begun to clean yet; the window is still open."
        case SessionOutcome.NOT_ATTEMPTED:
            return "The cleaning window closed, and nobody had begun to clean."
        case SessionOutcome.NO_USE:
            return "There was no use, so that nothing had to be cleaned."
    return "Use ended without a cleaning window: the video ended, or the camera's program restarted."


def _definition_list(pairs: Mapping[str, str]) -> str:
    rows = "".join(f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>" for label, text in pairs.items())
    return f'<dl class="facts">{rows}</dl>'
