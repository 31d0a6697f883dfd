"""A store as a person describes it: its name, its time zone, and its opening hours."""

from datetime import date, time
from itertools import pairwise
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from backend_api.contract.values import Name, Timestamp, TimeZoneName, Value

MAX_OPENINGS_A_DAY = 4
MAX_EXCEPTIONS = 400

_OPENS = r"^([01]\d|2[0-3]):[0-5]\d$"
_CLOSES = r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$"
_MINUTES_A_DAY = 24 * 60


class Opening(Value):
    """One stretch of a day in which a store is open, by the clock on its wall."""

    opens: str = Field(pattern=_OPENS, description="HH:MM, from 00:00 to 23:59.")
    closes: str = Field(
        pattern=_CLOSES,
        description="HH:MM, up to 24:00. A time before `opens` is on the day after: 22:00 to 02:00 is over midnight.",
    )

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if self.opens == self.closes:
            raise ValueError(f"opens and closes at {self.opens}; a whole day is 00:00 to 24:00")
        return self

    @property
    def opens_at(self) -> time:
        """When it opens, on the wall clock."""
        return time.fromisoformat(self.opens)

    @property
    def closes_at(self) -> time:
        """When it closes, on the wall clock; midnight for 24:00."""
        return time() if self.closes == "24:00" else time.fromisoformat(self.closes)

    @property
    def closes_days_later(self) -> int:
        """How many days after the one it opens on it closes: 0, or 1 from midnight on."""
        return int(self.closes_at <= self.opens_at)

    @property
    def minutes(self) -> tuple[int, int]:
        """When it opens and closes, in minutes on the wall clock since the day began; the latter may exceed 1,440."""
        opens, closes = (at.hour * 60 + at.minute for at in (self.opens_at, self.closes_at))
        return opens, closes + self.closes_days_later * _MINUTES_A_DAY


def _check_openings(openings: tuple[Opening, ...]) -> tuple[Opening, ...]:
    ordered = sorted(openings, key=lambda opening: opening.minutes)
    for one, following in pairwise(ordered):
        if following.minutes[0] < one.minutes[1]:
            raise ValueError(
                f"{following.opens} to {following.closes} begins before {one.opens} to {one.closes} is over; "
                "write them as one"
            )
    return tuple(ordered)


Openings = Annotated[tuple[Opening, ...], Field(max_length=MAX_OPENINGS_A_DAY), AfterValidator(_check_openings)]
"""The openings that begin on a day, in order and without overlaps; empty when the store stays closed."""


class Week(Value):
    """The openings that begin on each weekday; a day that is left out is one on which the store stays closed."""

    monday: Openings = ()
    tuesday: Openings = ()
    wednesday: Openings = ()
    thursday: Openings = ()
    friday: Openings = ()
    saturday: Openings = ()
    sunday: Openings = ()

    @property
    def days(self) -> tuple[tuple[Opening, ...], ...]:
        """The openings of Monday to Sunday."""
        return (
            self.monday,
            self.tuesday,
            self.wednesday,
            self.thursday,
            self.friday,
            self.saturday,
            self.sunday,
        )


def _refuse_numbers(value: object) -> object:
    if not isinstance(value, (str, date)) or (isinstance(value, str) and "-" not in value):
        raise ValueError("a date is text such as 2026-12-24")
    return value


Date = Annotated[date, BeforeValidator(_refuse_numbers), Field(ge=date(2000, 1, 1), lt=date(2100, 1, 1))]


class SpecialDay(Value):
    """A date on which other openings hold than on its weekday; an opening of the day before goes on as it would."""

    on: Date = Field(description="The date in the store's time zone, e.g. 2026-12-24.")
    openings: Openings = Field(default=(), description="Empty when the store stays closed.")


class StoreSettings(Value):
    """A store as people describe it."""

    name: str = Field(min_length=1, max_length=100, description="The name that people use.")
    tz: TimeZoneName = Field(description="The time zone that it lies in, by its IANA name, e.g. Europe/Berlin.")
    hours: Week | None = Field(
        default=None, description="When it is open; null when nobody has said so: then all hours count."
    )
    special_days: tuple[SpecialDay, ...] = Field(
        default=(), max_length=MAX_EXCEPTIONS, description="Dates with hours of their own. They need `hours`."
    )

    @model_validator(mode="after")
    def _are_of_one_mind(self) -> Self:
        dates = [special.on for special in self.special_days]
        if len(set(dates)) < len(dates):
            twice = next(day for day in dates if dates.count(day) > 1)
            raise ValueError(f"special_days names {twice} more than once")
        if dates and self.hours is None:
            raise ValueError("special_days are exceptions from `hours`; give these, too")
        return self


class StoreState(Value):
    """A store that is known, and what people say of it."""

    store_id: Name
    settings: StoreSettings | None = Field(description="Null until somebody describes it.")
    changed_at: Timestamp | None = Field(description="When somebody did so last.")
    changed_by: str | None = Field(
        default=None, description="The name of the person who did so, signed in at the dashboard; null where nobody is."
    )


class StoreList(Value):
    """Every store that somebody described, or that events or cameras came from, by its id."""

    items: list[StoreState]
