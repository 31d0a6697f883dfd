"""The reviews given in this browser session, so that the last one can be taken back."""

from dataclasses import dataclass
from uuid import UUID

import streamlit as st

from backend_api.contract.verdicts import Review, StoredReview
from ui.client.api import BackendApi

_KEY = "reviews_given"


class TooLate(Exception):
    """Somebody has said something else since; the text says who."""


@dataclass(frozen=True, slots=True)
class Given:
    """A review that was given here, the session that it is of, and the opinion that it took the place of."""

    session_id: UUID
    review: StoredReview
    before: StoredReview | None


def given() -> list[Given]:
    """The reviews given here that have not been taken back, the oldest first."""
    reviews: list[Given] = st.session_state.setdefault(_KEY, [])
    return reviews


def take_back(api: BackendApi, last: Given) -> None:
    """Let what was thought before be what is thought of the verdict again.

    Raises TooLate when `last` is no longer the latest review, for what came after it is not the operator's to take.
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
