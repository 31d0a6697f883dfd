"""An operator's steps at a session: review its verdict, correct the use, take that back, go on; each has a key."""

from collections.abc import Callable
from typing import Literal
from uuid import UUID

import streamlit as st

from backend_api.contract.corrections import UseCorrection, UseTruth
from backend_api.contract.people import Permission
from backend_api.contract.verdicts import Review
from ui.client import cache
from ui.client.api import BackendApi, BackendError
from ui.client.selection import select
from ui.client.sign_in import may, signed_in_name
from ui.review.list_view import keep_feed, kept_feed
from ui.review.opened import Opened
from ui.review.session_feed import Position, SessionFeed, next_session, next_to_review, previous_session
from ui.review.undoing import Corrected, Given, TooLate, said_here, take_back
from ui.text.words import TRUTH_WORDS, plain

ANONYMOUS = "operator"
_REVIEWER_KEY = "reviewer"
_NOTICE_KEY = "review_notice"
_ANSWERS: tuple[tuple[Literal["yes", "no", "unsure"], str, str], ...] = (
    ("yes", "Agree", "A"),
    ("no", "Disagree", "D"),
    ("unsure", "Unsure", "U"),
)
# Of a use: what was really there. Withdrawing is offered where something is to be withdrawn.
_TRUTHS: tuple[tuple[UseTruth, str, str], ...] = (
    (UseTruth.NOBODY, TRUTH_WORDS[UseTruth.NOBODY], "N"),
    (UseTruth.OTHER_MACHINE, TRUTH_WORDS[UseTruth.OTHER_MACHINE], "M"),
    (UseTruth.TWO_PEOPLE, TRUTH_WORDS[UseTruth.TWO_PEOPLE], "T"),
)
_WITHDRAW = (UseTruth.WITHDRAWN, "As the camera saw it", "W")


def is_entered() -> bool:
    """Whether the page is drawn anew after another one was; to be asked before its buttons are drawn."""
    return "next" not in st.session_state  # the state of a button that is not drawn is dropped


def show_moves(api: BackendApi, session_id: UUID | None) -> None:
    """Draw the buttons that lead from one session to another, and the one that takes back what was said last."""
    with st.container(horizontal=True, key="moves", gap="xsmall"):
        st.button("Previous", key="previous", shortcut="K", on_click=_previous, args=(session_id,))
        st.button("Next", key="next", shortcut="J", on_click=_next, args=(api, session_id))
        if may(Permission.REVIEW):
            st.button("Undo", key="undo", shortcut="Z", on_click=_undo, args=(api,), disabled=not said_here())
        if session_id is not None:
            st.button("Close", key="close", type="tertiary", on_click=select, args=(None,))
    if notice := st.session_state.pop(_NOTICE_KEY, None):
        st.caption(plain(notice))


def show_questions(api: BackendApi, opened: Opened, *, has_verdict: bool) -> None:
    """Ask whether the verdict, if there is one, is right, and whether the use was what the camera saw.

    A person who may not review is not asked.
    """
    if not may(Permission.REVIEW):
        return
    note_key = f"note_{opened.session.session_id}"
    with st.container(key="questions", gap="small"):
        if has_verdict:
            _show_answers(api, opened, note_key)
        _show_truths(api, opened, note_key)
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="bottom"):
            st.text_input("Note (optional)", key=note_key, max_chars=2000)
            if (name := signed_in_name()) is not None:
                st.caption(plain(f"As {name}"), width="content")
                return
            # Behind a button, so that a reviewer who leaves the note with Tab can go on with a key.
            with st.popover(f"As {plain(_reviewer())}"):
                st.text_input("Reviewing as", ANONYMOUS, key=_REVIEWER_KEY, max_chars=200, persist_state="session")


def _show_answers(api: BackendApi, opened: Opened, note_key: str) -> None:
    with st.container(horizontal=True, gap="xsmall"):
        for agree, words, shortcut in _ANSWERS:
            kind: Literal["primary", "secondary"] = "primary" if opened.review == agree else "secondary"
            st.button(
                words,
                key=agree,
                type=kind,
                shortcut=shortcut,
                on_click=_answer,
                args=(api, opened, agree, note_key),
            )


def _show_truths(api: BackendApi, opened: Opened, note_key: str) -> None:
    standing = opened.session.correction
    st.caption("Was the use another than the camera saw?")
    with st.container(horizontal=True, gap="xsmall", key="truths"):
        for truth, words, shortcut in (*_TRUTHS, *([_WITHDRAW] if standing is not None else [])):
            st.button(
                words,
                key=f"truth_{truth}",
                type="primary" if standing is truth else "secondary",
                shortcut=shortcut,
                on_click=_correct,
                args=(api, opened, truth, note_key),
            )


def _answer(api: BackendApi, opened: Opened, agree: Literal["yes", "no", "unsure"], note_key: str) -> None:
    judged, session_id = opened.judged, opened.session.session_id
    if judged is None:
        return

    def act() -> None:
        review = api.review(judged.event_id, Review(agree=agree, note=_note(note_key), who=_reviewer()))
        said_here().append(Given(session_id, review, judged.review))
        _go(lambda feed: next_to_review(api, feed, session_id))

    _try(act)


def _correct(api: BackendApi, opened: Opened, truth: UseTruth, note_key: str) -> None:
    session_id = opened.session.session_id

    def act() -> None:
        correction = UseCorrection(truth=truth, note=_note(note_key), who=_reviewer())
        said_here().append(Corrected(api.correct(session_id, correction), opened.correction))
        _go(lambda feed: next_to_review(api, feed, session_id))

    _try(act)


def _note(key: str) -> str:
    return str(st.session_state.get(key, "")).strip()


def _reviewer() -> str:
    return signed_in_name() or str(st.session_state.get(_REVIEWER_KEY, "")).strip() or ANONYMOUS


def _undo(api: BackendApi) -> None:
    def act() -> None:
        last = said_here().pop()
        try:
            take_back(api, last)
        except TooLate as error:
            st.session_state[_NOTICE_KEY] = str(error)
        except BackendError:
            said_here().append(last)
            raise
        if (feed := kept_feed()) is not None:
            keep_feed(feed.turned_to(last.session_id))
        select(last.session_id)

    if said_here():
        _try(act)


def _next(api: BackendApi, current: UUID | None) -> None:
    _try(lambda: _go(lambda feed: next_session(api, feed, current)))


def _previous(current: UUID | None) -> None:
    _go(lambda feed: previous_session(feed, current))


def _go(move: Callable[[SessionFeed], Position]) -> None:
    feed = kept_feed()
    if feed is None:
        return
    feed, session = move(feed)
    keep_feed(feed)
    if session is None:
        st.session_state[_NOTICE_KEY] = "The list ends here."
    else:
        select(session.session_id)


def _try(act: Callable[[], None]) -> None:
    """Act, and forget all answers from before; a refusal of the backend becomes the notice."""
    try:
        act()
    except BackendError as error:
        st.session_state[_NOTICE_KEY] = f"Not done. {error}"
    cache.forget_answers()
