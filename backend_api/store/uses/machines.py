"""The machines that are known: what people call each, and its last session. Reads of "now" begin here.

Invariant: at every commit there is a row for each machine that has a session, or that its camera's last setup names;
`last_seq` is its last session by (ts_ms, seq), `last_ms` that one's ts_ms, and `name` what that setup calls it. The
steps that keep it: sessions or the setup first; then the rows of their machines, in the order of their keys, so that no
two writers wait for each other crosswise; what is looked up anew is looked up once its row is held. The doctor makes
the same of all sessions and setups, and compares.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json
from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Connection,
    ScalarSelect,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import Insert as OnConflictInsert

from backend_api.store.db.database import Database
from backend_api.store.db.statements import DialectInsert, Insert, RowLock, Statement, Transaction
from backend_api.store.db.tables import camera_setups, machines, sessions

Place = tuple[str, str, str]
"""The names of store, camera and machine."""

_PLACE = ("store_id", "camera_id", "machine_id")


def _at_the_machine(*names: str) -> tuple[ColumnElement[bool], ...]:
    """That a row of `machines` is of the place whose names are parameters."""
    return tuple(machines.c[name] == bindparam(f"of_{name}") for name in names)


def _note_later(insert: OnConflictInsert) -> ClauseElement:
    """The later of two sessions stays; the row is held in either case."""
    new = insert.excluded
    is_later = or_(
        machines.c.last_ms.is_(None),
        new.last_ms > machines.c.last_ms,
        and_(new.last_ms == machines.c.last_ms, new.last_seq > machines.c.last_seq),
    )
    return insert.on_conflict_do_update(
        index_elements=_PLACE, set_={"last_seq": new.last_seq, "last_ms": new.last_ms}, where=is_later
    )


def _name(insert: DialectInsert) -> ClauseElement:
    naming = insert(machines).values({name: bindparam(f"of_{name}") for name in _PLACE} | {"name": bindparam("named")})
    return naming.on_conflict_do_update(index_elements=_PLACE, set_={"name": naming.excluded.name})


def _last(column: ColumnElement[int]) -> ScalarSelect[int]:
    return (
        select(column)
        .where(*(sessions.c[name] == machines.c[name] for name in _PLACE))
        .order_by(sessions.c.ts_ms.desc(), sessions.c.seq.desc())
        .limit(1)
        .correlate(machines)
        .scalar_subquery()
    )


_NOTE = Insert(machines, (*_PLACE, "last_seq", "last_ms"), _note_later)
_LOOK_UP = Statement(
    update(machines)
    .where(*_at_the_machine(*_PLACE))
    .values(last_seq=_last(sessions.c.seq), last_ms=_last(sessions.c.ts_ms))
)
_NAME = Statement(_name)
_DROP = Statement(
    delete(machines).where(*_at_the_machine(*_PLACE), machines.c.last_seq.is_(None), machines.c.name.is_(None))
)
_NAMED = Statement(
    select(machines.c.machine_id, machines.c.name).where(
        *_at_the_machine("store_id", "camera_id"), machines.c.name.is_not(None)
    )
)
_SETUP_OF = Statement(
    select(camera_setups.c.body).where(
        camera_setups.c.store_id == bindparam("of_store_id"), camera_setups.c.camera_id == bindparam("of_camera_id")
    )
)
# Before the machines' rows: a setup that comes meanwhile waits.
_HOLD_SETUP = RowLock(
    select(camera_setups.c.store_id).where(
        camera_setups.c.store_id == bindparam("of_store_id"), camera_setups.c.camera_id == bindparam("of_camera_id")
    )
)
_STORED = select(*machines.c[(*_PLACE, "last_seq", "last_ms", "name")])
_ranked = select(
    *sessions.c[(*_PLACE, "seq", "ts_ms")],
    func.row_number()
    .over(partition_by=sessions.c[_PLACE], order_by=[sessions.c.ts_ms.desc(), sessions.c.seq.desc()])
    .label("place"),
).subquery()
_LAST = select(*_ranked.c[(*_PLACE, "seq", "ts_ms")]).where(_ranked.c.place == 1)
_SETUPS = select(camera_setups.c.store_id, camera_setups.c.camera_id, camera_setups.c.body).where(
    camera_setups.c.body.is_not(None)
)


@dataclass(frozen=True, slots=True)
class MachineRow:
    """What is known of a machine: the number and the time (ms since 1970) of its last session, and its name."""

    last_seq: int | None = None
    last_ms: int | None = None
    name: str | None = None


def note_sessions(transaction: Transaction, begun: Iterable[tuple[Place, int, int]]) -> None:
    """Write down of each machine which of these sessions is its last, if it is later than the one that was.

    Each comes with its number and its ts_ms. The machines' rows are held then.
    """
    last: dict[Place, tuple[int, int]] = {}
    for key, seq, ts_ms in begun:
        last[key] = max(last.get(key, (ts_ms, seq)), (ts_ms, seq))
    _NOTE.run(transaction, [(*key, seq, ts_ms) for key, (ts_ms, seq) in sorted(last.items())])


def look_up_last(transaction: Transaction, keys: Iterable[Place]) -> None:
    """Look the last session of each of these machines up: one has moved or gone."""
    ordered = sorted(set(keys))
    _NOTE.run(transaction, [(*key, None, None) for key in ordered])
    for key in ordered:
        _LOOK_UP.run(transaction, _of(*key))
        _DROP.run(transaction, _of(*key))


def note_names(transaction: Transaction, store_id: str, camera_id: str, names: Mapping[str, str]) -> None:
    """Let the camera's machines be called `names`, by their ids, and its others nothing.

    The camera's row of setups is held already.
    """
    here = {"of_store_id": store_id, "of_camera_id": camera_id}
    known = dict(_NAMED.run(transaction, here).fetchall())
    for machine_id in sorted(known.keys() | names.keys()):
        if known.get(machine_id) != names.get(machine_id):
            at_machine = _of(store_id, camera_id, machine_id)
            _NAME.run(transaction, at_machine | {"named": names.get(machine_id)})
            _DROP.run(transaction, at_machine)


def setup_names(body: str | None) -> dict[str, str]:
    """The names of the machines in a setup's JSON, by their ids; also of one that today's contract would refuse."""
    setup = from_json(body) if body is not None else {}
    listed = setup.get("machines") if isinstance(setup, dict) else None
    return {
        machine["machine_id"]: machine["name"]
        for machine in (listed if isinstance(listed, list) else [])
        if isinstance(machine, dict) and all(isinstance(machine.get(key), str) for key in ("machine_id", "name"))
    }


def differing_machines(connection: Connection) -> Iterator[tuple[Place, MachineRow | None, MachineRow | None]]:
    """The machines whose rows are not what follows from all sessions and setups: what is stored, what it is to be.

    One of both is None where there is none; `connection` sees one state of the database.
    """
    expected: dict[Place, MachineRow] = {
        (row[0], row[1], row[2]): MachineRow(row[3], row[4]) for row in connection.execute(_LAST)
    }
    for setup in connection.execute(_SETUPS):
        for machine_id, name in setup_names(setup.body).items():
            key = (setup.store_id, setup.camera_id, machine_id)
            last = expected.get(key, MachineRow())
            expected[key] = MachineRow(last.last_seq, last.last_ms, name)
    stored = {(row[0], row[1], row[2]): MachineRow(row[3], row[4], row[5]) for row in connection.execute(_STORED)}
    for key in sorted(expected.keys() | stored.keys()):
        if stored.get(key) != expected.get(key):
            yield key, stored.get(key), expected.get(key)


def repair_machine(database: Database, key: Place) -> None:
    """Write the machine's row anew as it follows from what is stored by now."""
    with database.write() as transaction:
        at_machine = _of(*key)
        _HOLD_SETUP.hold(transaction, at_machine)
        setup = _SETUP_OF.run(transaction, at_machine).fetchone()
        name = setup_names(setup[0]).get(key[2]) if setup is not None else None
        _NAME.run(transaction, at_machine | {"named": name})
        look_up_last(transaction, [key])


def _of(store_id: str, camera_id: str, machine_id: str) -> dict[str, Any]:
    return {"of_store_id": store_id, "of_camera_id": camera_id, "of_machine_id": machine_id}
