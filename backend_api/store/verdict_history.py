"""The history of an event: every verdict of a model, and every person's opinion of one. Only ever added to.

A review names the verdict that it is of, by model, prompt and answer: when the model is asked again later, what the
person meant still stands. A review that withdraws names the verdict whose reviews it takes back.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json
from sqlalchemy import ColumnElement, Row, Select, Table, bindparam, insert, literal, select

from backend_api.base.clock import Clock
from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.verdicts import Agree, MmResult, StoredReview, Verdict
from backend_api.store.db.database import Database
from backend_api.store.db.statements import RowLock, Statement, Transaction
from backend_api.store.db.tables import ChangeKind, enrichments, events, results, reviews
from backend_api.store.uses.sessions import LATEST_REVIEW_ID, NEWEST_RESULT_ID, follow_verdicts


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A verdict as it was given at `at`, aware, in UTC."""

    event_id: UUID
    at: datetime
    result: MmResult


_RESULT_COLUMNS = ("seq", "at_ms", "model", "requested_model", "prompt_version", "verdict", "result", "raw")
_ADD_RESULT = Statement(insert(results).values({name: bindparam(f"new_{name}") for name in _RESULT_COLUMNS}))
_REVIEW_COLUMNS = ["seq", "at_ms", "who", "agree", "note", "model", "prompt_version", "verdict"]
_SAID: list[Any] = [bindparam(f"new_{name}") for name in ("at_ms", "who", "agree", "note")]


# So that the reviews of an event, and its verdicts, follow one another.
_LOCK = RowLock(
    select(enrichments.c.seq).where(
        enrichments.c.seq == select(events.c.seq).where(events.c.event_id == bindparam("wanted_id")).scalar_subquery()
    )
)


def _adding(named: Table, *conditions: ColumnElement[bool]) -> Statement:
    """A review that names what the row of `named` names, read in the same statement: nobody comes in between."""
    row = select(named.c.seq, *_SAID, *named.c["model", "prompt_version", "verdict"]).select_from(named.join(events))
    row = row.where(events.c.event_id == bindparam("wanted_id"), *conditions)
    return Statement(insert(reviews).from_select(_REVIEW_COLUMNS, row).returning(reviews.c.seq))


# The verdict that is shown now.
_ADD_REVIEW = _adding(results, results.c.id == NEWEST_RESULT_ID)
# The latest review is taken back, whatever the verdict that is shown now.
_WITHDRAW = _adding(reviews, reviews.c.id == LATEST_REVIEW_ID, reviews.c.agree != literal(Agree.WITHDRAWN.value))


class Results:
    """The verdicts. All methods may be called from any thread; each raises StoreBusy or StoreFull."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def history(self, event_id: UUID | None = None) -> list[StoredResult]:
        """Every verdict that was ever given on the event, or on all events, the oldest first."""
        with self._database.read() as connection:
            return [
                StoredResult(UUID(row.event_id), from_ms(row.at_ms), to_result(row.result, row.raw))
                for row in connection.execute(_of_event(results, event_id))
            ]


class Reviews:
    """People's opinions of verdicts. All methods may be called from any thread; each raises StoreBusy or StoreFull."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, event_id: UUID, agree: Agree, note: str, who: str) -> bool:
        """Keep what `who` thinks of the verdict that the event has now, or takes back of what was said before.

        False when there is no verdict, nothing to take back, or no event.
        """
        statement = _WITHDRAW if agree is Agree.WITHDRAWN else _ADD_REVIEW
        said = {"new_at_ms": to_ms(self._clock.now()), "new_who": who, "new_agree": agree.value, "new_note": note}
        with self._database.write() as transaction:
            _LOCK.hold(transaction, {"wanted_id": str(event_id)})
            seqs = [seq for (seq,) in statement.run(transaction, {"wanted_id": str(event_id), **said})]
            follow_verdicts(transaction, ChangeKind.REVIEW, seqs)
        return bool(seqs)

    def history(self, event_id: UUID | None = None) -> list[StoredReview]:
        """Every review of the event, or of all events, the oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(_of_event(reviews, event_id)).all()
        return [to_review(UUID(row.event_id), row) for row in rows]


def add_result(transaction: Transaction, seq: int, result: MmResult, now_ms: int) -> None:
    """Keep `result` of the event whose number is `seq` for ever."""
    values = {
        "new_seq": seq,
        "new_at_ms": now_ms,
        "new_model": result.model,
        "new_requested_model": result.requested_model,
        "new_prompt_version": result.prompt_version,
        "new_verdict": result.verdict.value,
        "new_result": result.model_dump_json(exclude={"raw"}),
        "new_raw": None if result.raw is None else to_json(result.raw).decode(),
    }
    _ADD_RESULT.run(transaction, values)


def to_result(result: str, raw: str | None) -> MmResult:
    """The result that is stored as `result`, with the reply `raw`, which may be left out."""
    return MmResult.model_validate_json(result).model_copy(update={"raw": None if raw is None else from_json(raw)})


def to_review(event_id: UUID, row: Row[*tuple[Any, ...]]) -> StoredReview:
    """The review of `event_id` whose columns `row` has."""
    return StoredReview(
        event_id=event_id,
        at=from_ms(row.at_ms),
        who=row.who,
        agree=Agree(row.agree),
        note=row.note,
        model=row.model,
        prompt_version=row.prompt_version,
        verdict=Verdict(row.verdict),
    )


def not_withdrawn(reviews: Iterable[StoredReview]) -> list[StoredReview]:
    """Those of `reviews`, the oldest first, that nobody has taken back."""
    kept: list[StoredReview] = []
    taken_back = set()
    for review in reversed(list(reviews)):
        of = review.event_id, review.model, review.prompt_version
        if review.agree is Agree.WITHDRAWN:
            taken_back.add(of)
        elif of not in taken_back:
            kept.append(review)
    return kept[::-1]


def _of_event(table: Table, event_id: UUID | None) -> Select[*tuple[Any, ...]]:
    query = select(events.c.event_id, table).select_from(table.join(events)).order_by(table.c.id)
    return query if event_id is None else query.where(events.c.event_id == str(event_id))
