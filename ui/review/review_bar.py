"""What a person does with a session: say what they think of its verdict, take that back, and go on; each has a key."""

from collections.abc import Callable
from typing import Literal
from uuid import UUID

import streamlit as st

from backend_api.contract.verdicts import Review
from ui.client import cache
from ui.client.api import BackendApi, BackendError
from ui.client.selection import select
from ui.review.list_state import keep_feed, kept_feed
from ui.review.moves import Place, next_session, next_to_review, previous_session
from ui.review.opened import Opened
from ui.review.session_feed import Feed
from ui.review.undo import Given, TooLate, given, take_back

ANYBODY = "operator"
_WHO = "reviewer"
_SAID = "review_said"
_ANSWERS: tuple[tuple[Literal["yes", "no", "unsure"], str, str], ...] = (
    ("yes", "Agree", "A"),
    ("no", "Disagree", "D"),
    ("unsure", "Unsure", "U"),
)


def is_entered() -> bool:
    """Whether the page is drawn anew after another one was; to be asked before its buttons are drawn."""
    return "undo" not in st.session_state  # the state of a button that is not drawn is dropped


def show_moves(api: BackendApi, session_id: UUID | None) -> None:
    """Draw the buttons that lead from one session to another, and the one that takes the last review back."""
    with st.container(horizontal=True, key="moves", gap="xsmall"):
        st.button("Previous", key="previous", shortcut="K", on_click=_previous, args=(session_id,))
        st.button("Next", key="next", shortcut="J", on_click=_next, args=(api, session_id))
        st.button("Undo", key="undo", shortcut="Z", on_click=_undo, args=(api,), disabled=not given())
        if session_id is not None:
            st.button("Close", key="close", type="tertiary", on_click=select, args=(None,))
    if said := st.session_state.pop(_SAID, None):
        st.caption(said)


def show_questions(api: BackendApi, opened: Opened) -> None:
    """Ask whether the verdict, which there is, is right."""
    note_key = f"note_{opened.session.session_id}"
    with st.container(key="questions"):
        with st.container(horizontal=True, gap="xsmall"):
            for agree, words, shortcut in _ANSWERS:
                kind: Literal["primary", "secondary"] = "primary" if opened.session.review == agree else "secondary"
                st.button(
                    words,
                    key=agree,
                    type=kind,
                    shortcut=shortcut,
                    on_click=_answer,
                    args=(api, opened, agree, note_key),
                )
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="bottom"):
            st.text_input("Note (optional)", key=note_key, max_chars=2000)
            # Behind a button, so that whoever leaves the note with Tab can go on with a key.
            with st.popover(f"As {_who()}"):
                st.text_input("Reviewing as", ANYBODY, key=_WHO, max_chars=200, persist_state="session")


def _answer(api: BackendApi, opened: Opened, agree: Literal["yes", "no", "unsure"], note_key: str) -> None:
    attempt, session_id = opened.attempt, opened.session.session_id
    if attempt is None:
        return
    note = str(st.session_state.get(note_key, "")).strip()

    def act() -> None:
        review = api.review(attempt.event_id, Review(agree=agree, note=note, who=_who()))
        given().append(Given(session_id, review, attempt.review))
        _go(lambda feed: next_to_review(api, feed, session_id))

    _try(act)


def _who() -> str:
    return str(st.session_state.get(_WHO, "")).strip() or ANYBODY


def _undo(api: BackendApi) -> None:
    def act() -> None:
        last = given().pop()
        try:
            take_back(api, last)
        except TooLate as error:
            st.session_state[_SAID] = str(error)
        except BackendError:
            given().append(last)
            raise
        if (feed := kept_feed()) is not None:
            keep_feed(feed.turned_to(last.session_id))
        select(last.session_id)

    if given():
        _try(act)


def _next(api: BackendApi, current: UUID | None) -> None:
    _try(lambda: _go(lambda feed: next_session(api, feed, current)))


def _previous(current: UUID | None) -> None:
    _go(lambda feed: previous_session(feed, current))


def _go(move: Callable[[Feed], Place]) -> None:
    feed = kept_feed()
    if feed is None:
        return
    feed, session = move(feed)
    keep_feed(feed)
    if session is None:
        st.session_state[_SAID] = "The list ends here."
    else:
        select(session.session_id)


def _try(act: Callable[[], None]) -> None:
    """Do what was asked for, and have what was seen before looked at again; say why when the backend refuses."""
    try:
        act()
    except BackendError as error:
        st.session_state[_SAID] = f"That was not done. {error}"
    cache.look_again()
