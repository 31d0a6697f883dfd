"""Kept figures of days that are over: one row a store and day, right whenever it is there.

Invariant: at every commit, a row with figures has those that follow from the sessions, observed time, machines and
settings of that commit, or another `basis` than these, and then nobody reads it. A day's figures follow from what began
before the day's end, since a use without an end lasts into the days behind it. The steps that keep it:

1. Whoever changes a session or observed time says since when (Transaction.touch), and Database.write drops the store's
   days that end after that: in one order, with nothing behind it but the log of changes. Of today there are none.
2. Whoever computes announces the rows first, without figures and under a token of its own. Then it reads everything
   from one snapshot, and then it fills in those rows that are still there under its token.

So a change that comes after the rows were announced takes them away, and the figures are kept nowhere. One that came
before is in the snapshot: SQLite has one writer, and in PostgreSQL a row is announced under a lock of the table that
waits for all who are between their DELETE and their commit, whether or not they found rows.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    ClauseElement,
    Column,
    Connection,
    Index,
    String,
    Table,
    Text,
    bindparam,
    delete,
    null,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.sqlite import Insert as OnConflictInsert

from backend_api.store.db.database import Database
from backend_api.store.db.statements import Insert, Statement, Transaction
from backend_api.store.db.tables import Name, metadata

# A migration that changes sessions or observed time deletes all of it.
store_days = Table(
    "store_days",
    metadata,
    # The date in the store's time zone, such as 2026-11-26, and when it begins and ends.
    Column("day", String(10).with_variant(String(10, collation="C"), "postgresql"), primary_key=True),
    Column("store_id", Name, primary_key=True),
    *(Column(name, BigInteger, nullable=False) for name in ("begin_ms", "end_ms")),
    # A hash of what else they follow from: settings, machines, formulas.
    Column("basis", String(32), nullable=False),
    # Of whoever computes them.
    Column("token", String(32), nullable=False),
    # As JSON; null until they are computed.
    Column("figures", Text),
    Index("ix_store_days_store", "store_id", "end_ms"),
)
# Nobody who writes holds it together with another one, and all who drop rows hold what it waits for.
_LOCK_TABLE = "LOCK TABLE store_days IN SHARE ROW EXCLUSIVE MODE"
# Writers wait behind whoever waits for it: where one of them has stopped, or the table is vacuumed, figures wait.
_PATIENCE = "SET LOCAL lock_timeout = '2s'"


class StoreDay(NamedTuple):
    """A day of a store, from its begin to its end in milliseconds since 1970, and what its figures go by."""

    day: date
    store_id: str
    begin_ms: int
    end_ms: int
    basis: str


class KeptDay(NamedTuple):
    """A day with its figures, as JSON."""

    of: StoreDay
    figures: str


def _announce(insert: OnConflictInsert) -> ClauseElement:
    """Figures that are right stay; what somebody else has announced and not filled in is taken over."""
    new, columns = insert.excluded, store_days.c
    is_other = or_(columns.begin_ms != new.begin_ms, columns.end_ms != new.end_ms, columns.basis != new.basis)
    return insert.on_conflict_do_update(
        index_elements=["day", "store_id"],
        set_={name: new[name] for name in ("begin_ms", "end_ms", "basis", "token")} | {"figures": null()},
        where=or_(columns.figures.is_(None), is_other),
    )


_OF_STORE = store_days.c.store_id == bindparam("of_store")
_touched = (
    # In one order: two who drop a store's days never wait for each other crosswise.
    select(store_days.c.day)
    .where(_OF_STORE, store_days.c.end_ms > bindparam("since_ms"))
    .order_by(store_days.c.day)
    .with_for_update()
)
_DROP = Statement(delete(store_days).where(_OF_STORE, store_days.c.day.in_(_touched)))
_ANNOUNCE = Insert(store_days, ("day", "store_id", "begin_ms", "end_ms", "basis", "token"), _announce)
_IS_OURS = (store_days.c.token == bindparam("of_token"), store_days.c.figures.is_(None))
_FILL_IN = Statement(
    update(store_days)
    .where(store_days.c.day == bindparam("of_day"), _OF_STORE, *_IS_OURS)
    .values(figures=bindparam("new_figures"))
)
_DAYS = select(*store_days.c["day", "store_id", "begin_ms", "end_ms", "basis", "figures"])
_KEPT = _DAYS.where(
    store_days.c.figures.is_not(None), store_days.c.day.between(bindparam("first_day"), bindparam("last_day"))
)
_KEYS = (
    select(*store_days.c["day", "store_id"])
    .where(store_days.c.figures.is_not(None))
    .order_by(store_days.c.day, store_days.c.store_id)
)


def drop_touched(transaction: Transaction) -> None:
    """Drop the days that `transaction` has touched: Database.write does so right before it writes the log."""
    for store_id, since_ms in sorted(transaction.touched.items()):
        _DROP.run(transaction, {"of_store": store_id, "since_ms": since_ms})


class StoreDays:
    """All methods may be called from any thread; each raises StoreBusy or StoreFull.

    A power cut may undo what they write, and nothing that came before it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def announce(self, days: Iterable[StoreDay]) -> str:
        """Say that those of `days` are computed that are not kept yet; the token of their rows.

        Raises StoreBusy, too, where a writer does not come to its end within two seconds.
        """
        token = secrets.token_hex(16)
        rows = [(day.day.isoformat(), *day[1:], token) for day in sorted(days)]
        with self._database.write(survives_power_cut=False) as transaction:
            if transaction.dialect != "sqlite":
                transaction.driver.execute(_PATIENCE)
                transaction.driver.execute(_LOCK_TABLE)
            _ANNOUNCE.run(transaction, rows)
        return token

    def fill_in(self, token: str, figures: Mapping[StoreDay, str]) -> None:
        """Keep the figures of those days that are still announced under `token`."""
        with self._database.write(survives_power_cut=False) as transaction:
            # In the order in which they are dropped.
            for day in sorted(figures, key=lambda day: (day.store_id, day.day)):
                key = {"of_store": day.store_id, "of_day": day.day.isoformat(), "of_token": token}
                _FILL_IN.run(transaction, key | {"new_figures": figures[day]})

    def drop(self, day: StoreDay) -> None:
        """Drop the store's days from this one on."""
        with self._database.write() as transaction:
            transaction.touch(day.store_id, day.begin_ms)


def read_announced(connection: Connection, token: str, among: Sequence[StoreDay]) -> list[StoreDay]:
    """Those of `among` that are announced under `token`."""
    key = tuple_(store_days.c.day, store_days.c.store_id)
    names = [(day.day.isoformat(), day.store_id) for day in among]
    found = connection.execute(_DAYS.where(key.in_(names), *_IS_OURS), {"of_token": token})
    rows = {(row.day, row.store_id): row for row in found}
    return [day for day, name in zip(among, names, strict=True) if name in rows and rows[name].basis == day.basis]


def read_kept(connection: Connection, first: date, last: date, store_id: str | None = None) -> Iterator[KeptDay]:
    """The days from `first` to `last` that have figures, of one store or of all, in no order."""
    query = _KEPT if store_id is None else _KEPT.where(store_days.c.store_id == store_id)
    for row in connection.execute(query, {"first_day": first.isoformat(), "last_day": last.isoformat()}):
        day = StoreDay(date.fromisoformat(row.day), row.store_id, row.begin_ms, row.end_ms, row.basis)
        yield KeptDay(day, row.figures)


def read_keys(connection: Connection) -> list[tuple[date, str]]:
    """Every day that has figures, and its store, in order."""
    return [(date.fromisoformat(row.day), row.store_id) for row in connection.execute(_KEYS)]
