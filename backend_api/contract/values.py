"""The parts of all values on the wire: names, instants, shares, and the shape of an error.

Frozen pydantic models and pure functions; there is no FastAPI, no database and no I/O in any file of the contract.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    NonNegativeFloat,
    PlainSerializer,
)

# The integers that every reader of JSON holds exactly (RFC 8259, section 6).
MAX_COUNT = 2**53
# A hundred years.
MAX_SECONDS = 3_155_760_000
MAX_PIXELS = 65_536
MAX_CORNERS = 100
MAX_PAGE_ITEMS = 500
DEFAULT_PAGE_ITEMS = 50


def _refuse_numbers(value: object) -> object:
    """Only RFC 3339 text is a time stamp: a bare number could be seconds or milliseconds."""
    # pydantic would take a text of digits alone for such a number, too.
    if not isinstance(value, (str, datetime)) or (isinstance(value, str) and "-" not in value[1:]):
        raise ValueError("a time stamp is RFC 3339 text with a zone, such as 2026-01-31T09:30:00.000Z")
    return value


def to_milliseconds(value: datetime) -> datetime:
    """The same instant in UTC, cut to whole milliseconds. `value` must be aware. Raises ValueError beyond 9999."""
    try:
        value = value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("in UTC, this time stamp lies outside the years 1 to 9999") from error
    rest_us = value.microsecond % 1000
    return value - timedelta(microseconds=rest_us) if rest_us else value


def format_timestamp(value: datetime) -> str:
    """RFC 3339 in UTC with exactly three decimals and a Z, e.g. `2026-01-31T09:30:00.000Z`. `value` must be aware."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    # A name may be no file, a folder, no path at all, or nonsense.
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(f"there is no time zone {name!r}; give an IANA name such as Europe/Berlin") from error
    return name


Timestamp = Annotated[
    AwareDatetime,
    BeforeValidator(_refuse_numbers),
    AfterValidator(to_milliseconds),
    PlainSerializer(format_timestamp, return_type=str, when_used="json"),
]
# Of texts that the database keeps by themselves: PostgreSQL's hold no NUL. One within JSON is escaped there.
NO_NUL = r"^[^\x00]*$"
# The name of a person, as people write it.
Who = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]
# Names of stores, cameras and machines become parts of file names and addresses, hence the narrow alphabet.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)]
TimeZoneName = Annotated[str, AfterValidator(_check_zone), Field(max_length=64)]
# What people call machines of the same use, e.g. treadmill.
Kind = Annotated[str, Field(min_length=1, max_length=40)]
Confidence = Annotated[FiniteFloat, Field(ge=0, le=1)]
Coordinate = Annotated[FiniteFloat, Field(ge=0, le=1)]
Zone = Annotated[tuple[tuple[Coordinate, Coordinate], ...], Field(min_length=3)]
Count = Annotated[int, Field(ge=0, le=MAX_COUNT)]
Seconds = Annotated[NonNegativeFloat, Field(allow_inf_nan=False)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Value(BaseModel):
    """Base of every value on the wire: immutable, and an unknown field is a mistake that is named."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True, order=True)
class MachineKey:
    """Which machine; names of cameras and machines differ within a store alone."""

    store_id: str
    camera_id: str
    machine_id: str


class Problem(BaseModel):
    """An error as RFC 9457 problem details; `detail` says what to do, `errors` names the fields."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[dict[str, Any]] | None = None
