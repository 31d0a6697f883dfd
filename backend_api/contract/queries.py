"""The queries of the API: which events, sessions and machines, and the figures of which time."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from backend_api.contract.compliance import DEFAULT_SUGGESTED, MAX_SUGGESTED
from backend_api.contract.events import EventType
from backend_api.contract.sessions import JUDGED, SessionOutcome
from backend_api.contract.stats import Hours, Unit
from backend_api.contract.stores import Date
from backend_api.contract.values import DEFAULT_PAGE_ITEMS, MAX_PAGE_ITEMS, Name, Timestamp, TimeZoneName, Value
from backend_api.contract.verdicts import MmStatus, Verdict

MAX_STATS_INTERVAL = timedelta(days=366)
# GET /stats over several stores; more of them are asked for with GET /stats/days.
MAX_CHAIN_MACHINES = 500
# Uses still end behind midnight, and reports are still to be written down: a day is given so long after its end.
SETTLED = timedelta(hours=1)
# Zones are looked up in the years for which the calendar has room on both sides.
_FIRST_YEAR, _LAST_YEAR = 1900, 9998

Parameters = tuple[tuple[str, str], ...]
"""The fields of a query string, in order; a name may stand there several times."""


class Order(StrEnum):
    """Newest first, or oldest first, by `ts`."""

    DESC = "desc"
    ASC = "asc"


class ApiQuery(Value):
    """Base of all queries: immutable and hashable, so that an answer may be kept under its query."""

    def parameters(self) -> Parameters:
        """The query string's fields, without those that are left at their defaults."""
        fields = self.model_dump(mode="json", exclude_defaults=True)
        return tuple(
            (name, str(item).lower() if isinstance(item, bool) else str(item))
            for name, value in fields.items()
            for item in (value if isinstance(value, list) else [value])
        )


class EventFilters(ApiQuery):
    """Which events, in which order; filters that are left out let everything through."""

    store_id: Name | None = None
    camera_id: Name | None = None
    machine_id: Name | None = None
    session_id: UUID | None = Field(default=None, description="All events of one use of a machine.")
    event_type: tuple[EventType, ...] = Field(default=(), description="May be given several times: any of these.")
    mm_status: MmStatus | None = Field(default=None, description="The state of the model's verdict.")
    verdict: Verdict | None = None
    since: Timestamp | None = Field(
        default=None, description="Only events at this instant or later: RFC 3339 with a zone; write + as %2B."
    )
    until: Timestamp | None = Field(default=None, description="Only events before this instant, like `since`.")
    order: Order = Order.DESC


class EventQuery(EventFilters):
    """Which events, in which order, how many, and after which."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE_ITEMS, description="Events a page.")] = DEFAULT_PAGE_ITEMS
    cursor: str | None = Field(default=None, description="`next_cursor` of the page before; keep the filters the same.")

    @property
    def scope(self) -> str:
        """The list that a cursor is bound to: everything but the size of a page and the cursor itself."""
        return self.model_dump_json(exclude={"limit", "cursor"})


class SessionQuery(ApiQuery):
    """Which sessions, in which order, how many, and after which; filters that are left out let everything through."""

    session_id: tuple[UUID, ...] = Field(
        default=(), max_length=MAX_PAGE_ITEMS, description="Only this session; several times: any of these."
    )
    store_id: Name | None = None
    camera_id: Name | None = None
    machine_id: Name | None = None
    outcome: tuple[SessionOutcome, ...] = Field(default=(), description="Its outcome; several times: any of these.")
    verdict: Verdict | None = Field(default=None, description="Only sessions with this verdict as their outcome.")
    reviewed: bool | None = Field(
        default=None, description="Only sessions whose verdict was reviewed, or only those whose was not."
    )
    since: Timestamp | None = Field(
        default=None, description="Only sessions that began at this instant or later: RFC 3339 with a zone."
    )
    until: Timestamp | None = Field(default=None, description="Only sessions that began before this instant.")
    order: Order = Order.DESC
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE_ITEMS, description="Sessions a page.")] = DEFAULT_PAGE_ITEMS
    cursor: str | None = Field(default=None, description="`next_cursor` of the page before; keep the filters the same.")

    @property
    def scope(self) -> str:
        """The list that a cursor is bound to: everything but the size of a page and the cursor itself."""
        return "sessions" + self.model_dump_json(exclude={"limit", "cursor"})

    @property
    def outcomes(self) -> frozenset[SessionOutcome]:
        """Those that `outcome`, `verdict` and `reviewed` let through."""
        wanted = frozenset(self.outcome or SessionOutcome)
        if self.reviewed:
            # Only what has a verdict can be reviewed.
            wanted &= JUDGED
        return wanted if self.verdict is None else wanted & {SessionOutcome(self.verdict.value)}


class MachineQuery(ApiQuery):
    """Which machines; filters that are left out let everything through."""

    store_id: Name | None = None
    camera_id: Name | None = None
    machine_id: Name | None = None


class MachinePageQuery(MachineQuery):
    """Which machines, how many, and after which."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE_ITEMS, description="Machines a page.")] = MAX_PAGE_ITEMS
    cursor: str | None = Field(default=None, description="`next_cursor` of the page before; keep the filters the same.")

    @property
    def scope(self) -> str:
        """The list that a cursor is bound to."""
        return "machines" + self.model_dump_json(exclude={"limit", "cursor"})


class CameraPageQuery(ApiQuery):
    """Which cameras, how many, and after which."""

    store_id: Name | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE_ITEMS, description="Cameras a page.")] = MAX_PAGE_ITEMS
    cursor: str | None = Field(default=None, description="`next_cursor` of the page before; keep the filters the same.")

    @property
    def scope(self) -> str:
        """The list that a cursor is bound to."""
        return "cameras" + self.model_dump_json(exclude={"limit", "cursor"})


def _check_year(instant: datetime) -> datetime:
    if not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
        raise ValueError(f"lies outside the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return instant


_Instant = Annotated[Timestamp, AfterValidator(_check_year)]


class IntervalQuery(MachineQuery):
    """Which machines, and which time."""

    since: _Instant | None = Field(default=None, description="From this instant on; by default 7 days before `until`.")
    until: _Instant | None = Field(
        default=None,
        description=f"Up to this instant, by default now; at most {MAX_STATS_INTERVAL.days} days after `since`.",
    )
    tz: TimeZoneName = Field(
        default="UTC", description="The time zone of hours and days, by its IANA name, e.g. Europe/Berlin."
    )
    hours: Hours = Field(
        default=Hours.OPEN,
        description="`open`: opening hours alone, of stores that have some (PUT /stores/{store_id}); `all`: all hours.",
    )

    @model_validator(mode="after")
    def _is_no_longer_than_allowed(self) -> Self:
        if self.since and self.until and not timedelta() < self.until - self.since <= MAX_STATS_INTERVAL:
            raise ValueError(f"until lies before since, or more than {MAX_STATS_INTERVAL.days} days after it")
        return self


class StatsQuery(IntervalQuery):
    """Which machines, which time, and by which unit."""

    by: Unit = Field(default=Unit.DAY, description="`buckets` are hours or days of the time zone.")


class DaysQuery(ApiQuery):
    """Which days, of one store or of all."""

    store_id: Name | None = None
    first_day: Date | None = Field(default=None, description="By default the sixth day before `last_day`.")
    last_day: Date | None = Field(
        default=None,
        description=(
            "By default the last one that has been over for an hour in every store; at most "
            f"{MAX_STATS_INTERVAL.days} days."
        ),
    )


class ComplianceQuery(IntervalQuery):
    """Which machines, which time, and how many more reviews to look ahead."""

    more: Annotated[int, Field(ge=1, le=MAX_SUGGESTED)] = Field(
        default=DEFAULT_SUGGESTED, description="How many more reviews `next_reviews` is about, when none are drawn."
    )
