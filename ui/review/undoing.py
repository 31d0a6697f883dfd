"""What was said in this browser session, of verdicts and of uses, and how the last of it is taken back."""

from dataclasses import dataclass
from uuid import UUID

import streamlit as st

from backend_api.contract.corrections import StoredCorrection, UseCorrection, UseTruth
from backend_api.contract.verdicts import Review, StoredReview
from ui.client.api import BackendApi

_SAID_KEY = "said_here"


class TooLate(Exception):
    """Somebody else has said something since; the text names who."""


@dataclass(frozen=True, slots=True)
class Given:
    """A review that was given here, its session, and the review that it replaced."""

    session_id: UUID
    review: StoredReview
    before: StoredReview | None


@dataclass(frozen=True, slots=True)
class Corrected:
    """A correction of a use that was made here, and the one that it replaced."""

    correction: StoredCorrection
    before: StoredCorrection | None

    @property
    def session_id(self) -> UUID:
        """Its session."""
        return self.correction.session_id


Said = Given | Corrected


def said_here() -> list[Said]:
    """What was said here and has not been taken back, the oldest first."""
    said: list[Said] = st.session_state.setdefault(_SAID_KEY, [])
    return said


def take_back(api: BackendApi, last: Said) -> None:
    """Restore what stood before `last`.

    Raises TooLate when `last` is no longer the latest: a later one is not this operator's to take back.
    """
    if isinstance(last, Given):
        _take_back_review(api, last)
    else:
        _take_back_correction(api, last)


def _take_back_review(api: BackendApi, last: Given) -> None:
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


def _take_back_correction(api: BackendApi, last: Corrected) -> None:
    latest = api.corrections(last.session_id).items[-1]
    if latest != last.correction:
        raise TooLate(f"Nothing was taken back: {latest.who} has corrected the same use since.")
    before = last.before
    if before is not None:
        restored = UseCorrection(truth=before.truth, note=before.note, who=before.who)
    else:
        restored = UseCorrection(truth=UseTruth.WITHDRAWN, who=latest.who)
    api.correct(last.session_id, restored)
