"""No read of pages, machines and figures walks through all events or sessions: an index leads to what it shows.

SQLite's planner does not look at what is stored. PostgreSQL's does, and reads a small table whole; asked not to, it
shows whether an index could lead there, which it takes where the table is large.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.engine import Engine

from backend_api.contract.events import EventType
from backend_api.contract.queries import EventQuery
from backend_api.store.store import Store
from tests.backend_api.reports.test_sessions import make_session
from tests.benchmarks.reads import READS, Place, Reading, uncleaned_sessions_page

pytestmark = pytest.mark.both_databases

# What a gym has once; all others, and their aliases, grow with every use.
SMALL = {"machines", "cameras", "sources", "stores"}
Statement = tuple[str, Any]


@contextmanager
def noted() -> Iterator[list[Statement]]:
    """The statements that are run while this is entered, with their parameters."""
    found: list[Statement] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.lstrip("(").startswith(("SELECT", "WITH")):
            found.append((statement, parameters))

    sqlalchemy_event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sqlalchemy_event.remove(Engine, "before_cursor_execute", note)


def whole_tables(store: Store, statement: str, parameters: Any) -> list[str]:  # noqa: ANN401 - a driver's
    """Which tables the database would read whole, without an index."""
    with store.database.snapshot() as connection:
        if connection.dialect.name == "sqlite":
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            steps = [str(row[3]).split() for row in rows]
            scanned = [step[1] for step in steps if step[0] == "SCAN" and "INDEX" not in step]
            # What SQLAlchemy calls a part of the statement in brackets: the rows that it has found so far.
            return [name for name in scanned if not name.startswith("anon_")]
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        [plan] = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
        return list(_sequential(plan["Plan"]))


def _sequential(node: dict[str, Any]) -> Iterator[str]:
    yield from (each["Relation Name"] for each in _nodes(node) if each["Node Type"] == "Seq Scan")


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A step of PostgreSQL's plan, and all below it."""
    yield node
    for part in node.get("Plans", ()):
        yield from _nodes(part)


@pytest.mark.parametrize("place", [{}, {"store_id": "gym_demo"}], ids=["all", "one_gym"])
@pytest.mark.parametrize("reading", READS)
def test_no_read_walks_through_what_grows(store: Store, reading: Reading, place: Place) -> None:
    store.events.add([*make_session(1), *make_session(2, machine_id="bike_07")])
    read = reading(store, 8, place)
    with noted() as statements:
        read()
    assert statements
    for statement, parameters in statements:
        assert set(whole_tables(store, statement, parameters)) <= SMALL, statement


@pytest.mark.sqlite_alone
def test_outcomes_of_one_gym_are_found_by_an_index_of_their_own(store: Store) -> None:
    store.events.add(make_session(1))
    with noted() as statements:
        uncleaned_sessions_page(store, 4, {"store_id": "gym_demo"})()
    with store.database.read() as connection:
        steps = [
            str(row[3])
            for statement, parameters in statements
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
        ]
    assert any("ix_sessions_store_outcome (store_id=? AND outcome_key=? AND is_reviewed=?" in step for step in steps)


def attempts_and_ends(store: Store, _count: int, place: Place) -> Callable[[], object]:
    query = EventQuery(**place, event_type=[EventType.CLEANING_ATTEMPT, EventType.MACHINE_OCCUPIED_END])
    return lambda: store.events.page(query)


def are_merged(store: Store, statement: str, parameters: Any) -> bool:  # noqa: ANN401 - a driver's
    """Whether several walks come to an end with the page, instead of all that they come by being sorted."""
    with store.database.read() as connection:
        if connection.dialect.name == "sqlite":
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            return any(row[3] == "MERGE (UNION ALL)" for row in rows)
        [plan] = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
    walks = [walk for node in _nodes(plan["Plan"]) if "Append" in node["Node Type"] for walk in node["Plans"]]
    # With or without a step that only names its columns.
    tops = [(walk["Plans"][0] if walk["Node Type"] == "Subquery Scan" else walk) for walk in walks]
    return bool(tops) and all(top["Node Type"] == "Limit" for top in tops)


@pytest.mark.parametrize("reading", [uncleaned_sessions_page, attempts_and_ends])
def test_several_walks_end_with_the_page(store: Store, reading: Reading) -> None:
    store.events.add([*make_session(1), *make_session(2)])
    with noted() as statements:
        reading(store, 8, {})()
    together = [(statement, parameters) for statement, parameters in statements if "UNION ALL" in statement]
    assert len(together) == 1
    assert are_merged(store, *together[0])


def test_a_walk_through_what_grows_would_be_seen(store: Store) -> None:
    store.events.add(make_session(1))
    assert whole_tables(store, "SELECT body FROM events WHERE body = 'x'", ()) == ["events"]
