"""GET /stats from the database: what the uses of a span add up to."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from backend_api.base.instants import from_ms
from backend_api.contract.queries import StatsQuery
from backend_api.contract.sources import EventSource
from backend_api.contract.stats import (
    BucketFigures,
    CameraFigures,
    Figures,
    KindFigures,
    MachineFigures,
    PeakHour,
    SourceFigures,
    Stats,
    StoreFigures,
)
from backend_api.contract.values import MachineKey
from backend_api.reports.buckets import Interval, union
from backend_api.reports.figures import Sums, Totals, UsageTotals
from backend_api.reports.kinds import Watched, measure_availability
from backend_api.reports.machines import machine_keys
from backend_api.reports.opening import overlap
from backend_api.reports.uses import Unwritten, check_size, read_opened, read_uses, stats_interval
from backend_api.store.camera_setups import machine_kinds
from backend_api.store.camera_status import CameraKey
from backend_api.store.db.tables import sources

_SOURCES = select(sources)


def read_stats(connection: Connection, query: StatsQuery, now: datetime, unwritten_ms: Unwritten) -> Stats:
    """The figures that `query` asks for, as they are at `now`; `unwritten_ms` is Cameras.unwritten_ms().

    Raises OutOfBounds when it asks for more than anybody waits for.
    """
    interval = stats_interval(query, now)
    machines = machine_keys(connection, query)
    check_size(query, machines)
    opened = read_opened(connection, query, interval.span, (machine.store_id for machine in machines))
    totals = Totals(machines, interval.span, query.by, ZoneInfo(query.tz))
    check_size(query, machines, len(totals.buckets))
    watched: dict[MachineKey, Watched] = {}
    found_by: dict[CameraKey, Mapping[str | None, int]] = {}
    for camera in read_uses(connection, query, machines, interval.past, unwritten_ms):
        found_by[camera.camera] = camera.source_keys
        for machine, uses in camera.uses.items():
            hours = opened[machine.store_id]
            observed = overlap(camera.observed, hours)
            totals.add_machine(machine, observed, uses, camera.no_uses_ms[machine], hours)
            occupied = union([use.occupied.within(interval.past) for use in uses])
            watched[machine] = Watched(observed, overlap(occupied, hours))
    kinds = _kinds(machine_kinds(connection, opened), watched, interval.past, ZoneInfo(query.tz))
    time_ms = {store_id: sum(map(_length_ms, overlap(hours, [interval.past]))) for store_id, hours in opened.items()}
    stores, cameras = _stores(totals.by_machine, time_ms), _cameras(totals.by_machine)
    return _answer(query, totals, stores, cameras, _sources(connection, found_by), kinds)


def _length_ms(interval: Interval) -> int:
    return interval.length_ms


def _stores(by_machine: Mapping[MachineKey, UsageTotals], time_ms: Mapping[str, int]) -> list[StoreFigures]:
    """The sums of each store; `time_ms` is the time that counts of each machine in it."""
    by_store: dict[str, list[UsageTotals]] = defaultdict(list)
    for machine, sums in by_machine.items():
        by_store[machine.store_id].append(sums)
    return [
        StoreFigures(store_id=store_id, **Sums.of(sums, time_ms[store_id]).figures(len(sums)))
        for store_id, sums in sorted(by_store.items())
    ]


def _cameras(by_machine: Mapping[MachineKey, UsageTotals]) -> list[CameraFigures]:
    """How many uses of each camera people corrected."""
    by_camera: dict[tuple[str, str], list[UsageTotals]] = defaultdict(list)
    for machine, sums in by_machine.items():
        by_camera[machine.store_id, machine.camera_id].append(sums)
    return [_camera(*camera, machines) for camera, machines in sorted(by_camera.items(), key=lambda item: item[0])]


def _camera(store_id: str, camera_id: str, machines: Sequence[UsageTotals]) -> CameraFigures:
    reported, corrected = (sum(getattr(sums, name) for sums in machines) for name in ("reported", "corrected"))
    return CameraFigures(
        store_id=store_id,
        camera_id=camera_id,
        sessions_reported=reported,
        sessions_corrected=corrected,
        corrected_share=round(corrected / reported, 4) if reported else None,
    )


def _sources(connection: Connection, found_by: Mapping[CameraKey, Mapping[str | None, int]]) -> list[SourceFigures]:
    """By what the uses of each camera were found, the most frequent first; `found_by` counts them by key."""
    bodies = {row.source_key: row.body for row in connection.execute(_SOURCES)} if found_by else {}
    return [
        SourceFigures(
            store_id=store_id,
            camera_id=camera_id,
            source=EventSource.model_validate_json(bodies[key]) if key in bodies else None,
            sessions_reported=number,
        )
        for (store_id, camera_id), keys in sorted(found_by.items())
        for key, number in sorted(keys.items(), key=lambda item: (-item[1], item[0] or ""))
    ]


def _kinds(
    kinds: dict[tuple[str, str, str], str], watched: dict[MachineKey, Watched], past: Interval, zone: ZoneInfo
) -> list[KindFigures]:
    """The figures of each kind of which a store has machines in `watched`, by store and kind."""
    of_kind: dict[tuple[str, str], list[Watched]] = defaultdict(list)
    for machine, times in watched.items():
        kind = kinds.get((machine.store_id, machine.camera_id, machine.machine_id))
        if kind is not None:
            of_kind[machine.store_id, kind].append(times)
    return [_kind(*of, machines, past, zone) for of, machines in sorted(of_kind.items(), key=lambda item: item[0])]


def _kind(store_id: str, kind: str, machines: Sequence[Watched], past: Interval, zone: ZoneInfo) -> KindFigures:
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


def _answer(
    query: StatsQuery,
    totals: Totals,
    stores: list[StoreFigures],
    cameras: list[CameraFigures],
    sources: list[SourceFigures],
    kinds: list[KindFigures],
) -> Stats:
    by_hour = totals.occupied_ms_by_hour
    busiest = max(range(24), key=lambda hour: by_hour[hour])
    return Stats(
        since=from_ms(totals.span.begin_ms),
        until=from_ms(totals.span.end_ms),
        tz=query.tz,
        by=query.by,
        hours=query.hours,
        total=Figures(**_figures(totals.total)),
        peak_hour=PeakHour(hour=busiest, occupied_s=by_hour[busiest] / 1000) if by_hour[busiest] else None,
        machines=[
            MachineFigures(
                store_id=machine.store_id,
                camera_id=machine.camera_id,
                machine_id=machine.machine_id,
                **_figures(sums),
            )
            for machine, sums in totals.by_machine.items()
        ],
        stores=stores,
        cameras=cameras,
        sources=sources,
        kinds=kinds,
        buckets=[
            BucketFigures(begin=from_ms(bucket.begin_ms), end=from_ms(bucket.end_ms), **_figures(sums))
            for bucket, sums in zip(totals.buckets, totals.by_bucket, strict=True)
        ],
    )


def _figures(totals: UsageTotals) -> dict[str, Any]:
    """The fields of Figures that follow from `totals`."""
    return {
        "occupied_s": totals.occupied_ms / 1000,
        "observed_s": totals.observed_ms / 1000,
        "utilisation": totals.utilisation,
        "sessions": totals.sessions,
        "sessions_reported": totals.reported,
        "sessions_corrected": totals.corrected,
        "median_stay_s": totals.median_stay_s,
        "windows_after_hours": totals.after_hours,
        "windows_not_judged": totals.not_judged,
        "windows_closed": totals.windows.total(),
        "windows_cleaned": totals.windows["cleaned"],
        "windows_cleaned_before_leaving": totals.cleaned_before_leaving,
        "windows_not_attempted": totals.windows["not_attempted"],
        "windows_not_cleaned": totals.windows["not_cleaned"],
        "windows_cannot_tell": totals.windows["cannot_tell"],
        "windows_unjudged": totals.windows["unjudged"],
        "compliance": totals.compliance,
        "median_to_clean_s": totals.median_to_clean_s,
    }
