"""GET /stats from the database: which sessions a span touches, and when its machines were observed."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, bindparam, func, select

from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.queries import MAX_STATS_INTERVAL, StatsQuery
from backend_api.contract.stats import BucketFigures, Figures, MachineFigures, PeakHour, Stats
from backend_api.reports.buckets import Stretch, union
from backend_api.reports.figures import Tallies, Tally, Use
from backend_api.reports.machines import Place, places
from backend_api.store.paging import also
from backend_api.store.tables import events, observed_intervals, sessions

_DEFAULT_SPAN = timedelta(days=7)

_Row = Row[*tuple[Any, ...]]

_OF_MACHINE = select(
    *sessions.c["ts_ms", "started_ms", "ended_ms", "opened_ms", "closes_ms", "attempt_ms", "verdict"]
).where(
    sessions.c.store_id == bindparam("store"),
    sessions.c.camera_id == bindparam("camera"),
    sessions.c.machine_id == bindparam("machine"),
)
_BEFORE = (
    _OF_MACHINE.where(sessions.c.ts_ms < bindparam("begin_ms"))
    .order_by(sessions.c.ts_ms.desc(), sessions.c.seq.desc())
    .limit(1)
)
_DURING = _OF_MACHINE.where(sessions.c.ts_ms >= bindparam("begin_ms"), sessions.c.ts_ms < bindparam("end_ms")).order_by(
    sessions.c.ts_ms, sessions.c.seq
)


def stats_interval(query: StatsQuery, now: datetime) -> Stretch:
    """From `since` to `until`, of which one or both may follow from `now` (aware)."""
    until = query.until or (
        now if query.since is None else min(max(now, query.since), query.since + MAX_STATS_INTERVAL)
    )
    since = query.since or until - _DEFAULT_SPAN
    return Stretch(to_ms(since), to_ms(until))


def read_stats(connection: Connection, query: StatsQuery, now: datetime) -> Stats:
    """The figures that `query` asks for, as they are at `now`."""
    span = stats_interval(query, now)
    # The future is neither observed nor over.
    past = Stretch(span.begin_ms, min(span.end_ms, max(span.begin_ms, to_ms(now))))
    machines = places(connection, query)
    rows = _rows_by_place(connection, machines, past)
    tallies = Tallies(machines, span, query.by, ZoneInfo(query.tz))
    for camera, of_camera in _by_camera(machines).items():
        watched = _watched(connection, *camera, past)
        last_ms = max((stretch.end_ms for stretch in watched), default=past.begin_ms)
        uses = {place: list(_uses(place, rows[place], last_ms, past)) for place in of_camera}
        occupied = [use.occupied.within(past) for of_place in uses.values() for use in of_place]
        observed = union([*watched, *occupied])
        for place in of_camera:
            tallies.add_observed(place, observed)
            for use in uses[place]:
                tallies.add_use(use)
    return _answer(query, tallies)


def _by_camera(machines: Iterable[Place]) -> dict[tuple[str, str], list[Place]]:
    found: dict[tuple[str, str], list[Place]] = defaultdict(list)
    for place in machines:
        found[place.store_id, place.camera_id].append(place)
    return found


def _rows_by_place(connection: Connection, machines: Sequence[Place], past: Stretch) -> dict[Place, Sequence[_Row]]:
    """Each machine's sessions that touch `past`: those that begin in it, and the last one before it."""
    return {place: _rows(connection, place, past) for place in machines}


def _rows(connection: Connection, place: Place, past: Stretch) -> Sequence[_Row]:
    values = {"store": place.store_id, "camera": place.camera_id, "machine": place.machine_id}
    values_ms = {"begin_ms": past.begin_ms, "end_ms": past.end_ms}
    return [row for statement in (_BEFORE, _DURING) for row in connection.execute(statement, {**values, **values_ms})]


def _uses(place: Place, rows: Sequence[_Row], last_ms: int, past: Stretch) -> Iterator[Use]:
    """What the sessions of one machine, in order, count for; who has not left is there until `last_ms`."""
    for row, following in pairwise([*rows, None]):
        assert row is not None  # noqa: S101 - only the last of a pair is
        # Of a use whose START has not arrived nobody knows how long it was.
        begin_ms, end_ms = (row.ts_ms, row.ts_ms) if row.started_ms is None else (row.started_ms, row.ended_ms)
        left = row.started_ms is not None and (row.ended_ms is not None or row.opened_ms is not None)
        if end_ms is None:
            end_ms = last_ms if row.opened_ms is None else row.opened_ms
        closed_ms = row.closes_ms if following is None or row.closes_ms is None else min(row.closes_ms, following.ts_ms)
        occupied = Stretch(begin_ms, max(begin_ms, end_ms))
        yield Use(
            place=place,
            occupied=occupied,
            stay_ms=occupied.length_ms if left else None,
            opened_ms=row.opened_ms,
            closed_ms=closed_ms if closed_ms is not None and closed_ms < past.end_ms else None,
            attempt_ms=row.attempt_ms,
            verdict=row.verdict,
        )


def _watched(connection: Connection, store_id: str, camera_id: str, past: Stretch) -> list[Stretch]:
    """When the camera's edge reported; without any report, from its first event in `past` to its last."""
    reported = connection.execute(
        select(observed_intervals.c.begin_ms, observed_intervals.c.end_ms).where(
            observed_intervals.c.store_id == store_id,
            observed_intervals.c.camera_id == camera_id,
            observed_intervals.c.end_ms >= past.begin_ms,
            observed_intervals.c.begin_ms < past.end_ms,
        )
    ).all()
    if reported:
        return [Stretch(row.begin_ms, row.end_ms).within(past) for row in reported]
    first_ms, last_ms = (
        connection.execute(
            select(end(events.c.ts_ms)).where(
                events.c.camera_id == camera_id,
                also(events.c.store_id, [store_id]),
                events.c.ts_ms >= past.begin_ms,
                events.c.ts_ms < past.end_ms,
            )
        ).scalar()
        for end in (func.min, func.max)
    )
    return [] if first_ms is None or last_ms is None else [Stretch(first_ms, last_ms)]


def _answer(query: StatsQuery, tallies: Tallies) -> Stats:
    by_hour = tallies.occupied_ms_by_hour
    busiest = max(range(24), key=lambda hour: by_hour[hour])
    return Stats(
        since=from_ms(tallies.span.begin_ms),
        until=from_ms(tallies.span.end_ms),
        tz=query.tz,
        by=query.by,
        total=Figures(**_figures(tallies.total)),
        peak_hour=PeakHour(hour=busiest, occupied_s=by_hour[busiest] / 1000) if by_hour[busiest] else None,
        machines=[
            MachineFigures(
                store_id=place.store_id,
                camera_id=place.camera_id,
                machine_id=place.machine_id,
                **_figures(tally),
            )
            for place, tally in tallies.by_machine.items()
        ],
        buckets=[
            BucketFigures(begin=from_ms(bucket.begin_ms), end=from_ms(bucket.end_ms), **_figures(tally))
            for bucket, tally in zip(tallies.buckets, tallies.by_bucket, strict=True)
        ],
    )


def _figures(tally: Tally) -> dict[str, Any]:
    """The fields of Figures that follow from `tally`."""
    return {
        "occupied_s": tally.occupied_ms / 1000,
        "observed_s": tally.observed_ms / 1000,
        "utilisation": tally.utilisation,
        "sessions": tally.sessions,
        "median_stay_s": tally.median_stay_s,
        "windows_closed": tally.windows.total(),
        "windows_cleaned": tally.windows["cleaned"],
        "windows_not_attempted": tally.windows["not_attempted"],
        "windows_not_cleaned": tally.windows["not_cleaned"],
        "windows_cannot_tell": tally.windows["cannot_tell"],
        "windows_unjudged": tally.windows["unjudged"],
        "compliance": tally.compliance,
        "median_to_clean_s": tally.median_to_clean_s,
    }
