"""Which events, sessions and figures a page asks for; each is part of the key under which an answer is shared."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from backend_api.contract.events import EventType
from backend_api.contract.sessions import SessionOutcome
from backend_api.contract.stats import Unit
from backend_api.contract.values import format_timestamp
from backend_api.contract.verdicts import MmStatus, Verdict

Parameters = tuple[tuple[str, str], ...]
"""The fields of a query string, in order; a name may stand there several times."""


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events to list, newest first unless `order` says otherwise; None is any. `since`, `until` bound `ts`."""

    event_type: EventType | None = None
    machine_id: str | None = None
    mm_status: MmStatus | None = None
    since: datetime | None = None
    until: datetime | None = None
    store_id: str | None = None
    camera_id: str | None = None
    session_id: UUID | None = None
    verdict: Verdict | None = None
    order: Literal["desc", "asc"] = "desc"

    def parameters(self) -> Parameters:
        """The query string's fields, without those that are None."""
        return _parameters(
            ("event_type", self.event_type),
            ("machine_id", self.machine_id),
            ("mm_status", self.mm_status),
            ("since", self.since),
            ("until", self.until),
            ("store_id", self.store_id),
            ("camera_id", self.camera_id),
            ("session_id", self.session_id),
            ("verdict", self.verdict),
            ("order", self.order),
        )


@dataclass(frozen=True, slots=True)
class SessionQuery:
    """Which sessions to list, newest first unless `order` says otherwise; None and an empty tuple are any.

    `since` and `until` bound their beginning; `reviewed` is whether a person has an opinion of the verdict.
    """

    outcomes: tuple[SessionOutcome, ...] = ()
    reviewed: bool | None = None
    machine_id: str | None = None
    camera_id: str | None = None
    store_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    verdict: Verdict | None = None
    session_ids: tuple[UUID, ...] = ()
    order: Literal["desc", "asc"] = "desc"

    def parameters(self) -> Parameters:
        """The query string's fields, without those that are None."""
        return _parameters(
            *(("session_id", session_id) for session_id in self.session_ids),
            *(("outcome", outcome) for outcome in self.outcomes),
            ("reviewed", self.reviewed),
            ("machine_id", self.machine_id),
            ("camera_id", self.camera_id),
            ("store_id", self.store_id),
            ("since", self.since),
            ("until", self.until),
            ("verdict", self.verdict),
            ("order", self.order),
        )


@dataclass(frozen=True, slots=True)
class StatsQuery:
    """Figures of which time and machines: from `since` to before `until`, cut by the hours or days of the zone `tz`."""

    since: datetime
    until: datetime
    tz: str
    by: Unit = Unit.DAY
    machine_id: str | None = None
    camera_id: str | None = None
    store_id: str | None = None

    def parameters(self) -> Parameters:
        """The query string's fields, without those that are None."""
        return _parameters(
            ("since", self.since),
            ("until", self.until),
            ("tz", self.tz),
            ("by", self.by),
            ("machine_id", self.machine_id),
            ("camera_id", self.camera_id),
            ("store_id", self.store_id),
        )


def _parameters(*fields: tuple[str, object]) -> Parameters:
    return tuple(_texts(fields))


def _texts(fields: Iterable[tuple[str, object]]) -> Iterable[tuple[str, str]]:
    for name, value in fields:
        if isinstance(value, datetime):
            yield name, format_timestamp(value)
        elif isinstance(value, bool):
            yield name, str(value).lower()
        elif value is not None:
            yield name, str(value)
