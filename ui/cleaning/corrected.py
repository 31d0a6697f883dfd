"""Compliance corrected by reviews: a card, and the reviews that it takes; all words are pure."""

from functools import partial

import streamlit as st

from backend_api.contract.compliance import (
    DEFAULT_SUGGESTED,
    Compliance,
    Corrected,
    ModelCompliance,
    NextReviews,
    SuggestedReviews,
    TooFewReviews,
)
from backend_api.contract.events import EventType
from backend_api.contract.people import Permission
from ui.client import cache
from ui.client.api import BackendApi, BackendError
from ui.client.sign_in import may
from ui.text.words import counted, percent, plain
from ui.widgets.figure_cards import NO_FIGURE, Card

REVIEW = "views/review.py"
# The choice of the filter Review on the page of that name, as the address holds it.
SUGGESTED = "Suggested"
MEANING = (
    "The share of windows that were really cleaned: compliance corrected for the model's mistakes, (compliance + "
    "specificity - 1) ÷ (sensitivity + specificity - 1), by Rogan and Gladen (1978), with sensitivity and specificity "
    "from people's reviews. Only reviews of suggested verdicts, and of days that were reviewed completely, count. The "
    "95 % interval holds the sampling of windows and of reviews. Verdicts on attempts and on ends of uses are "
    "corrected apart, each by its own reviews; a window was cleaned when either was. Windows about which nobody was "
    "asked count as not cleaned; those of which a verdict is missing, or “cannot tell”, are left out."
)
_ABOUT = {
    EventType.CLEANING_ATTEMPT: " (attempts in the window)",
    EventType.MACHINE_OCCUPIED_END: " (before leaving)",
}
_NOTICE_KEY = "suggest_notice"


def corrected_card(found: Compliance) -> Card:
    """The corrected figure with its interval and the number of its reviews."""
    reviews = sum(model.cleaned.reviewed + model.not_cleaned.reviewed for model in found.models)
    if found.corrected is None:
        value, note = NO_FIGURE, "no windows to correct"
    elif isinstance(found.corrected, TooFewReviews):
        value, note = "Too few reviews", f"to say; {_missing(found.corrected)}"
    else:
        value, note = percent(found.corrected.value), f"{interval(found.corrected)}, from {counted(reviews, 'review')}"
    return Card("Compliance, corrected", value, note, MEANING)


def interval(figure: Corrected) -> str:
    """The interval in words, e.g. `95 % interval 54 to 69 %`; or that there are too few reviews."""
    if isinstance(figure, TooFewReviews):
        return "still too few reviews to say"
    return f"95 % interval {100 * figure.low:.0f} to {percent(figure.high)}"


def model_lines(model: ModelCompliance) -> list[str]:
    """The knowledge of a model, and the weight of its reviews."""
    positive, negative = model.cleaned, model.not_cleaned
    wrong = positive.reviewed - positive.cleaned
    reviewed = positive.reviewed + negative.reviewed
    about = "" if model.asks_about is None else _ABOUT[model.asks_about]
    asked = f"{model.model}, prompt {model.prompt_version}{about}"
    lines = [f"{asked}: no review counts yet."]
    if reviewed:
        of_cleaned = f"{wrong} of {counted(positive.reviewed, 'verdict')} “cleaned”"
        of_others = f"{negative.cleaned} of {negative.reviewed} “not cleaned”"
        lines = [f"{asked}: reviews that count: {reviewed}. Wrong were {of_cleaned}, and {of_others}."]
    if not isinstance(model.sensitivity, TooFewReviews) and not isinstance(model.specificity, TooFewReviews):
        lines.append(
            f"The model recognises {percent(model.sensitivity.value)} of what was cleaned "
            f"({interval(model.sensitivity)}) and {percent(model.specificity.value)} of what was not "
            f"({interval(model.specificity)})."
        )
    if model.reviews_not_counted:
        lines.append(
            f"Not counted: {counted(model.reviews_not_counted, 'review')} of sessions that somebody picked. A choice "
            "is no random sample."
        )
    return lines


def next_line(coming: NextReviews, now: Corrected | None) -> str:
    """How far the next reviews would narrow the interval."""
    number = coming.cleaned + coming.not_cleaned
    reviews = f"the {counted(number, 'suggested review')}" if coming.are_drawn else f"{counted(number, 'more review')}"
    would = f"With {reviews} ({coming.cleaned} “cleaned”, {coming.not_cleaned} “not cleaned”)"
    if isinstance(coming.corrected, TooFewReviews):
        return f"{would} there would still be too few; {_missing(coming.corrected)}."
    width = _points(coming.corrected.high - coming.corrected.low)
    if now is None or isinstance(now, TooFewReviews):
        return f"{would} the figure could be given, with an interval of about {width} points."
    return f"{would} the interval would narrow from {_points(now.high - now.low)} to about {width} points."


def show_corrected(api: BackendApi, found: Compliance) -> None:
    """Draw what is known of each model, the reviews that are suggested, and the way to them."""
    for model in found.models:
        for line in model_lines(model):
            st.text(line)
        if model.next_reviews is not None:
            st.text(next_line(model.next_reviews, found.corrected))
    # Suggested are verdicts of all gyms.
    if may(Permission.LOOK, everywhere=True):
        _show_suggested(api, cache.suggested())


def _show_suggested(api: BackendApi, suggested: SuggestedReviews) -> None:
    if notice := st.session_state.pop(_NOTICE_KEY, None):
        st.caption(plain(notice))
    with st.container(horizontal=True, vertical_alignment="center", key="suggested"):
        if suggested.items:
            label = f"Review {counted(len(suggested.items), 'suggested session')}"
            st.page_link(REVIEW, label=label, query_params={"reviewed": SUGGESTED}, icon=":material/arrow_forward:")
        elif suggested.model is not None and may(Permission.REVIEW, everywhere=True):
            label = f"Suggest {DEFAULT_SUGGESTED} sessions to review"
            st.button(label, key="suggest", on_click=partial(_suggest, api))
        if suggested.drawn:
            st.caption(
                f"{suggested.reviewed} of {counted(suggested.drawn, 'suggested session')} reviewed.", width="content"
            )


def _suggest(api: BackendApi) -> None:
    try:
        api.suggest(DEFAULT_SUGGESTED)
    except BackendError as error:
        st.session_state[_NOTICE_KEY] = str(error)
    cache.forget_answers()


def _missing(too_few: TooFewReviews) -> str:
    return f"at least {too_few.missing_reviews} more {'is' if too_few.missing_reviews == 1 else 'are'} needed"


def _points(width: float) -> int:
    return max(1, round(100 * width))
