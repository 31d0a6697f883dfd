"""The words about corrected compliance: which model was asked what, and how many reviews count or are missing."""

import pytest

from backend_api.contract.compliance import ModelCompliance, NextReviews, TooFewReviews, VerdictReviews
from backend_api.contract.events import EventType
from backend_api.contract.stats import Estimate
from ui.cleaning.corrected import model_lines, next_line

TOO_FEW = TooFewReviews(missing_reviews=3)


def reviews(reviewed: int = 0, cleaned: int = 0) -> VerdictReviews:
    return VerdictReviews(given=10, drawn=5, reviewed=reviewed, cleaned=cleaned, needed=5)


def model(asks_about: EventType | None, *, reviewed: int = 0, not_counted: int = 0) -> ModelCompliance:
    return ModelCompliance(
        model="mock",
        prompt_version="mock-1",
        windows=10,
        asks_about=asks_about,
        cleaned=reviews(reviewed, max(0, reviewed - 1)),
        not_cleaned=reviews(reviewed),
        complete_days=0,
        reviews_not_counted=not_counted,
        sensitivity=TOO_FEW,
        specificity=TOO_FEW,
        next_reviews=None,
    )


@pytest.mark.parametrize(
    ("asks_about", "subject"),
    [
        (EventType.CLEANING_ATTEMPT, "mock, prompt mock-1 (attempts in the window)"),
        (EventType.MACHINE_OCCUPIED_END, "mock, prompt mock-1 (before leaving)"),
        (None, "mock, prompt mock-1"),
    ],
)
def test_a_model_is_named_with_what_it_was_asked(asks_about: EventType | None, subject: str) -> None:
    assert model_lines(model(asks_about)) == [f"{subject}: no review counts yet."]


def test_reviews_that_count_and_those_that_do_not_are_told() -> None:
    counting, not_counting = model_lines(model(None, reviewed=4, not_counted=1))
    assert counting == (
        "mock, prompt mock-1: reviews that count: 8. Wrong were 1 of 4 verdicts “cleaned”, and 0 of 4 “not cleaned”."
    )
    assert not_counting.startswith("Not counted: 1 review of sessions that somebody picked.")


def test_the_next_reviews_say_how_far_they_would_lead() -> None:
    coming = NextReviews(cleaned=2, not_cleaned=1, are_drawn=False, corrected=TOO_FEW)
    would = "With 3 more reviews (2 “cleaned”, 1 “not cleaned”)"
    assert next_line(coming, None) == f"{would} there would still be too few; at least 3 more are needed."
    given = coming.model_copy(update={"corrected": Estimate(value=0.6, low=0.5, high=0.7)})
    assert next_line(given, TOO_FEW) == f"{would} the figure could be given, with an interval of about 20 points."
    now = Estimate(value=0.6, low=0.4, high=0.8)
    assert next_line(given, now) == f"{would} the interval would narrow from 40 to about 20 points."
