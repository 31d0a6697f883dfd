"""The sessions of an interval as figures count them, and when their machines were observed, from the database."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, func, select, tuple_

from backend_api.base.instants import to_ms
from backend_api.contract.bounds import OutOfBounds
from backend_api.contract.corrections import UseTruth
from backend_api.contract.queries import MAX_CHAIN_MACHINES, MAX_STATS_INTERVAL, IntervalQuery, MachineQuery
from backend_api.contract.stats import Hours
from backend_api.contract.values import MachineKey
from backend_api.reports.buckets import Interval, union
from backend_api.reports.figures import Use
from backend_api.reports.machines import wanted_machines
from backend_api.reports.opening import open_intervals
from backend_api.store.camera_status import CameraKey
from backend_api.store.cameras import LONGEST_OBSERVED_MS
from backend_api.store.db.tables import machines, observed_intervals, sessions
from backend_api.store.review_draws import DECIDED
from backend_api.store.stores import read_settings
from backend_api.store.uses.session_row import CLEANED, FAILED, NO_USE, OPENED, UNOPENED, WAITING

# What a window counts as, where that is not called like its session's outcome_key.
_WINDOWS = {UNOPENED: "not_attempted", OPENED: "not_attempted", WAITING: "unjudged", FAILED: "unjudged"}
_DEFAULT_SPAN = timedelta(days=7)
# A year of 2,000 machines takes 6 s, and so do 700 machines by the hours of a year.
MAX_STATS_MACHINES = 2_000
# Without a store: a chain asks store by store, which many can do at once.
MAX_STATS_CELLS = 6_000_000
Unwritten = Mapping[CameraKey, Sequence[tuple[int, int]]]
"""From when to when cameras were observed, as far as the database does not hold it yet, by their keys."""

_Row = Row[*tuple[Any, ...]]

_PLACE = ("store_id", "camera_id", "machine_id")
_KEY = tuple(machines.c[name] for name in _PLACE)
# So many machines are read by one statement: a gym's at once, and never all sessions of a year of many gyms.
MACHINES_A_READ = 200
_THESE = (
    machines.c.last_seq.is_not(None),
    tuple_(*_KEY) >= tuple_(*(bindparam(f"first_{name}") for name in _PLACE)),
    tuple_(*_KEY) <= tuple_(*(bindparam(f"last_{name}") for name in _PLACE)),
)
_earlier = sessions.alias("earlier")
_last_before_ms = (
    select(_earlier.c.ts_ms)
    .where(
        *(_earlier.c[name] == machines.c[name] for name in _PLACE),
        _earlier.c.ts_ms < bindparam("begin_ms"),
        _earlier.c.outcome_key != NO_USE,
    )
    .order_by(_earlier.c.ts_ms.desc(), _earlier.c.seq.desc())
    .limit(1)
    .correlate(machines)
    .scalar_subquery()
)
# Machine by machine along the index of places: an outer join lets no planner begin with the sessions of all others.
_SESSIONS = (
    select(
        *_KEY,
        *sessions.c["ts_ms", "started_ms", "ended_ms", "opened_ms", "closes_ms", "attempt_ms", "outcome_key"],
        *sessions.c["attempt_seq", "verdict", "end_seq", "end_verdict", "judged_seq"],
        *sessions.c["correction", "source_key"],
    )
    .outerjoin_from(
        machines,
        sessions,
        and_(
            *(sessions.c[name] == machines.c[name] for name in _PLACE),
            sessions.c.ts_ms >= func.coalesce(_last_before_ms, bindparam("begin_ms")),
            sessions.c.ts_ms < bindparam("end_ms"),
        ),
    )
    .where(*_THESE)
    .order_by(*_KEY, sessions.c.ts_ms, sessions.c.seq)
)


@dataclass(frozen=True, slots=True)
class StatsInterval:
    """From `since` to `until` of a query, and what of it is over: the future is neither observed nor over."""

    span: Interval
    past: Interval


@dataclass(frozen=True, slots=True)
class CameraUses:
    """The uses of one camera's machines, and when these were observed, which includes all time in use.

    `no_uses_ms` are when sessions began that were none, as people say: milliseconds since 1970. `source_keys` count
    by what the sessions that began were found.
    """

    camera: CameraKey
    observed: Sequence[Interval]
    uses: Mapping[MachineKey, Sequence[Use]]
    no_uses_ms: Mapping[MachineKey, Sequence[int]]
    source_keys: Mapping[str | None, int]


def stats_interval(query: IntervalQuery, now: datetime) -> StatsInterval:
    """From `since` to `until`, of which one or both may follow from `now` (aware)."""
    until = query.until or (
        now if query.since is None else min(max(now, query.since), query.since + MAX_STATS_INTERVAL)
    )
    since = query.since or until - _DEFAULT_SPAN
    span = Interval(to_ms(since), to_ms(until))
    return StatsInterval(span, Interval(span.begin_ms, min(span.end_ms, max(span.begin_ms, to_ms(now)))))


def check_size(query: IntervalQuery, machines: Sequence[MachineKey], buckets: int = 1) -> None:
    """Raise OutOfBounds when the figures of `machines`, cut into `buckets`, would take longer than anybody waits."""
    fewer = "give store_id, camera_id or machine_id"
    if query.store_id is None and len(machines) > MAX_CHAIN_MACHINES:
        message = f"{len(machines)} machines, and figures of several stores are of at most {MAX_CHAIN_MACHINES}"
        cure = "ask store by store, with store_id, or for what adds up over whole days: GET /stats/days"
        raise OutOfBounds("store_id", f"{message}: {cure}")
    if len(machines) > MAX_STATS_MACHINES:
        message = f"{len(machines)} machines, and figures are of at most {MAX_STATS_MACHINES}: {fewer}"
        raise OutOfBounds("store_id", message)
    if len(machines) * buckets > MAX_STATS_CELLS:
        cure = f"ask for days instead of hours, for less time, or {fewer}"
        raise OutOfBounds("by", f"{len(machines)} machines in {buckets} buckets take too long: {cure}")


def read_opened(
    connection: Connection, query: IntervalQuery, span: Interval, store_ids: Iterable[str]
) -> dict[str, Sequence[Interval]]:
    """When each store's hours count within `span`: its opening hours, or all hours where `query` asks for these."""
    wanted = set(store_ids)
    known = read_settings(connection, wanted) if query.hours is Hours.OPEN else {}
    return {store_id: open_intervals(known[store_id], span) if store_id in known else [span] for store_id in wanted}


def read_uses(
    connection: Connection, query: MachineQuery, machines: Sequence[MachineKey], past: Interval, unwritten_ms: Unwritten
) -> Iterator[CameraUses]:
    """The uses that touch `past`, camera by camera; `unwritten_ms` is Cameras.unwritten_ms().

    `machines` are machine_keys() of `query`; `connection` sees one state of the database.
    """
    for part in _parts(machines):
        values: dict[str, object] = {"begin_ms": past.begin_ms, "end_ms": past.end_ms}
        for end, machine in (("first", part[0]), ("last", part[-1])):
            values |= {f"{end}_{name}": getattr(machine, name) for name in _PLACE}
        values["day_ago_ms"] = past.begin_ms - LONGEST_OBSERVED_MS
        reported = _reported(connection, query, values)
        rows = connection.execute(_SESSIONS.where(*wanted_machines(query)), values)
        for camera, of_camera in groupby(rows, lambda row: (row.store_id, row.camera_id)):
            found = {MachineKey(*camera, name): _touching(row, past) for name, row in groupby(of_camera, _machine_id)}
            yield _camera_uses(camera, found, [*reported[camera], *unwritten_ms.get(camera, ())], past)


def _parts(machines: Sequence[MachineKey]) -> Iterator[list[MachineKey]]:
    """`machines`, which are in order, in parts of whole cameras: of MACHINES_A_READ or a few more."""
    part: list[MachineKey] = []
    for _, of_camera in groupby(machines, lambda machine: (machine.store_id, machine.camera_id)):
        part += of_camera
        if len(part) >= MACHINES_A_READ:
            yield part
            part = []
    if part:
        yield part


def _machine_id(row: _Row) -> str:
    return str(row.machine_id)


def _touching(rows: Iterable[_Row], past: Interval) -> list[_Row]:
    """One machine's sessions that touch `past`: those that begin in it, and the last one before it that was a use."""
    found: list[_Row] = []
    for row in rows:
        if row.ts_ms is None or (row.ts_ms < past.begin_ms and row.outcome_key == NO_USE):
            continue
        if row.ts_ms < past.begin_ms:
            found.clear()
        found.append(row)
    return found


def _camera_uses(
    camera: CameraKey, rows: Mapping[MachineKey, Sequence[_Row]], reported_ms: Sequence[tuple[int, int]], past: Interval
) -> CameraUses:
    watched = _watched(reported_ms, rows, past)
    last_ms = max((interval.end_ms for interval in watched), default=past.begin_ms)
    counted = {machine: [row for row in found if row.outcome_key != NO_USE] for machine, found in rows.items()}
    uses = {machine: list(_uses(machine, found, last_ms, past)) for machine, found in counted.items()}
    no_uses_ms = {machine: [row.ts_ms for row in found if row.outcome_key == NO_USE] for machine, found in rows.items()}
    occupied = [use.occupied.within(past) for of_place in uses.values() for use in of_place]
    begun = (row for of_place in rows.values() for row in of_place if row.ts_ms >= past.begin_ms)
    source_keys = Counter(row.source_key for row in begun)
    return CameraUses(camera, union([*watched, *occupied]), uses, no_uses_ms, source_keys)


def _uses(machine: MachineKey, rows: Sequence[_Row], last_ms: int, past: Interval) -> Iterator[Use]:
    """The uses that the sessions of one machine, in order, count as; a use without an end lasts until `last_ms`."""
    for row, following in pairwise([*rows, None]):
        assert row is not None  # noqa: S101 - only the last of a pair is
        # Of a use whose START has not arrived nobody knows how long it was.
        begin_ms, end_ms = (row.ts_ms, row.ts_ms) if row.started_ms is None else (row.started_ms, row.ended_ms)
        left = row.started_ms is not None and (row.ended_ms is not None or row.opened_ms is not None)
        if end_ms is None:
            end_ms = last_ms if row.opened_ms is None else row.opened_ms
        # A machine is in use by one person at a time: where an END was lost, the next use ends the one before.
        end_ms = end_ms if following is None else min(end_ms, following.ts_ms)
        closed_ms = row.closes_ms if following is None or row.closes_ms is None else min(row.closes_ms, following.ts_ms)
        yield Use(
            machine=machine,
            occupied=Interval(begin_ms, max(begin_ms, min(end_ms, past.end_ms))),
            stay_ms=max(0, end_ms - begin_ms) if left else None,
            opened_ms=row.opened_ms,
            closed_ms=closed_ms if closed_ms is not None and closed_ms < past.end_ms else None,
            attempt_ms=row.attempt_ms,
            window=_WINDOWS.get(row.outcome_key, row.outcome_key),
            cleaned_before_leaving=row.outcome_key == CLEANED and row.judged_seq == row.end_seq,
            judged=_judged(row),
            is_of_two=row.correction == UseTruth.TWO_PEOPLE,
        )


def _judged(row: _Row) -> tuple[int, ...]:
    """The events with a verdict that decides."""
    said = ((row.attempt_seq, row.verdict), (row.end_seq, row.end_verdict))
    return tuple(seq for seq, verdict in said if seq is not None and verdict in DECIDED)


def _reported(
    connection: Connection, query: MachineQuery, values: Mapping[str, object]
) -> Mapping[CameraKey, list[tuple[int, int]]]:
    """From when to when each camera's edge reported, of what touches the time that `values` name."""
    found: dict[CameraKey, list[tuple[int, int]]] = defaultdict(list)
    of_query = _reporting(wanted_machines(query))
    for row in connection.execute(of_query, values):
        if row.begin_ms is not None:
            found[row.store_id, row.camera_id].append((row.begin_ms, row.end_ms))
    return found


def _reporting(wanted: Sequence[ColumnElement[bool]]) -> Select[str, str, int, int]:
    these = select(*_KEY[:2]).where(*_THESE, *wanted).distinct().subquery()
    return select(*these.c, *observed_intervals.c["begin_ms", "end_ms"]).outerjoin_from(
        these,
        observed_intervals,
        and_(
            *(observed_intervals.c[column.key] == column for column in these.c),
            observed_intervals.c.end_ms >= bindparam("begin_ms"),
            # By the index: none is longer than a day.
            observed_intervals.c.begin_ms >= bindparam("day_ago_ms"),
            observed_intervals.c.begin_ms < bindparam("end_ms"),
        ),
    )


def _watched(
    reported_ms: Sequence[tuple[int, int]], rows: Mapping[MachineKey, Sequence[_Row]], past: Interval
) -> list[Interval]:
    """When the camera's edge reported; without any report, from its first event in `past` to its last.

    Sessions outlive their events: without reports, too, what was observed stays the same when old events go.
    """
    intervals = [Interval(*ms) for ms in reported_ms if ms[1] >= past.begin_ms and ms[0] < past.end_ms]
    if intervals:
        return [interval.within(past) for interval in intervals]
    happened_ms = [
        at_ms
        for of_machine in rows.values()
        for row in of_machine
        for at_ms in (row.started_ms, row.ended_ms, row.opened_ms, row.attempt_ms)
        if at_ms is not None and past.begin_ms <= at_ms < past.end_ms
    ]
    return [Interval(min(happened_ms), max(happened_ms))] if happened_ms else []
