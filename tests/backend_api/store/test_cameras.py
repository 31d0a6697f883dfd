"""Reports of cameras: in memory at once, in the database once a minute, and observed time without a gap or a doubt."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from backend_api.base.instants import to_ms
from backend_api.contract.cameras import CameraReport, CameraStatus
from backend_api.reports import uses
from backend_api.reports.buckets import Interval, union
from backend_api.store import cameras as cameras_module
from backend_api.store.camera_status import camera_state, next_look
from backend_api.store.cameras import KEEP_EVERY_S, LONGEST_OBSERVED_MS, _Camera
from backend_api.store.db.migrations.versions import observed_days
from backend_api.store.db.sqlite_engine import IDLE_S
from backend_api.store.db.tables import observed_intervals
from backend_api.store.store import Store
from tests.backend_api.contract.test_bounds import REPORT
from tests.backend_api.events import START, make_event
from tests.backend_api.fresh_store import fresh_store
from tests.backend_api.reports.test_sessions import make_session
from tests.backend_api.reports.test_stats import stats
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases

DAY_S = 86_400.0
Sql = Callable[[str], list[tuple[object, ...]]]


def report(store: Store, camera_id: str = "cam_01", **fields: object) -> None:
    store.cameras.report(camera_id, CameraReport.model_validate(REPORT | fields))


@pytest.fixture
def sql(tmp_path: Path) -> Sql:
    def run(statement: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(tmp_path / "app.db")) as connection, connection:
            return connection.execute(statement).fetchall()

    return run


OBSERVED = "SELECT begin_ms, end_ms FROM observed_intervals ORDER BY id"


@pytest.mark.sqlite_alone
def test_reports_are_written_once_a_minute_and_at_the_end(store: Store, clock: FakeClock, sql: Sql) -> None:
    for _ in range(round(KEEP_EVERY_S / 5)):
        report(store)
        store.tidy()
        assert sql("SELECT * FROM cameras") == []
        clock.advance(5)
    report(store, outbox_depth=7)
    store.tidy()
    [(reported_at_ms,)] = sql("SELECT reported_at_ms FROM cameras WHERE body LIKE '%\"outbox_depth\":7%'")
    assert reported_at_ms == to_ms(clock.now())
    clock.advance(5)
    report(store, outbox_depth=8)
    store.close()
    assert len(sql("SELECT * FROM cameras WHERE body LIKE '%\"outbox_depth\":8%'")) == 1
    assert sql(OBSERVED) == [(to_ms(START), to_ms(clock.now()))]


@pytest.mark.sqlite_alone
def test_what_is_asked_is_answered_at_once_and_after_a_restart(store: Store, clock: FakeClock, tmp_path: Path) -> None:
    report(store, "cam_02")
    report(store)
    assert [state.camera_id for state in store.cameras.states()] == ["cam_01", "cam_02"]
    store.cameras.keep()
    with closing(Store.open(tmp_path / "app.db", clock, create=False)) as again:
        assert again.cameras.states() == store.cameras.states()
    clock.advance(16)
    assert [state.status for state in store.cameras.states()] == [CameraStatus.LATE] * 2


@pytest.mark.sqlite_alone
def test_a_gap_is_a_gap_wherever_the_writes_fall(store: Store, clock: FakeClock, sql: Sql) -> None:
    for pause_s in (5, 60, 61, 5, 200, 0):
        report(store)
        if pause_s in (60, 5):
            store.cameras.keep()
        clock.advance(pause_s)
    store.cameras.keep()
    begin_ms = to_ms(START)
    spans = [(0, 65), (126, 131), (331, 331)]
    assert sql(OBSERVED) == [(begin_ms + 1000 * begin, begin_ms + 1000 * end) for begin, end in spans]


def observed(store: Store) -> list[Interval]:
    with store.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT begin_ms, end_ms FROM observed_intervals ORDER BY begin_ms, id").all()
    return [Interval(*row) for row in rows]


@pytest.mark.parametrize("keep_every", [1, 7, 200])
def test_days_without_a_break_are_rows_of_a_day_and_counted_whole(
    store: Store, clock: FakeClock, keep_every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As far apart as reports may be, in rows that are as much shorter.
    monkeypatch.setattr(cameras_module, "LONGEST_OBSERVED_MS", 3_600_000)
    monkeypatch.setattr(uses, "LONGEST_OBSERVED_MS", 3_600_000)
    store.events.add(make_session(1))
    for number in range(200):
        report(store, "cam_01")
        if number % keep_every == 0:
            store.cameras.keep()
        clock.advance(60)
    store.cameras.keep()
    rows = observed(store)
    begin_ms = to_ms(START)
    assert max(row.length_ms for row in rows) <= 3_600_000
    assert union(rows) == [Interval(begin_ms, begin_ms + 199 * 60_000)]
    for begin_h, length_h in ((0, 3), (1, 1), (2, 1)):
        since = START + timedelta(hours=begin_h)
        figures = stats(store, since=since, until=since + timedelta(hours=length_h), camera_id="cam_01")
        assert figures.total.observed_s == 3600 * length_h
        assert {machine.machine_id for machine in figures.machines} == {"bike_1"}


def test_longer_rows_of_earlier_releases_are_split(store: Store) -> None:
    day_ms = LONGEST_OBSERVED_MS
    lengths_ms = [day_ms - 1, day_ms, day_ms + 1, 2 * day_ms, round(3.5 * day_ms)]
    whole = [Interval(20 * day_ms * number, 20 * day_ms * number + ms) for number, ms in enumerate(lengths_ms, start=1)]
    with store.database.migrate() as connection:
        for row in whole:
            values = {"store_id": "gym", "camera_id": "cam", "begin_ms": row.begin_ms, "end_ms": row.end_ms}
            connection.execute(insert(observed_intervals).values(values))
        for statement in (observed_days.SPLIT, observed_days.CUT):
            connection.exec_driver_sql(statement)
    rows = observed(store)
    assert union(rows) == whole
    assert sum(row.length_ms for row in rows) == sum(lengths_ms)
    assert max(row.length_ms for row in rows) == day_ms
    assert len(rows) == 1 + 1 + 2 + 2 + 4


@pytest.mark.parametrize("said", [{"has_signal": False}, {"is_blind": True}])
@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_camera_that_reports_but_does_not_watch_observes_nothing(
    clock: FakeClock, tmp_path: Path, sql: Sql, said: dict[str, bool], is_restarted: bool
) -> None:
    steps: list[dict[str, bool]] = [{}] * 4 + [said] * 20 + [{}] * 4
    store = fresh_store(tmp_path / "app.db", clock)
    for number, step in enumerate(steps):
        if is_restarted and number == 14:
            store.cameras.keep()
            store.close()
            store = Store.open(tmp_path / "app.db", clock, create=False)
        report(store, "cam_01", **step)
        clock.advance(5)
    store.cameras.keep()
    store.close()
    begin_ms = to_ms(START)
    assert sql(OBSERVED) == [(begin_ms, begin_ms + 15_000), (begin_ms + 120_000, begin_ms + 135_000)]


@pytest.mark.sqlite_alone
def test_time_is_observed_again_after_the_clock_was_ahead(store: Store, clock: FakeClock, sql: Sql) -> None:
    clock.jump_wall_clock(70 * 365 * DAY_S)
    report(store)
    store.cameras.keep()
    clock.jump_wall_clock(-70 * 365 * DAY_S)
    assert store.cameras.states()[0].status is CameraStatus.GONE
    for _ in range(3):
        report(store)
        clock.advance(5)
        store.cameras.keep()
    assert store.cameras.states()[0].status is CameraStatus.UP
    assert sql(OBSERVED)[1:] == [(to_ms(START), to_ms(START) + 10_000)]


@given(steps=st.lists(st.tuples(st.integers(-100, 100), st.booleans()), max_size=30))
def test_written_and_unwritten_together_are_all_that_was_observed(steps: list[tuple[int, bool]]) -> None:
    """Each report observes since the one before, unless that was more than a minute ago or in the future."""
    camera = _Camera(CameraReport.model_validate(REPORT), START)
    now_ms, expected = 10_000_000, []
    written: list[tuple[int, int]] = []
    before_ms: int | None = None
    for seconds, is_written in steps:
        now_ms += 1000 * seconds
        camera.observe(now_ms)
        is_on = before_ms is not None and 0 <= now_ms - before_ms <= 60_000
        expected.append(Interval(before_ms if is_on and before_ms is not None else now_ms, now_ms))
        before_ms = now_ms
        if is_written:
            part = tuple(camera.observed_ms)
            written += part
            camera.drop(part)
    together = [Interval(*ms) for ms in [*written, *camera.observed_ms]]
    assert covers(union(together), union(expected))


def covers(these: list[Interval], those: list[Interval]) -> bool:
    return all(any(a.begin_ms <= b.begin_ms and b.end_ms <= a.end_ms for a in these) for b in those)


@pytest.mark.sqlite_alone
def test_a_report_that_no_release_reads_stops_nobody(
    store: Store, sql: Sql, caplog: pytest.LogCaptureFixture, clock: FakeClock
) -> None:
    body = (
        CameraReport.model_validate(REPORT).model_dump_json().replace('"outbox_depth":0', f'"outbox_depth":{10**400}')
    )
    sql(f"INSERT INTO cameras VALUES ('gym_demo', 'cam_00', {to_ms(START)}, '{body}', NULL)")  # noqa: S608
    report(store)
    assert [state.camera_id for state in store.cameras.states()] == ["cam_01"]
    assert [record.getMessage() for record in caplog.records] == [
        "the last report of cam_00 at gym_demo is not one of this release: it is listed when its edge reports"
    ]
    report(store, "cam_00")
    assert len(store.cameras.states()) == 2


@pytest.mark.sqlite_alone
def test_the_log_is_folded_in_when_nobody_writes(store: Store, clock: FakeClock, tmp_path: Path) -> None:
    """So that a copy of the file alone, which people make, holds everything."""
    store.events.add([make_event(at_s=at_s) for at_s in range(50)])
    store.tidy()
    assert copied(tmp_path) == 0
    clock.advance(IDLE_S)
    store.tidy()
    assert copied(tmp_path) == 50
    store.events.add([make_event(at_s=100)])
    for _ in range(2):
        store.tidy()
        assert copied(tmp_path) == 50
        clock.advance(IDLE_S / 2)
    store.tidy()
    assert copied(tmp_path) == 51


def copied(folder: Path) -> int:
    """How many events a copy of the database's file alone holds."""
    copy = folder / f"{uuid4()}.db"
    copy.write_bytes((folder / "app.db").read_bytes())
    with closing(sqlite3.connect(copy)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM events").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def logged(store: Store) -> list[tuple[str, str | None]]:
    return [(change.camera_id, change.status) for change in store.changes.read(0, 1000)]


def test_each_change_of_status_is_logged_once_whenever_somebody_looks(store: Store, clock: FakeClock) -> None:
    report(store)
    report(store, "cam_02")
    store.cameras.log_statuses()
    expected: list[tuple[str, str | None]] = [("cam_01", "up"), ("cam_02", "up")]
    assert logged(store) == expected
    for _ in range(20):
        clock.advance(5)
        report(store, "cam_02")
        store.cameras.log_statuses()
    expected += [("cam_01", "late"), ("cam_01", "gone")]
    assert logged(store) == expected
    report(store)
    report(store, "cam_02", is_blind=True)
    store.cameras.log_statuses()
    expected += [("cam_01", "up"), ("cam_02", "blind")]
    assert logged(store) == expected
    clock.advance(1000)
    store.cameras.log_statuses()
    assert logged(store) == [*expected, ("cam_01", "gone"), ("cam_02", "gone")]


def test_of_two_backends_the_one_that_hears_of_a_camera_tells_of_it_and_once(store: Store, clock: FakeClock) -> None:
    other = Store(store.database, clock)
    report(store)
    for backend in (store, other):
        backend.cameras.keep()
        backend.cameras.log_statuses()
    for _ in range(12):
        clock.advance(5)
        report(store)
        store.cameras.keep()
        for backend in (other, store):
            backend.cameras.take_over()
            backend.cameras.log_statuses()
    assert logged(store) == [("cam_01", "up")]
    clock.advance(200)
    for backend in (other, store):
        backend.cameras.log_statuses()
    assert logged(store) == [("cam_01", "up"), ("cam_01", "gone")]


@given(steps=st.lists(st.tuples(st.sampled_from(["", "on", "ended"]), st.integers(-90, 90)), max_size=20))
def test_a_status_is_never_other_than_when_all_are_looked_at(steps: list[tuple[str, int]]) -> None:
    """The next look is never later than the next change, however the clock is set."""
    clock = FakeClock()
    value = CameraReport.model_validate(REPORT)
    reported_at = clock.now()
    for said, seconds in steps:
        if said:
            value, reported_at = value.model_copy(update={"has_ended": said == "ended"}), clock.now()
        now = clock.now()
        at = next_look(value, reported_at, now)
        clock.jump_wall_clock(seconds)
        if seconds >= 0 and (at is None or clock.now() < at):
            before = camera_state("cam", value, reported_at, now).status
            assert camera_state("cam", value, reported_at, clock.now()).status is before
