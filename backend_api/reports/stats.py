"""GET /stats from the database: what the uses of a span add up to."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from backend_api.base.instants import from_ms
from backend_api.contract.queries import StatsQuery
from backend_api.contract.stats import BucketFigures, Figures, KindFigures, MachineFigures, PeakHour, Stats
from backend_api.reports.buckets import Stretch, union
from backend_api.reports.figures import Tallies, Tally
from backend_api.reports.kinds import Watched, measure_availability
from backend_api.reports.machines import Place, places
from backend_api.reports.opening import overlap
from backend_api.reports.uses import read_opened, read_uses, stats_interval
from backend_api.store.cameras import machine_kinds


def read_stats(connection: Connection, query: StatsQuery, now: datetime) -> Stats:
    """The figures that `query` asks for, as they are at `now`."""
    interval = stats_interval(query, now)
    machines = places(connection, query)
    opened = read_opened(connection, query, interval.span, (place.store_id for place in machines))
    tallies = Tallies(machines, interval.span, query.by, ZoneInfo(query.tz))
    watched: dict[Place, Watched] = {}
    for camera in read_uses(connection, machines, interval.past):
        for place, uses in camera.uses.items():
            hours = opened[place.store_id]
            observed = overlap(camera.observed, hours)
            tallies.add_observed(place, observed)
            for use in uses:
                tallies.add_use(use, hours)
            occupied = union([use.occupied.within(interval.past) for use in uses])
            watched[place] = Watched(observed, overlap(occupied, hours))
    kinds = _kinds(machine_kinds(connection), watched, interval.past, ZoneInfo(query.tz))
    return _answer(query, tallies, kinds)


def _kinds(
    kinds: dict[tuple[str, str, str], str], watched: dict[Place, Watched], past: Stretch, zone: ZoneInfo
) -> list[KindFigures]:
    """The figures of each kind of which a store has machines in `watched`, by store and kind."""
    of_kind: dict[tuple[str, str], list[Watched]] = defaultdict(list)
    for place, times in watched.items():
        kind = kinds.get((place.store_id, place.camera_id, place.machine_id))
        if kind is not None:
            of_kind[place.store_id, kind].append(times)
    return [_kind(*of, machines, past, zone) for of, machines in sorted(of_kind.items(), key=lambda item: item[0])]


def _kind(store_id: str, kind: str, machines: Sequence[Watched], past: Stretch, zone: ZoneInfo) -> KindFigures:
    found = measure_availability(machines, past, zone)
    some_free, free_at_peak = found.share_some_free, found.free_at_peak
    return KindFigures(
        store_id=store_id,
        kind=kind,
        machines=found.machines,
        some_free=None if some_free is None else round(some_free, 4),
        none_free_s=found.none_free_ms / 1000,
        peak_hour=found.peak_hour,
        free_at_peak=None if free_at_peak is None else round(free_at_peak, 4),
    )


def _answer(query: StatsQuery, tallies: Tallies, kinds: list[KindFigures]) -> Stats:
    by_hour = tallies.occupied_ms_by_hour
    busiest = max(range(24), key=lambda hour: by_hour[hour])
    return Stats(
        since=from_ms(tallies.span.begin_ms),
        until=from_ms(tallies.span.end_ms),
        tz=query.tz,
        by=query.by,
        hours=query.hours,
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
        kinds=kinds,
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
        "windows_after_hours": tally.after_hours,
        "windows_closed": tally.windows.total(),
        "windows_cleaned": tally.windows["cleaned"],
        "windows_not_attempted": tally.windows["not_attempted"],
        "windows_not_cleaned": tally.windows["not_cleaned"],
        "windows_cannot_tell": tally.windows["cannot_tell"],
        "windows_unjudged": tally.windows["unjudged"],
        "compliance": tally.compliance,
        "median_to_clean_s": tally.median_to_clean_s,
    }
