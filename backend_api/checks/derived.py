"""Whether what follows from what is stored is what the tables hold: sessions, machines, verdicts, the log, days.

All of it can be made anew from what is stored, which is what a repair does. Nothing is deleted.
"""

from collections.abc import Iterator
from functools import partial

from sqlalchemy import bindparam, func, select

from backend_api.checks.finding import Finding, Kind
from backend_api.checks.sweep import WINDOW_ROWS, in_window, sweep
from backend_api.reports.days import differing_day
from backend_api.store.db.database import Database
from backend_api.store.db.store_days import StoreDays, read_keys
from backend_api.store.db.tables import ChangeKind, changes, enrichments, events, results, sessions
from backend_api.store.uses.machines import differing_machines, repair_machine
from backend_api.store.uses.recomputation import differences, log_event, repair_session, repair_verdict

_SESSIONS_A_COMPARISON = 500
# A gym's day takes some 40 ms.
DAYS_COMPARED = 200
_earlier = events.alias("earlier")
# A session that has outlived its events is not made anew from what may have come again.
_HAS_OUTLIVED = (
    select(sessions.c.seq)
    .where(sessions.c.session_id == events.c.session_id, sessions.c.events_removed_ms.is_not(None))
    .exists()
)
# Each session in the window of its first event alone.
_BEGUN = (
    select(events.c.session_id)
    .where(
        in_window(events.c.seq),
        ~select(_earlier.c.seq)
        .where(_earlier.c.session_id == events.c.session_id, _earlier.c.seq < events.c.seq)
        .exists(),
        ~_HAS_OUTLIVED,
    )
    .order_by(events.c.seq)
)
_EVENTLESS = select(sessions.c.session_id).where(
    sessions.c.events_removed_ms.is_(None),
    ~select(events.c.seq).where(events.c.session_id == sessions.c.session_id).exists(),
)
_newest_verdict = (
    select(results.c.verdict)
    .where(results.c.seq == enrichments.c.seq)
    .order_by(results.c.id.desc())
    .limit(1)
    .scalar_subquery()
)
_OTHER_VERDICT = (
    select(events.c.seq, events.c.event_id, enrichments.c.verdict, _newest_verdict.label("newest"))
    .select_from(enrichments.join(events))
    .where(in_window(enrichments.c.seq), enrichments.c.verdict.is_distinct_from(_newest_verdict))
)
_LOGGED = (
    select(changes.c.id, changes.c.seq)
    .where(changes.c.id > bindparam("after"), changes.c.kind == ChangeKind.EVENT.value)
    .order_by(changes.c.id)
    .limit(WINDOW_ROWS)
)
_EVENTS = select(events.c.seq, events.c.event_id).where(in_window(events.c.seq))


def check_derived(database: Database) -> Iterator[Finding]:
    """The sessions, machines, verdicts, days and changes that are not what follows from what is stored."""
    yield from _other_verdicts(database)
    ids = [row.session_id for row in sweep(database, _BEGUN)]
    with database.read() as connection:
        ids += connection.execute(_EVENTLESS).scalars()
    for start in range(0, len(ids), _SESSIONS_A_COMPARISON):
        part = ids[start : start + _SESSIONS_A_COMPARISON]
        with database.snapshot() as connection:
            found = list(differences(connection, part))
        for difference in found:
            repair = partial(repair_session, database, difference.session_id)
            if difference.expected is None:
                cure = "look for its events in a backup; until then it stays as it is"
                yield Finding(Kind.DIFFERENT_SESSION, difference.session_id, str(difference), cure)
            else:
                cure = "--fix writes it anew"
                yield Finding(Kind.DIFFERENT_SESSION, difference.session_id, str(difference), cure, repair=repair)
    yield from _other_machines(database)
    yield from _other_days(database)
    yield from _unlogged(database)


def _other_machines(database: Database) -> Iterator[Finding]:
    with database.snapshot() as connection:
        found = list(differing_machines(connection))
    for key, stored, expected in found:
        text = f"it is listed as {stored}, by its sessions and its camera's setup it is {expected}"
        repair = partial(repair_machine, database, key)
        yield Finding(Kind.DIFFERENT_MACHINE, "/".join(key), text, "--fix lists it anew", repair=repair)


def _other_days(database: Database) -> Iterator[Finding]:
    """Of the days whose figures are kept, DAYS_COMPARED at most: as far from each other as they lie."""
    with database.read() as connection:
        keys = read_keys(connection)
    for day, store_id in keys[:: 1 + len(keys) // DAYS_COMPARED]:
        with database.snapshot() as connection:
            found = differing_day(connection, day, store_id)
        if found is not None:
            key, stored, expected = found
            text = f"its figures are kept as {stored}, by its sessions they are {expected}"
            repair = partial(StoreDays(database).drop, key)
            cure = "--fix drops it, and those of the store behind it; they are computed again"
            yield Finding(Kind.DIFFERENT_DAY, f"{store_id} {day}", text, cure, repair=repair)


def _unlogged(database: Database) -> Iterator[Finding]:
    with database.read() as connection:
        # Later events may be logged after the log is read here.
        last = connection.execute(select(func.max(events.c.seq))).scalar() or 0
    logged = _logged(database)
    # Versions that had no log yet logged nothing.
    first = next((seq for seq, is_logged in enumerate(logged) if is_logged), len(logged))
    for row in sweep(database, _EVENTS):
        if first < row.seq <= last and not (row.seq < len(logged) and logged[row.seq]):
            text = "it is stored, but was never told to those who follow what is new"
            repair = partial(log_event, database, row.seq)
            yield Finding(Kind.UNLOGGED_EVENT, row.event_id, text, "--fix tells them now", repair=repair)


def _logged(database: Database) -> bytearray:
    """For each event's number a byte, which is 1 when it was logged; so that millions take megabytes."""
    logged = bytearray()
    after = 0
    while True:
        with database.read() as connection:
            rows = connection.execute(_LOGGED, {"after": after}).all()
        if not rows:
            return logged
        logged.extend(bytes(max(0, max(row.seq for row in rows) + 1 - len(logged))))
        for row in rows:
            logged[row.seq] = 1
        after = rows[-1].id


def _other_verdicts(database: Database) -> Iterator[Finding]:
    for row in sweep(database, _OTHER_VERDICT):
        text = f"it is listed under the verdict {row.verdict}, its newest is {row.newest}"
        repair = partial(repair_verdict, database, row.seq)
        yield Finding(Kind.DIFFERENT_VERDICT, row.event_id, text, "--fix lists it under its newest", repair=repair)
