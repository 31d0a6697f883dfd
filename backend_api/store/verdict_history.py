"""What was ever said of an event: every verdict of a model, and every person's opinion of one. Only ever added to.

A review names the verdict that it is of, by model, prompt and answer: when the model is asked again later, what the
person meant still stands. A review that withdraws names the verdict whose reviews it takes back.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, Table, bindparam, case, func, insert, select

from backend_api.base.clock import Clock
from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.verdicts import MmResult, Verdict
from backend_api.store.database import Database
from backend_api.store.statements import Statement
from backend_api.store.tables import enrichments, events, results, reviews


class Agree(StrEnum):
    """Whether a person finds a verdict right, or takes back what was said of it."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A verdict as it was given at `at`, aware, in UTC."""

    event_id: UUID
    at: datetime
    result: MmResult


@dataclass(frozen=True, slots=True)
class Review:
    """What `who` thought at `at` (aware, UTC) of `verdict`, which `model` gave when asked with `prompt_version`."""

    event_id: UUID
    at: datetime
    who: str
    agree: Agree
    note: str
    model: str
    prompt_version: str
    verdict: Verdict


def _adding(table: Table, **values: object) -> Statement:
    of_event = select(events.c.seq).where(events.c.event_id == bindparam("wanted_id")).scalar_subquery()
    return Statement(insert(table).values(seq=of_event, **values))


_ADD_RESULT = _adding(
    results, **{name: bindparam(f"new_{name}") for name in ("at_ms", "model", "prompt_version", "verdict", "result")}
)
# The verdict that is shown now, read and named in the statement that adds the review: nobody comes in between.
_REVIEWED = (
    select(
        enrichments.c.seq,
        bindparam("new_at_ms"),
        bindparam("new_who"),
        bindparam("new_agree"),
        bindparam("new_note"),
        func.json_extract(enrichments.c.result, "$.model"),
        func.json_extract(enrichments.c.result, "$.prompt_version"),
        enrichments.c.verdict,
    )
    .select_from(enrichments.join(events))
    .where(events.c.event_id == bindparam("wanted_id"), enrichments.c.result.is_not(None))
)
# What is taken back is the latest review, whatever the verdict that is shown now.
_LATEST = (
    select(reviews)
    .where(reviews.c.seq == select(events.c.seq).where(events.c.event_id == bindparam("wanted_id")).scalar_subquery())
    .order_by(reviews.c.id.desc())
    .limit(1)
    .subquery()
)
_WITHDRAWN = select(
    _LATEST.c.seq,
    *(bindparam(f"new_{name}") for name in ("at_ms", "who", "agree", "note")),
    *_LATEST.c["model", "prompt_version", "verdict"],
).where(_LATEST.c.agree != Agree.WITHDRAWN.value)
_REVIEW_COLUMNS = ["seq", "at_ms", "who", "agree", "note", "model", "prompt_version", "verdict"]
_ADD_REVIEW = Statement(insert(reviews).from_select(_REVIEW_COLUMNS, _REVIEWED))
_WITHDRAW = Statement(insert(reviews).from_select(_REVIEW_COLUMNS, _WITHDRAWN))


class Results:
    """The verdicts. All methods may be called from any thread; each raises StoreBusy or StoreFull."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def history(self, event_id: UUID | None = None) -> list[StoredResult]:
        """Every verdict that was ever given on the event, or on all events, the oldest first."""
        with self._database.read() as connection:
            return read_results(connection, event_id)


class Reviews:
    """What people say of verdicts. All methods may be called from any thread; each raises StoreBusy or StoreFull."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, event_id: UUID, agree: Agree, note: str, who: str) -> bool:
        """Keep what `who` thinks of the verdict that the event has now, or takes back of what was said before.

        False when there is no verdict, nothing to take back, or no event.
        """
        with self._database.write() as connection:
            return add_review(connection, event_id, agree, note, who, to_ms(self._clock.now()))

    def history(self, event_id: UUID | None = None) -> list[Review]:
        """Every review of the event, or of all events, the oldest first."""
        with self._database.read() as connection:
            return read_reviews(connection, event_id)


def add_result(connection: sqlite3.Connection, event_id: UUID, result: MmResult, now_ms: int) -> None:
    """Keep `result` for ever."""
    values = {
        "model": result.model,
        "prompt_version": result.prompt_version,
        "verdict": result.verdict.value,
        "result": result.model_dump_json(),
        "at_ms": now_ms,
    }
    _ADD_RESULT.run(connection, {"wanted_id": str(event_id), **_new(values)})


def add_review(connection: sqlite3.Connection, event_id: UUID, agree: Agree, note: str, who: str, now_ms: int) -> bool:
    """Keep what `who` thinks of the verdict that the event has now, or takes back of what was said of one before.

    False when there is no verdict, or nothing to take back.
    """
    values = {"at_ms": now_ms, "who": who, "agree": agree.value, "note": note}
    statement = _WITHDRAW if agree is Agree.WITHDRAWN else _ADD_REVIEW
    return statement.run(connection, {"wanted_id": str(event_id), **_new(values)}).rowcount == 1


def read_results(connection: Connection, event_id: UUID | None) -> list[StoredResult]:
    """The verdicts of one event, or of all, the oldest first."""
    query = _of_event(results, event_id)
    return [
        StoredResult(UUID(row.event_id), from_ms(row.at_ms), MmResult.model_validate_json(row.result))
        for row in connection.execute(query)
    ]


def read_reviews(connection: Connection, event_id: UUID | None) -> list[Review]:
    """The reviews of one event, or of all, the oldest first."""
    return [
        Review(
            UUID(row.event_id),
            from_ms(row.at_ms),
            row.who,
            Agree(row.agree),
            row.note,
            row.model,
            row.prompt_version,
            Verdict(row.verdict),
        )
        for row in connection.execute(_of_event(reviews, event_id))
    ]


# The review of the row's event that came last, as JSON, of which most events have none; null when it withdraws.
_AS_JSON = func.json_object(*chain.from_iterable((name, reviews.c[name]) for name in _REVIEW_COLUMNS[1:]))
LATEST_REVIEW = (
    select(case((reviews.c.agree != Agree.WITHDRAWN.value, _AS_JSON)))
    .where(reviews.c.seq == events.c.seq)
    .order_by(reviews.c.id.desc())
    .limit(1)
    .correlate(events)
    .scalar_subquery()
    .label("review")
)


def not_withdrawn(reviews: Iterable[Review]) -> list[Review]:
    """Those of `reviews`, the oldest first, that nobody has taken back."""
    kept: list[Review] = []
    taken_back = set()
    for review in reversed(list(reviews)):
        of = review.event_id, review.model, review.prompt_version
        if review.agree is Agree.WITHDRAWN:
            taken_back.add(of)
        elif of not in taken_back:
            kept.append(review)
    return kept[::-1]


def parse_review(event_id: UUID, text: str) -> Review:
    """The review of `event_id` that LATEST_REVIEW gave as `text`."""
    values = json.loads(text)
    at, agree, verdict = from_ms(values.pop("at_ms")), Agree(values.pop("agree")), Verdict(values.pop("verdict"))
    return Review(event_id=event_id, at=at, agree=agree, verdict=verdict, **values)


def _of_event(table: Table, event_id: UUID | None) -> Select[*tuple[Any, ...]]:
    query = select(events.c.event_id, table).select_from(table.join(events)).order_by(table.c.id)
    return query if event_id is None else query.where(events.c.event_id == str(event_id))


def _new(values: Mapping[str, object]) -> dict[str, object]:
    # Parameters that a statement sets must not be named like its columns.
    return {f"new_{name}": value for name, value in values.items()}
