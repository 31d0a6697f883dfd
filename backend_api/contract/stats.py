"""The answer of GET /stats, each figure with its formula."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field, NonNegativeInt
from pydantic.dataclasses import dataclass

from backend_api.contract.sources import EventSource
from backend_api.contract.values import Kind, Name, Seconds, Timestamp, Value

Share = Annotated[float, Field(ge=0, le=1)]
_COMPLIANCE = (
    "windows_cleaned / windows_closed; null when none closed, and where attempts are not judged and no other was made."
)


class Unit(StrEnum):
    """The length of a bucket."""

    HOUR = "hour"
    DAY = "day"


class Hours(StrEnum):
    """Which hours of the day count."""

    OPEN = "open"
    ALL = "all"


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
    utilisation: Share | None = Field(description="occupied_s / observed_s; null when nothing was observed.")
    sessions: NonNegativeInt = Field(
        description=(
            "Sessions that began, as people corrected them: uses that were none do not count, and those of two people "
            "count twice."
        )
    )
    sessions_reported: NonNegativeInt = Field(description="Uses that began as the cameras' edges reported them.")
    sessions_corrected: NonNegativeInt = Field(description="Of those reported, uses that people corrected.")
    median_stay_s: float | None = Field(
        description=(
            "Of the sessions that began and were left, without those of two people, the median of the seconds in use; "
            "null when none was."
        )
    )
    windows_closed: NonNegativeInt = Field(
        description="Cleaning windows that closed: their time was over, or the machine was in use again before."
    )
    windows_after_hours: NonNegativeInt = Field(
        description=(
            "Further windows, which closed when the store was closed: nobody had to clean by then. 0 when all hours "
            "count."
        )
    )
    windows_not_judged: NonNegativeInt = Field(
        default=0,
        description=(
            "Further windows, with an attempt of which there is no picture by its camera's privacy setting: nobody can "
            "judge it."
        ),
    )
    windows_cleaned: NonNegativeInt = Field(
        description=(
            "Of those, windows of uses with a verdict `cleaned`: on the attempt in the window, or on the end of the "
            "use, before leaving."
        )
    )
    windows_cleaned_before_leaving: NonNegativeInt = Field(
        description="Of windows_cleaned, those of which only the verdict on the end of the use is `cleaned`."
    )
    windows_not_attempted: NonNegativeInt = Field(
        description="Of those, windows without an attempt, unless a verdict on the end of the use says otherwise."
    )
    windows_not_cleaned: NonNegativeInt = Field(
        description="Of those, windows with an attempt whose verdict is `not_cleaned`, as is one on the end of the use."
    )
    windows_cannot_tell: NonNegativeInt = Field(
        description=(
            "Of those, windows with a verdict `cannot_tell` and none that is `cleaned`; they count as not cleaned."
        )
    )
    windows_unjudged: NonNegativeInt = Field(
        description=(
            "Of those, windows of which a verdict is missing (yet) that would decide; they count as not cleaned."
        )
    )
    compliance: Share | None = Field(description=_COMPLIANCE)
    median_to_clean_s: float | None = Field(
        description=(
            "Of the windows_cleaned by an attempt, the median of the seconds from a window's opening to its attempt."
        )
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


class OfStore(Value):
    """Whose figures they are; a base that stands last gives the first field."""

    store_id: Name


class OfDay(Value):
    """Of which day they are."""

    day: date


class SummedFigures(Value):
    """Figures that add up over machines, stores and days."""

    machines: NonNegativeInt
    occupied_s: Seconds
    observed_s: Seconds
    unobserved_s: Seconds = Field(
        description="Time that counts, up to now, times machines - observed_s: of it nothing is known."
    )
    utilisation: Share | None = Field(description="occupied_s / observed_s; null when nothing was observed.")
    sessions: NonNegativeInt
    windows_closed: NonNegativeInt
    windows_cleaned: NonNegativeInt
    windows_not_attempted: NonNegativeInt = Field(description="Of windows_closed, as in `total` of GET /stats.")
    windows_after_hours: NonNegativeInt
    windows_not_judged: NonNegativeInt = Field(description="Further windows, as in `total` of GET /stats.")
    compliance: Share | None = Field(description=_COMPLIANCE)


class StoreFigures(SummedFigures, OfStore):
    """One store's figures of the whole span, summed over its machines."""


class DayFigures(SummedFigures, OfDay):
    """All stores' figures of one day."""


class CameraFigures(Value):
    """How many of the uses that one camera's edge reported people corrected: many tell that a zone is wrong."""

    store_id: Name
    camera_id: Name
    sessions_reported: NonNegativeInt
    sessions_corrected: NonNegativeInt
    corrected_share: Share | None = Field(
        description="sessions_corrected / sessions_reported; null when none was reported."
    )


class SourceFigures(Value):
    """By what the uses of one camera were found that count in the span; one row a source."""

    store_id: Name
    camera_id: Name
    source: EventSource | None = Field(description="Null for uses that do not say, as those of an earlier release.")
    sessions_reported: NonNegativeInt


class KindFigures(Value):
    """How often a machine of one kind was free, in one store."""

    store_id: Name
    kind: Kind
    machines: NonNegativeInt = Field(description="How many there are by their cameras' setups.")
    some_free: Share | None = Field(
        description=(
            "Time in which at least one was watched and free / that, and time in which all were watched and in use; "
            "null when nothing is known."
        )
    )
    none_free_s: Seconds = Field(description="Time in which all of them were watched and in use.")
    peak_hour: Annotated[int, Field(ge=0, le=23)] | None = Field(
        description="The hour of the day in which they were in use for longest, over all days; null without any use."
    )
    free_at_peak: Share | None = Field(
        description=(
            "In that hour of the day, over all days: 1 - time in use / time watched, summed over machines. 0.4 to "
            "0.6 is what gyms plan for; null without any use."
        )
    )


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
    hours: Hours = Field(
        description=(
            "`open`: of a store with opening hours these alone count, of any other all hours. Sessions count where "
            "they began, windows where they closed."
        )
    )
    total: Figures
    peak_hour: PeakHour | None = Field(description="Null when nothing was in use; of equal hours the first.")
    machines: list[MachineFigures]
    stores: list[StoreFigures] = Field(description="Of every store with a machine, by its id.")
    cameras: list[CameraFigures] = Field(description="Of every camera with a machine, by store and name.")
    sources: list[SourceFigures] = Field(
        description=(
            "By store and camera. Figures over more than one detector or, of one camera, configuration may differ for "
            "that alone."
        )
    )
    kinds: list[KindFigures] = Field(description="Of the machines whose camera's setup says of which kind they are.")
    buckets: list[BucketFigures] = Field(
        description=(
            "The span cut where hours or days of the time zone begin; the first and the last may be cut short, and a "
            "day on which clocks are set has 23 or 25 hours."
        )
    )


class DayStats(Value):
    """Utilisation and cleaning of whole days, each store's by the clock on its own wall, within opening hours.

    Each day is taken by itself, as GET /stats gives it of one store from its midnight to the next, and added up.
    """

    first_day: date
    last_day: date = Field(description="The last of the days: it is over, for an hour at least, in every store.")
    total: SummedFigures
    stores: list[StoreFigures] = Field(description="Of every store with a machine, by its id.")
    days: list[DayFigures]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value between the ends of its 95 % interval."""

    value: float
    low: float
    high: float


class ModelAgreement(Value):
    """People's agreement with one model, asked with one prompt; null without reviews enough.

    Its newest verdict counts, on each event that somebody reviewed, whichever model's verdict that was.
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
