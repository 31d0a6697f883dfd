"""The model's verdict on an event, the frames that it was shown, and people's reviews and corrections."""

import re
from collections.abc import Callable, Sequence
from html import escape

import streamlit as st

from backend_api.contract.corrections import StoredCorrection, UseTruth
from backend_api.contract.events import StoredEvent
from backend_api.contract.people import Permission
from backend_api.contract.verdicts import Enrichment, MmResult, MmStatus, StoredReview
from ui.client import cache
from ui.client.api import BackendApi, BackendError
from ui.client.context import browser_url
from ui.client.sign_in import may
from ui.text.commands import WORKER_COMMAND
from ui.text.local_time import Zone
from ui.text.words import REVIEW_WORDS, TRUTH_WORDS, counted, duration

# The address of a frame ends with its number, before what signs it.
_FRAME_NUMBER = re.compile(r"/frames/([0-9]{1,2})(?:\?|$)")


def show_verdict(api: BackendApi, event: StoredEvent, mm: Enrichment) -> None:
    """Draw the verdict, or the state of the question."""
    if mm.result is not None:
        st.text(mm.result.summary)
    elif mm.status is MmStatus.DEAD:
        _show_dead(api, event, mm)
    elif mm.status is MmStatus.NOT_ASKED:
        st.text("No verdict: the camera's privacy setting keeps no pictures, so that nobody can judge.")
    elif mm.status is MmStatus.PROCESSING:
        st.text("The model judges the clip now. The verdict appears here by itself.")
    elif mm.error:
        st.text(f"The question waits for its next attempt: {mm.error}")
    else:
        st.text("The model has not been asked yet. The verdict appears here by itself.")
        st.text("If it does not, start a worker from the project's folder:")
        st.code(WORKER_COMMAND, language=None, wrap_lines=True)


def show_reviews(reviews: Sequence[StoredReview], result: MmResult, zone: Zone) -> None:
    """Draw the reviews of the verdict, the latest first, without those that were taken back."""
    standing = _standing(reviews)
    if standing:
        lines = "".join(f"<li>{escape(review_line(review, result, zone))}</li>" for review in reversed(standing))
        st.html(f'<ul class="reviews">{lines}</ul>')


def review_line(review: StoredReview, result: MmResult, zone: Zone) -> str:
    """The opinion, the reviewer, the time, and the note."""
    earlier = (review.model, review.prompt_version) != (result.model, result.prompt_version)
    opinion = REVIEW_WORDS[review.agree] + (" with an earlier verdict" if earlier else "")
    note = f": {review.note}" if review.note else ""
    return f"{opinion}, {review.who}, {zone.full(review.at)}{note}"


def show_corrections(corrections: Sequence[StoredCorrection], zone: Zone) -> None:
    """Draw what people say of the use, the latest first, without what was taken back."""
    taken_back = [place for place, said in enumerate(corrections) if said.truth is UseTruth.WITHDRAWN]
    standing = corrections[taken_back[-1] + 1 :] if taken_back else corrections
    if standing:
        lines = "".join(f"<li>{escape(correction_line(said, zone))}</li>" for said in reversed(standing))
        st.html(f'<ul class="reviews">{lines}</ul>')


def correction_line(said: StoredCorrection, zone: Zone) -> str:
    """What was really there, who says so, the time, and the note."""
    note = f": {said.note}" if said.note else ""
    return f"{TRUTH_WORDS[said.truth]}, {said.who}, {zone.full(said.at)}{note}"


def show_frames(event: StoredEvent, result: MmResult) -> None:
    """Draw the frames that the model was shown, each with its second and the model's words on it."""
    pictures = frames_html(event.frame_urls, result, browser_url)
    if pictures:
        st.subheader("Frames shown to the model", anchor=False)
        st.html(pictures)


def frames_html(urls: Sequence[str], result: MmResult, absolute: Callable[[str], str]) -> str:
    """The pictures as an HTML list; those that were not kept in words alone. Empty when no frames are known."""
    # Of those that are there: one that is gone leaves a gap, and no other frame stands in its place.
    kept = {int(found[1]): url for url in urls if (found := _FRAME_NUMBER.search(url)) is not None}
    items = []
    for number, time_s in enumerate(result.frame_times_s, start=1):
        seen = " ".join(sighting.what for sighting in result.seen if sighting.frame == number)
        picture = ""
        if number in kept:
            alt = f"Frame {number}, at {duration(time_s)}"
            picture = f'<img src="{escape(absolute(kept[number]))}" alt="{escape(alt)}" loading="lazy">'
        items.append(f"<li>{picture}<strong>{escape(duration(time_s))}</strong> {escape(seen)}</li>")
    return f'<ol class="frames">{"".join(items)}</ol>' if items else ""


def _standing(reviews: Sequence[StoredReview]) -> Sequence[StoredReview]:
    taken_back = [place for place, review in enumerate(reviews) if review.agree == "withdrawn"]
    return reviews[taken_back[-1] + 1 :] if taken_back else reviews


def _show_dead(api: BackendApi, event: StoredEvent, mm: Enrichment) -> None:
    st.text(f"No verdict after {counted(mm.attempts, 'attempt')}: {mm.error or 'no reason was given'}")
    if may(Permission.MANAGE) and st.button("Ask again", key="retry"):
        try:
            api.retry(event.event_id)
        except BackendError as error:
            st.text(str(error))
        else:
            cache.forget_answers()
            st.rerun()
