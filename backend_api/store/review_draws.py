"""Draws of verdicts to be reviewed: which were proposed, when, and by which seed. Only ever added to.

The seed belongs to a model and prompt version: its first draw makes it, and every later one goes by it.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, bindparam, func, insert, select

from backend_api.base.clock import Clock
from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.verdicts import Verdict
from backend_api.store.db.database import Database, Lock
from backend_api.store.db.statements import Insert, Statement, Transaction
from backend_api.store.db.tables import drawn_verdicts, events, removed_media, results, review_draws
from backend_api.store.event_rows import is_of_a_use

DECIDED = (Verdict.CLEANED, Verdict.NOT_CLEANED)
_SEED_BYTES = 16


@dataclass(frozen=True, slots=True)
class Asked:
    """A model, and the prompt that it was asked with."""

    model: str
    prompt_version: str


@dataclass(frozen=True, slots=True)
class DrawnVerdict:
    """A verdict that was drawn: `seq` is its event's number."""

    seq: int
    event_id: UUID
    session_id: UUID
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Draws:
    """The draws of one model and prompt, in order; without any, `last_at` is None and the seed is not made yet."""

    seed: str | None
    last_at: datetime | None
    drawn: tuple[DrawnVerdict, ...]


_OF_MODEL = (
    review_draws.c.model == bindparam("of_model"),
    review_draws.c.prompt_version == bindparam("of_prompt_version"),
)
_SEED = select(review_draws.c.seed).where(*_OF_MODEL).order_by(review_draws.c.id).limit(1)
_FIND_SEED = Statement(_SEED)
_ADD_DRAW = Statement(
    insert(review_draws)
    .values({name: bindparam(f"new_{name}") for name in ("at_ms", "model", "prompt_version", "seed")})
    .returning(review_draws.c.id)
)
_ADD_DRAWN = Insert(drawn_verdicts, ("draw_id", "place", "seq", "verdict"))
_KNOWN = Statement(
    select(drawn_verdicts.c.seq)
    .join_from(drawn_verdicts, review_draws)
    .where(*_OF_MODEL, drawn_verdicts.c.seq == bindparam("of_seq"))
)
_DRAWN = (
    select(*drawn_verdicts.c["seq", "verdict"], *events.c["event_id", "session_id"])
    .join_from(drawn_verdicts, review_draws)
    .join(events, events.c.seq == drawn_verdicts.c.seq)
    .where(*_OF_MODEL, is_of_a_use(events.c.seq))
    .order_by(drawn_verdicts.c.draw_id, drawn_verdicts.c.place)
)
_LAST_AT = select(func.max(review_draws.c.at_ms)).where(*_OF_MODEL)
# What can be looked at still: the clip is what people judge by.
_CANDIDATES = (
    select(results.c.seq, events.c.event_id)
    .join_from(results, events, events.c.seq == results.c.seq)
    .outerjoin(removed_media, removed_media.c.seq == results.c.seq)
    .where(
        results.c.model == bindparam("of_model"),
        results.c.prompt_version == bindparam("of_prompt_version"),
        results.c.verdict == bindparam("of_verdict"),
        removed_media.c.seq.is_(None),
        is_of_a_use(events.c.seq),
    )
)


def _make_seed() -> str:
    return secrets.token_hex(_SEED_BYTES)


class ReviewDraws:
    """All methods may be called from any thread; each raises StoreBusy or StoreFull.

    `new_seed` makes a seed that nobody can foresee.
    """

    def __init__(self, database: Database, clock: Clock, new_seed: Callable[[], str] = _make_seed) -> None:
        self._database = database
        self._clock = clock
        self.new_seed = new_seed

    def seed(self, asked: Asked) -> str:
        """The seed by which verdicts of `asked` are drawn: that of its first draw, or a new one."""
        with self._database.read() as connection:
            found = connection.execute(_SEED, _of(asked)).scalar()
        return str(found) if found is not None else self.new_seed()

    def add(self, asked: Asked, seed: str, drawn: Sequence[tuple[int, Verdict]]) -> int:
        """Keep a draw of verdicts, by their events' numbers, in the order in which they are proposed; how many.

        None is drawn twice: those that another draw took are left out. Nothing is drawn by another seed than the
        first: a draw that came second at the same moment adds nothing.
        """
        with self._database.write(lock=Lock.DRAWS) as transaction:
            first = _FIND_SEED.run(transaction, _of(asked)).fetchone()
            if first is not None and first[0] != seed:
                return 0
            fresh = [(seq, verdict) for seq, verdict in drawn if not _is_drawn(transaction, asked, seq)]
            if not fresh:
                return 0
            values = {"at_ms": to_ms(self._clock.now()), "model": asked.model, "prompt_version": asked.prompt_version}
            new = {f"new_{name}": value for name, value in {**values, "seed": seed}.items()}
            [draw_id] = _ADD_DRAW.run(transaction, new).fetchone()
            rows = [(draw_id, place, seq, verdict.value) for place, (seq, verdict) in enumerate(fresh)]
            _ADD_DRAWN.run(transaction, rows)
        return len(fresh)


def read_draws(connection: Connection, asked: Asked) -> Draws:
    """All that was drawn of `asked`."""
    last_ms = connection.execute(_LAST_AT, _of(asked)).scalar()
    return Draws(
        seed=connection.execute(_SEED, _of(asked)).scalar(),
        last_at=None if last_ms is None else from_ms(last_ms),
        drawn=tuple(
            DrawnVerdict(row.seq, UUID(row.event_id), UUID(row.session_id), Verdict(row.verdict))
            for row in connection.execute(_DRAWN, _of(asked))
        ),
    )


def read_candidates(connection: Connection, asked: Asked, verdict: Verdict) -> dict[UUID, int]:
    """The events that got `verdict` from `asked`, and whose clip is still there: their numbers by id."""
    rows = connection.execute(_CANDIDATES, {**_of(asked), "of_verdict": verdict.value})
    return {UUID(row.event_id): row.seq for row in rows}


def _is_drawn(transaction: Transaction, asked: Asked, seq: int) -> bool:
    return _KNOWN.run(transaction, {**_of(asked), "of_seq": seq}).fetchone() is not None


def _of(asked: Asked) -> dict[str, object]:
    return {"of_model": asked.model, "of_prompt_version": asked.prompt_version}
