"""PostgreSQL: several backends agree on who removes what is too old, and on the time."""

import re
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from backend_api.alerts.pruning import Pruning
from backend_api.base.clock import SystemClock
from backend_api.contract.cameras import MachineSetup
from backend_api.contract.zone_versions import ZoneChange, ZoneSet
from backend_api.media.folder import MediaFolder
from backend_api.media.retention import INTERVAL_S, Retention
from backend_api.media.retention_policy import KeepLimits
from backend_api.store import zone_versions
from backend_api.store.db import postgres_engine
from backend_api.store.db.database import Lock
from backend_api.store.db.postgres_engine import PostgresDatabase
from backend_api.store.db.statements import Transaction
from backend_api.store.store import Store
from backend_api.store.zone_versions import Outdated
from tests.fake_clock import FakeClock

# So long nothing happens that would happen at once otherwise.
A_WHILE_S = 0.3
pytestmark = pytest.mark.parametrize("store", ["postgres"], indirect=True)


@pytest.fixture
def other(postgres_url: str) -> Iterator[psycopg.Connection[object]]:
    """Another program on the same database."""
    with closing(psycopg.connect(postgres_url)) as connection:
        yield connection


def test_of_two_backends_one_at_a_time_removes_what_is_too_old(
    store: Store, postgres_url: str, tmp_path: Path, other: psycopg.Connection[object]
) -> None:
    stop, swept = threading.Event(), []

    class Clock(FakeClock):
        def wait(self, signal: threading.Event, timeout_s: float) -> bool:
            other.rollback()
            return super().wait(signal, timeout_s)

    class Sweep(Retention):
        def sweep(self) -> int:
            with (
                closing(Store.open(postgres_url, FakeClock(), create=False)) as second,
                second.database.alone(Lock.SWEEP) as is_alone,
            ):
                swept.append(is_alone)
            stop.set()
            return 0

    other.execute(f"SELECT pg_advisory_xact_lock({postgres_engine._LOCK_CLASS}, {Lock.SWEEP.value})")
    clock = Clock()
    Sweep(store, MediaFolder.open(tmp_path / "media"), KeepLimits(days=1), clock).run(stop)
    # The first time another one was at it; then it was ours, and nobody else's meanwhile.
    assert (swept, clock.waits_s) == ([False], [INTERVAL_S] * 2)
    with store.database.alone(Lock.SWEEP) as is_alone:
        assert is_alone


def test_what_is_removed_from_the_ledger_waits_for_its_turn(
    store: Store, other: psycopg.Connection[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    removed: list[datetime] = []

    def remove(before: datetime) -> int:
        removed.append(before)
        return 0

    monkeypatch.setattr(store.old_alerts, "remove", remove)
    pruning = Pruning(store, 90, FakeClock())
    other.execute(f"SELECT pg_advisory_xact_lock({postgres_engine._LOCK_CLASS}, {Lock.SWEEP.value})")
    pruning.remove_due()
    assert removed == []
    other.rollback()
    pruning.remove_due()
    pruning.remove_due()
    assert len(removed) == 1


def test_a_long_sweep_is_not_ended_for_being_idle(
    store: Store, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(postgres_engine._SETTINGS, "idle_in_transaction_session_timeout", "50ms")
    with closing(PostgresDatabase(make_url(postgres_url))) as patient:
        with patient.alone(Lock.SWEEP) as is_alone:
            assert is_alone
            threading.Event().wait(A_WHILE_S)
            with store.database.alone(Lock.SWEEP) as is_other_alone:
                assert not is_other_alone
        with store.database.alone(Lock.SWEEP) as is_other_alone:
            assert is_other_alone


@pytest.mark.parametrize(("off_s", "said"), [(0.0, None), (-90.0, "behind"), (90.0, "ahead of")])
def test_a_clock_that_is_not_the_servers_is_told(
    store: Store, caplog: pytest.LogCaptureFixture, off_s: float, said: str | None
) -> None:
    class Off(SystemClock):
        def now(self) -> datetime:
            return super().now() + timedelta(seconds=off_s)

    database = store.database
    assert isinstance(database, PostgresDatabase)
    clock, began_s = Off(), SystemClock().monotonic_s()
    database.check_clock(clock)
    took_s = SystemClock().monotonic_s() - began_s
    # It is looked at again in an hour.
    database.tidy(clock)
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == (said is not None)
    if said is not None:
        found = re.search(r"this computer's clock is (\d+) s (behind|ahead of) that of the database's server", told[0])
        assert found is not None
        # What the answer took is counted in the clock's favour.
        assert 89.5 - took_s <= int(found[1]) <= 90.5
        assert found[2] == said


def test_of_two_editors_at_two_backends_the_slower_one_is_told(
    store: Store, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    corners = ((0.1, 0.1), (0.9, 0.1), (0.5, 0.9))
    bike = MachineSetup(machine_id="bike_01", name="Bike", zone=corners)
    change = ZoneChange(zones=ZoneSet(machines=(bike,), areas=()))
    newest, others = zone_versions._newest, list[Future[None]]()

    with closing(Store.open(postgres_url, FakeClock(), create=False)) as second, ThreadPoolExecutor(1) as threads:

        def read_while_another_asks(
            transaction: Transaction, store_id: str, camera_id: str
        ) -> tuple[int, str, str] | None:
            found = newest(transaction, store_id, camera_id)
            if not others:
                others.append(threads.submit(second.zone_versions.ask, store_id, camera_id, 0, change))
                wait(others, A_WHILE_S)
            return found

        monkeypatch.setattr(zone_versions, "_newest", read_while_another_asks)
        store.zone_versions.ask("gym_demo", "cam_01", 0, change)
        with pytest.raises(Outdated):
            others[0].result(60)
    assert len(store.zone_versions.history("gym_demo", "cam_01")) == 1
