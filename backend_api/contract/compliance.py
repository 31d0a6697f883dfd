"""The answer of GET /stats/compliance, and the verdicts that are suggested for review."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, NonNegativeInt, PositiveInt

from backend_api.contract.events import EventType
from backend_api.contract.stats import Estimate, Hours, Share
from backend_api.contract.values import NO_NUL, Name, Timestamp, Value
from backend_api.contract.verdicts import Verdict

MAX_SUGGESTED = 100
# As many as it takes, as a rule, to give a figure at all.
DEFAULT_SUGGESTED = 30


class TooFewReviews(Value):
    """No figure can be given yet: the reviews say too little of the model's mistakes."""

    missing_reviews: PositiveInt = Field(description="It takes at least so many more, spread as suggested.")


Corrected = Estimate | TooFewReviews
"""A figure with its 95 % interval, or that there are too few reviews to give one."""


class VerdictReviews(Value):
    """Reviews of one verdict of a model, wherever and whenever it was given."""

    given: NonNegativeInt = Field(description="How often the model gave it.")
    drawn: NonNegativeInt = Field(description="How many of these were suggested for review.")
    reviewed: NonNegativeInt = Field(
        description=(
            "How many reviews count: of suggested verdicts, and of days whose verdicts were all reviewed, those "
            "that say what was true."
        )
    )
    cleaned: NonNegativeInt = Field(description="Of those reviewed, how many were really cleaned.")
    needed: NonNegativeInt = Field(description="So many reviews of suggested verdicts it takes to give a figure.")


class NextReviews(Value):
    """The next reviews, and how far they would narrow the interval."""

    cleaned: NonNegativeInt = Field(description="Verdicts `cleaned` that are suggested and not reviewed yet.")
    not_cleaned: NonNegativeInt = Field(description="Verdicts `not_cleaned` that are.")
    are_drawn: bool = Field(
        description="Whether they are drawn already; otherwise POST /reviews/draws draws them: so many are `more`."
    )
    corrected: Corrected = Field(description="The corrected compliance with these, if they go on as those before.")


class ModelCompliance(Value):
    """One model, asked with one prompt, whose verdicts count in the figures."""

    model: str
    prompt_version: str
    windows: NonNegativeInt = Field(
        description="Windows of the span whose attempt, or whose end of use, it called cleaned or not cleaned."
    )
    asks_about: EventType | None = Field(
        description="Of which type of events: CLEANING_ATTEMPT or MACHINE_OCCUPIED_END; null when of both."
    )
    cleaned: VerdictReviews
    not_cleaned: VerdictReviews
    complete_days: NonNegativeInt = Field(
        description="Days that are over, with 10 verdicts or more, of which each has a review that says what was true."
    )
    reviews_not_counted: NonNegativeInt = Field(
        description="Reviews of verdicts that somebody picked: a choice of people is no random sample."
    )
    sensitivity: Corrected = Field(description="Of what was really cleaned, the share that it calls cleaned.")
    specificity: Corrected = Field(description="Of what was not, the share that it calls not cleaned.")
    next_reviews: NextReviews | None = Field(description="Null when everything is reviewed.")


class StoreCompliance(Value):
    """One store's compliance, corrected by all reviews of the models that judged it, wherever these were."""

    store_id: Name
    windows: NonNegativeInt
    apparent: Share | None = Field(description="Windows called cleaned / windows; null when there are none.")
    corrected: Corrected | None = Field(
        description=(
            "As the whole is corrected: as if a model errs equally often in every store; null when there are no "
            "windows."
        )
    )


class Compliance(Value):
    """Compliance as the model sees it, and corrected by what reviews say of the model."""

    since: Timestamp
    until: Timestamp
    hours: Hours
    windows: NonNegativeInt = Field(
        description=(
            "Windows that closed and are known as cleaned or not: by the verdicts on the attempt and on the end of the "
            "use, or as nobody was asked."
        )
    )
    not_attempted: NonNegativeInt = Field(
        description="Of those, windows without an attempt that no verdict on the end of the use calls cleaned."
    )
    not_asked: NonNegativeInt = Field(
        description="Of those, the ones about whose end of use nobody was asked: they count as not cleaned."
    )
    undecided: NonNegativeInt = Field(
        description="Further windows, of which a verdict is missing (yet) or `cannot_tell`: they are left out here."
    )
    apparent: Share | None = Field(description="Windows called cleaned / windows; null when there are none.")
    corrected: Corrected | None = Field(
        description=(
            "The share of windows that were really cleaned: of each model's windows (apparent + specificity - 1) / "
            "(sensitivity + specificity - 1), by Rogan and Gladen (1978), with a 95 % interval that holds the sampling "
            "of windows and of reviews; null when there are no windows. Verdicts on attempts and on ends of uses are "
            "corrected apart, each prompt by its own reviews; a window with both is cleaned unless neither was: "
            "1 - (1 - share of the one) (1 - share of the other)."
        )
    )
    stores: list[StoreCompliance] = Field(
        description="Each store by itself, by its id; empty when it is asked for one store or there is one alone."
    )
    models: list[ModelCompliance]


class DrawRequest(Value):
    """How many verdicts to suggest; of which model, by default the one that gave the newest verdict."""

    count: Annotated[int, Field(ge=1, le=MAX_SUGGESTED)] = DEFAULT_SUGGESTED
    model: str | None = Field(default=None, max_length=200, pattern=NO_NUL)
    prompt_version: str | None = Field(default=None, max_length=200, pattern=NO_NUL)


class SuggestedReview(Value):
    """A verdict that was drawn and not reviewed yet."""

    event_id: UUID
    session_id: UUID
    verdict: Verdict = Field(description="The model's answer when it was drawn.")


class SuggestedReviews(Value):
    """The verdicts to review, in the order in which they are proposed."""

    model: str | None = Field(description="Null as long as there is no verdict.")
    prompt_version: str | None
    drawn: NonNegativeInt = Field(description="How many of its verdicts were ever suggested.")
    reviewed: NonNegativeInt = Field(description="How many of these were reviewed, also by somebody who was unsure.")
    items: list[SuggestedReview]
