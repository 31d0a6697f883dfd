"""Figures count opening hours where a store has them, and tell of each kind how often one was free."""

from datetime import timedelta
from typing import Any

import pytest

from backend_api.contract.cameras import CameraSetup
from backend_api.contract.stats import KindFigures
from backend_api.contract.stores import StoreSettings
from backend_api.store.store import Store
from tests.backend_api.events import START
from tests.backend_api.reports.test_sessions import make_session
from tests.backend_api.reports.test_stats import HOUR_S, heartbeats, stats
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases

SQUARE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))


def open_from(store: Store, opens: str, closes: str) -> None:
    """START is a Saturday, 9:00 in UTC and 10:00 in Berlin, which the hours are of."""
    hours = {"saturday": [{"opens": opens, "closes": closes}]}
    store.stores.keep("gym_demo", StoreSettings.model_validate({"name": "Gym", "tz": "Europe/Berlin", "hours": hours}))


def machines_of_kinds(store: Store, **kinds: str | None) -> None:
    machines: list[dict[str, Any]] = [
        {"machine_id": name, "name": name, "zone": SQUARE, "kind": kind} for name, kind in kinds.items()
    ]
    setup = {"store_id": "gym_demo", "machines": machines, "config": None}
    store.setups.keep("cam_01", CameraSetup.model_validate(setup))


def test_what_lies_outside_of_opening_hours_counts_when_it_is_asked_for(store: Store, clock: FakeClock) -> None:
    """Open until 10:10: the first session ends and its window closes in it, the second one begins at 10:09:30."""
    heartbeats(store, clock, HOUR_S)
    store.events.add([*make_session(1)[:3], *make_session(2, at_s=570)[:3], *make_session(3, at_s=1200)[:3]])
    open_from(store, "10:00", "10:10")
    span = {"since": START, "until": START + timedelta(hours=1)}
    total = stats(store, **span).total
    assert (total.sessions, total.occupied_s, total.observed_s) == (2, 90.0, 3 * 600.0)
    assert (total.windows_closed, total.windows_after_hours) == (1, 2)
    everything = stats(store, **span, hours="all").total
    assert (everything.sessions, everything.occupied_s, everything.observed_s) == (3, 180.0, 3 * HOUR_S)
    assert (everything.windows_closed, everything.windows_after_hours) == (3, 0)


def test_a_store_without_hours_counts_all_of_them(store: Store, clock: FakeClock) -> None:
    heartbeats(store, clock, HOUR_S)
    store.events.add(make_session(1))
    store.stores.keep("gym_demo", StoreSettings(name="Gym", tz="Europe/Berlin"))
    store.stores.keep("another", StoreSettings.model_validate({"name": "Closed", "tz": "UTC", "hours": {}}))
    assert stats(store).total.observed_s == HOUR_S


def test_of_each_kind_is_told_how_often_one_was_free(store: Store, clock: FakeClock) -> None:
    """Two bikes, both in use from 10:00:30 to 10:01; a rower of no kind."""
    heartbeats(store, clock, HOUR_S)
    store.events.add([*make_session(1), *make_session(2, at_s=30), *make_session(3)])
    machines_of_kinds(store, bike_1="bike", bike_2="bike", bike_3=None, bike_4="treadmill")
    span = {"since": START, "until": START + timedelta(hours=1)}
    [bikes] = stats(store, **span).kinds
    expected = KindFigures(
        store_id="gym_demo",
        kind="bike",
        machines=2,
        some_free=round(1 - 30 / HOUR_S, 4),
        none_free_s=30.0,
        peak_hour=9,
        free_at_peak=round(1 - 120 / (2 * HOUR_S), 4),
    )
    assert bikes == expected
    open_from(store, "10:00", "10:01")
    [bikes] = stats(store, **span).kinds
    assert (bikes.some_free, bikes.none_free_s, bikes.free_at_peak) == (0.5, 30.0, round(1 - 90 / 120, 4))


def test_each_store_is_told_side_by_side_with_what_nobody_watched(store: Store, clock: FakeClock) -> None:
    """Two machines of one store, watched for half of the hour; one of another, of which the first event is the last."""
    heartbeats(store, clock, HOUR_S / 2)
    clock.advance(HOUR_S / 2)
    store.events.add([*make_session(1)[:3], *make_session(2, at_s=600)[:3]])
    store.events.add(make_session(1, store_id="gym_other")[:1])
    span = {"since": START, "until": START + timedelta(hours=1)}
    first, second = stats(store, **span).stores
    assert (first.store_id, first.machines, first.sessions, first.occupied_s) == ("gym_demo", 2, 2, 120.0)
    assert (first.observed_s, first.unobserved_s, first.utilisation) == (HOUR_S, HOUR_S, round(120 / HOUR_S, 4))
    assert (first.windows_closed, first.windows_cleaned, first.compliance) == (2, 0, 0.0)
    assert (second.store_id, second.observed_s, second.unobserved_s, second.compliance) == (
        "gym_other",
        0,
        HOUR_S,
        None,
    )
    open_from(store, "10:00", "10:15")
    assert [found.unobserved_s for found in stats(store, **span).stores] == [0, HOUR_S]
