"""The answer of GET /stats, each figure with its formula."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, NonNegativeInt
from pydantic.dataclasses import dataclass

from backend_api.contract.values import Name, Seconds, Timestamp, Value

_Share = Annotated[float, Field(ge=0, le=1)]


class Unit(StrEnum):
    """The length of a bucket."""

    HOUR = "hour"
    DAY = "day"


class Figures(Value):
    """The figures of a stretch of time."""

    occupied_s: Seconds = Field(
        description="Time in use, summed over machines. A use without an end counts up to the last observed instant."
    )
    observed_s: Seconds = Field(
        description=(
            "Time in which the machines were watched, summed over machines: while their camera's edge reported, "
            "silences of more than 60 s left out; of a camera that did not report at all in the span, from its first "
            "event in it to its last. Time in use counts as observed in any case, the future never."
        )
    )
    utilisation: _Share | None = Field(description="occupied_s / observed_s; null when nothing was observed.")
    sessions: NonNegativeInt = Field(description="Sessions that began.")
    median_stay_s: float | None = Field(
        description="Of the sessions that began and were left, the median of the seconds in use; null when none was."
    )
    windows_closed: NonNegativeInt = Field(
        description="Cleaning windows that closed: their time was over, or the machine was in use again before."
    )
    windows_cleaned: NonNegativeInt = Field(description="Of those, windows with an attempt whose verdict is `cleaned`.")
    windows_not_attempted: NonNegativeInt = Field(description="Of those, windows without an attempt.")
    windows_not_cleaned: NonNegativeInt = Field(
        description="Of those, windows with an attempt whose verdict is `not_cleaned`."
    )
    windows_cannot_tell: NonNegativeInt = Field(
        description="Of those, windows with an attempt whose verdict is `cannot_tell`; they count as not cleaned."
    )
    windows_unjudged: NonNegativeInt = Field(
        description="Of those, windows with an attempt that has no verdict (yet); they count as not cleaned."
    )
    compliance: _Share | None = Field(description="windows_cleaned / windows_closed; null when none closed.")
    median_to_clean_s: float | None = Field(
        description="Of the windows_cleaned, the median of the seconds from a window's opening to its attempt."
    )


class MachineFigures(Figures):
    """One machine's figures of the whole span."""

    store_id: Name
    camera_id: Name
    machine_id: Name


class BucketFigures(Figures):
    """All machines' figures of one hour or day; windows and sessions count where they close and begin."""

    begin: Timestamp
    end: Timestamp


class PeakHour(Value):
    """The hour of the day, 0 to 23 in the time zone, in which machines were in use for longest over all days."""

    hour: Annotated[int, Field(ge=0, le=23)]
    occupied_s: Seconds


class Stats(Value):
    """Utilisation and cleaning from `since` to before `until`."""

    since: Timestamp
    until: Timestamp
    tz: str
    by: Unit
    total: Figures
    peak_hour: PeakHour | None = Field(description="Null when nothing was in use; of equal hours the first.")
    machines: list[MachineFigures]
    buckets: list[BucketFigures] = Field(
        description=(
            "The span cut where hours or days of the time zone begin; the first and the last may be cut short, and a "
            "day on which clocks are set has 23 or 25 hours."
        )
    )


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value between the ends of its 95 % interval."""

    value: float
    low: float
    high: float


class ModelAgreement(Value):
    """People's agreement with one model, asked with one prompt; null without reviews enough.

    What counts is its newest verdict on each event that somebody reviewed, whichever model's verdict that was.
    """

    model: str
    prompt_version: str
    agreed: NonNegativeInt = Field(description="Verdicts that say what people say.")
    disagreed: NonNegativeInt = Field(description="Verdicts that say the opposite.")
    unsure: NonNegativeInt = Field(description="Verdicts on events of which people cannot say what was to be seen.")
    cannot_tell: NonNegativeInt = Field(description="Verdicts that could not tell.")
    agreement: Estimate | None = Field(description="agreed / (agreed + disagreed); null without any of these.")
    sensitivity: Estimate | None
    specificity: Estimate | None
    kappa: Estimate | None


class AgreementList(Value):
    """One row a model and prompt version that judged an event which somebody reviewed."""

    items: list[ModelAgreement]
