"""Keyset paging: where a page goes on, as conditions for the database and as opaque text for clients.

The planner is kept to the index that was chosen.
"""

import base64
import binascii
import hashlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import TypeAdapter
from pydantic_core import to_json
from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    Connection,
    FromClause,
    Select,
    String,
    UnaryExpression,
    func,
    literal_column,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from backend_api.base.instants import to_ms
from backend_api.contract.queries import EventQuery, Order, SessionQuery
from backend_api.contract.values import Name
from backend_api.store.db.tables import machines

# Version, milliseconds, sequence number, and the first bytes of a digest of the filters.
_LAYOUT = struct.Struct(">Bqq8s")
_VERSION = 1
# Of lists in the order of names: version, digest, and the names as JSON.
_KEY_VERSION = 2
_NAMES = TypeAdapter(tuple[Name, ...])
Rows = CompoundSelect[*tuple[Any, ...]] | Select[*tuple[Any, ...]]
_R = TypeVar("_R", CompoundSelect[*tuple[Any, ...]], Select[*tuple[Any, ...]])
_NO_CURSOR = "not a cursor of this API; hand back next_cursor unchanged, or leave it out"
_OTHER_LIST = "this cursor belongs to other filters or another order; repeat those, or leave it out"


class BadCursor(Exception):
    """The text is no cursor, or belongs to another list; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Position:
    """The last event of a page, in the order of every list: its time, then its number."""

    ts_ms: int
    seq: int


def encode_cursor(position: Position, scope: str) -> str:
    """The cursor for `position` in the list that `scope` describes (its filters and its order, canonically)."""
    data = _LAYOUT.pack(_VERSION, position.ts_ms, position.seq, _digest(scope))
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode_cursor(cursor: str, scope: str) -> Position:
    """The position that `encode_cursor` was given. Raises BadCursor for any other text and for another `scope`."""
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        version, ts_ms, seq, digest = _LAYOUT.unpack(data)
    except (binascii.Error, ValueError, struct.error) as error:
        raise BadCursor(_NO_CURSOR) from error
    if version != _VERSION:
        raise BadCursor("a cursor of another version of this API; leave it out to begin again")
    if digest != _digest(scope):
        raise BadCursor(_OTHER_LIST)
    return Position(ts_ms, seq)


def encode_key(key: Sequence[str], scope: str) -> str:
    """The cursor of a list in the order of names, behind `key`, in the list that `scope` describes."""
    data = bytes([_KEY_VERSION]) + _digest(scope) + to_json(list(key))
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode_key(cursor: str, scope: str, length: int) -> tuple[str, ...]:
    """The `length` names that `encode_key` was given. Raises BadCursor for any other text and for another `scope`."""
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        key = _NAMES.validate_json(data[9:])
    except ValueError as error:
        raise BadCursor(_NO_CURSOR) from error
    if data[0] != _KEY_VERSION or len(key) != length:
        raise BadCursor(_NO_CURSOR)
    if data[1:9] != _digest(scope):
        raise BadCursor(_OTHER_LIST)
    return key


def _digest(scope: str) -> bytes:
    return hashlib.blake2b(scope.encode(), digest_size=8).digest()


class Unindexed(FunctionElement[str]):
    """The text that its argument is, so that no index on it is used.

    SQLite's planner does not know how rare a value is, and an expression has no index. PostgreSQL's knows, and would
    know less of an expression.
    """

    type = String()
    inherit_cache = True


@compiles(Unindexed)
def _as_it_is(element: Unindexed, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's
    [text] = element.clauses
    return compiler.process(text, **options)


@compiles(Unindexed, "sqlite")
def _as_expression(element: Unindexed, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's
    [text] = element.clauses
    return f"({compiler.process(text, **options)} || '')"


# To count so many rows of an index costs less than a page does.
FEW = 300
# A store is narrower than any other filter, as a rule, where there are so many times as many machines as it has.
MANY = 20


def filter_values(query: object, name: str) -> list[str]:
    """The values that the filter `name` of `query` lets through; none when it is left out."""
    value = getattr(query, name)
    values = value if isinstance(value, tuple) else [] if value is None else [value]
    return sorted({str(value) for value in values})


def also(column: Column[str], values: Sequence[str]) -> ColumnElement[bool]:
    """Let only `values` of `column` through, without its index: an expression has none, so the chosen one is walked."""
    return Unindexed(column).in_(values)


def is_anywhere(connection: Connection, column: Column[str], values: Sequence[str]) -> bool:
    """Whether any row has one of `values`: without one, a walk for it would go on to the end of its index."""
    return count_few(connection, column.in_(values), most=1) > 0


def count_few(connection: Connection, *conditions: ColumnElement[bool], most: int = FEW) -> int:
    """How many rows of a table meet all conditions, but no more than `most`."""
    found = select(literal_column("1")).where(*conditions).limit(most).subquery()
    return int(connection.execute(select(func.count()).select_from(found)).scalar_one())


def is_one_of_many(connection: Connection, store_ids: Sequence[str]) -> bool:
    """Whether these stores have so few of all machines that they are the narrowest filter, as a rule.

    In a chain machines and cameras are called alike in every gym.
    """
    if not store_ids:
        return False
    here = count_few(connection, machines.c.store_id.in_(store_ids))
    several = select(machines.c.store_id).limit(MANY * here + 1).subquery()
    return here > 0 and connection.execute(select(func.count()).select_from(several)).scalar_one() > MANY * here


def between(query: EventQuery | SessionQuery, after: Position | None, key: FromClause) -> Iterator[ColumnElement[bool]]:
    """From `since` to before `until`, and behind `after`; `key` has the columns `ts_ms` and `seq`."""
    if query.since is not None:
        yield key.c.ts_ms >= to_ms(query.since)
    if query.until is not None:
        yield key.c.ts_ms < to_ms(query.until)
    if after is not None:
        here, there = tuple_(key.c.ts_ms, key.c.seq), tuple_(after.ts_ms, after.seq)
        yield here < there if query.order is Order.DESC else here > there


def ordered(
    query: EventQuery | SessionQuery, ts_ms: ColumnElement[Any], seq: ColumnElement[Any]
) -> tuple[UnaryExpression[Any], ...]:
    """The order of a list."""
    return (ts_ms.desc(), seq.desc()) if query.order is Order.DESC else (ts_ms.asc(), seq.asc())


def first_rows(
    dialect: str, parts: Sequence[Select[*tuple[Any, ...]]], query: EventQuery | SessionQuery, most: int
) -> Rows:
    """The first `most` rows of `parts`, of which each walks an index in the order of the list, and no two share a row.

    Their columns are called `ts_ms` and `seq`. SQLite merges the walks; PostgreSQL would sort all that they come by.
    """
    if len(parts) == 1:
        return _in_order(parts[0], query, most)
    walks = parts if dialect == "sqlite" else [_in_order(part, query, most) for part in parts]
    return _in_order(union_all(*walks), query, most)


def _in_order(rows: _R, query: EventQuery | SessionQuery, most: int) -> _R:
    columns = rows.selected_columns
    return rows.order_by(*ordered(query, columns.ts_ms, columns.seq)).limit(most)
