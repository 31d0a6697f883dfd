"""An operator's steps at a session: review its verdict, take that back, go on; each has a key."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import streamlit as st

from backend_api.contract.verdicts import Review, StoredReview
from ui.client import cache
from ui.client.api import BackendApi, BackendError
from ui.client.selection import select
from ui.review.list_view import keep_feed, kept_feed
from ui.review.opened import Opened
from ui.review.session_feed import Position, SessionFeed, next_session, next_to_review, previous_session
from ui.text.words import plain

ANONYMOUS = "operator"
_REVIEWER_KEY = "reviewer"
_NOTICE_KEY = "review_notice"
_ANSWERS: tuple[tuple[Literal["yes", "no", "unsure"], str, str], ...] = (
    ("yes", "Agree", "A"),
    ("no", "Disagree", "D"),
    ("unsure", "Unsure", "U"),
)
_GIVEN_KEY = "reviews_given"


class TooLate(Exception):
    """Another review came after; the text names its reviewer."""


@dataclass(frozen=True, slots=True)
class Given:
    """A review that was given here, its session, and the review that it replaced."""

    session_id: UUID
    review: StoredReview
    before: StoredReview | None


def given() -> list[Given]:
    """The reviews given here that have not been taken back, the oldest first."""
    reviews: list[Given] = st.session_state.setdefault(_GIVEN_KEY, [])
    return reviews


def take_back(api: BackendApi, last: Given) -> None:
    """Restore the review of the verdict from before `last`.

    Raises TooLate when `last` is no longer the latest review: a later one is not this operator's to take back.
    """
    review = last.review
    latest = api.event(review.event_id).review
    if latest != review:
        raise TooLate(
            "Nothing was taken back: the review is no longer there."
            if latest is None
            else f"Nothing was taken back: {latest.who} has reviewed the same verdict since."
        )
    if last.before is None:
        api.review(review.event_id, Review(agree="withdrawn", who=review.who))
    else:
        api.review(review.event_id, Review(agree=last.before.agree, note=last.before.note, who=last.before.who))


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
    if notice := st.session_state.pop(_NOTICE_KEY, None):
        st.caption(plain(notice))


def show_questions(api: BackendApi, opened: Opened) -> None:
    """Ask whether the verdict is right; there must be one."""
    note_key = f"note_{opened.session.session_id}"
    with st.container(key="questions"):
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
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="bottom"):
            st.text_input("Note (optional)", key=note_key, max_chars=2000)
            # Behind a button, so that a reviewer who leaves the note with Tab can go on with a key.
            with st.popover(f"As {plain(_reviewer())}"):
                st.text_input("Reviewing as", ANONYMOUS, key=_REVIEWER_KEY, max_chars=200, persist_state="session")


def _answer(api: BackendApi, opened: Opened, agree: Literal["yes", "no", "unsure"], note_key: str) -> None:
    judged, session_id = opened.judged, opened.session.session_id
    if judged is None:
        return
    note = str(st.session_state.get(note_key, "")).strip()

    def act() -> None:
        review = api.review(judged.event_id, Review(agree=agree, note=note, who=_reviewer()))
        given().append(Given(session_id, review, judged.review))
        _go(lambda feed: next_to_review(api, feed, session_id))

    _try(act)


def _reviewer() -> str:
    return str(st.session_state.get(_REVIEWER_KEY, "")).strip() or ANONYMOUS


def _undo(api: BackendApi) -> None:
    def act() -> None:
        last = given().pop()
        try:
            take_back(api, last)
        except TooLate as error:
            st.session_state[_NOTICE_KEY] = str(error)
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
