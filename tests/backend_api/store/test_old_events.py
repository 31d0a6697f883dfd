"""Old events go, and no figure changes: sessions outlive their events, and nothing else does."""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from backend_api import doctor
from backend_api.base.process import EXIT_DONE
from backend_api.checks.derived import check_derived
from backend_api.contract.events import Event, EventType
from backend_api.contract.queries import EventQuery, SessionQuery
from backend_api.contract.values import format_timestamp
from backend_api.contract.verdicts import Agree, Verdict
from backend_api.doctor_options import parse_options
from backend_api.media.folder import MediaFolder
from backend_api.media.retention import EVENTS_EVERY_S, Retention
from backend_api.media.retention_policy import KeepLimits
from backend_api.reports.reports import Reports
from backend_api.store.db.settings import SettingName
from backend_api.store.events import IngestOutcome
from backend_api.store.old_events import EventRemoval
from backend_api.store.store import Store
from tests.backend_api.events import START, make_event, make_result
from tests.backend_api.reports.test_stats import heartbeats
from tests.backend_api.web.routes.test_cameras import make_report
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases

DAY_S = 86_400.0
ADDRESSES = tuple(
    f"/stats?since=2026-01-30T00:00:00Z&until=2026-02-09T00:00:00Z&tz={tz}&by={by}"
    for tz in ("UTC", "Asia/Tokyo")
    for by in ("hour", "day")
)


def make_use(number: int, at_s: float) -> list[Event]:
    """A use of a minute, its window of three, and an attempt after a quarter of a minute."""
    names = {"machine_id": "bike_1", "session_id": UUID(int=number)}
    kinds = list(EventType)
    closes_at = format_timestamp(START + timedelta(seconds=at_s + 240))
    attributes: list[dict[str, str]] = [{}, {"end_reason": "left"}, {"closes_at": closes_at}, {}]
    return [
        make_event(event_type=kind, at_s=at_s + after_s, attributes=of_kind, **names)
        for kind, after_s, of_kind in zip(kinds, (0, 60, 60, 75), attributes, strict=True)
    ]


@pytest.fixture
def events(store: Store, clock: FakeClock) -> list[Event]:
    """Five days of a session each; all but the last are judged, the first is reviewed."""
    store.enrichments.judge_ends(is_on=False)
    found = []
    for day in range(5):
        heartbeats(store, clock, 600)
        session = make_use(day, (clock.now() - START).total_seconds())
        store.events.add(session)
        found += session
        if day < 4:
            claim = store.enrichments.claim(60)
            assert claim is not None
            store.enrichments.finish(claim, make_result(verdict=[Verdict.CLEANED, Verdict.NOT_CLEANED][day % 2]))
            if day == 0:
                store.reviews.add(claim.event.event_id, Agree.YES, "", "ann")
                call = store.calls.begin(claim.event.event_id, START, lambda _: True)
                assert call is not None
        clock.advance(DAY_S - 600)
    store.cameras.keep()
    return found


def test_figures_are_the_same_without_the_events(
    store: Store, client: TestClient, events: list[Event], clock: FakeClock
) -> None:
    before = [client.get(address).json() for address in ADDRESSES]
    machines = [(item["machine_id"], item["session"]["outcome"]) for item in client.get("/machines").json()["items"]]
    limit = START + timedelta(days=2.5)
    counted = store.old_events.count(limit)
    assert (counted.events, counted.sessions, counted.reviewed, counted.total) == (12, 3, 1, 20)
    assert (counted.first, counted.last) == (events[0].ts, events[8].ts)
    removed = store.old_events.remove(limit, clock.now())
    assert removed == [event.event_id for event in events[:12]]
    assert [client.get(address).json() for address in ADDRESSES] == before
    after = client.get("/machines").json()["items"]
    assert [(item["machine_id"], item["session"]["outcome"]) for item in after] == machines
    assert len(store.events.page(EventQuery()).rows) == 8
    sessions = Reports(store).sessions(SessionQuery()).items
    assert [session.outcome.value for session in sessions[1:]] == ["not_cleaned", "cleaned", "not_cleaned", "cleaned"]
    assert [session.attempt_event_id is None for session in sessions] == [False, False, True, True, True]
    assert (len(store.results.history()), store.reviews.history()) == (1, [])
    assert list(check_derived(store.database)) == []
    # Whether the camera's state was looked at meanwhile is a matter of time.
    logged = {change.row.event_id for change in store.changes.read(0, 1000) if change.row is not None}
    assert logged == {event.event_id for event in events[12:]}
    assert store.old_events.remove(limit, clock.now()) == []
    assert store.old_events.count(limit).events == 0


def test_the_log_keeps_the_states_of_cameras_since_the_oldest_event_and_each_ones_last(
    store: Store, clock: FakeClock
) -> None:
    def flap(*camera_ids: str) -> None:
        for camera_id in camera_ids:
            store.cameras.report(camera_id, make_report())
        for _ in range(2):
            store.cameras.log_statuses()
            clock.advance(3600)
        store.cameras.log_statuses()

    for day in range(4):
        flap("cam_01", *(["cam_02"] if day < 2 else []))
        store.events.add(make_use(day, (clock.now() - START).total_seconds())[:3])
        clock.advance(DAY_S)
    before = store.changes.read(0, 1000)
    store.old_events.remove(START + timedelta(days=2), clock.now())
    after = store.changes.read(0, 1000)
    oldest = next(change.id for change in after if change.row is not None)
    kept = [(change.camera_id, change.status) for change in after if change.row is None and change.id < oldest]
    assert kept == [("cam_02", "gone")]
    assert [change for change in after if change.id >= oldest] == [change for change in before if change.id >= oldest]
    assert len([change for change in after if change.row is None]) == 3
    assert store.old_events.remove(START + timedelta(days=2), clock.now()) == []
    assert store.changes.read(0, 1000) == after


@pytest.mark.sqlite_alone
def test_nothing_is_left_that_names_an_event_that_is_gone(store: Store, events: list[Event], clock: FakeClock) -> None:
    store.hidden_events.hide(events[1].event_id, "wrong", "ann")
    store.removed_media.note([(events[0].event_id, "old")])
    store.old_events.remove(START + timedelta(days=2.5), clock.now())
    with store.database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        assert connection.exec_driver_sql("SELECT count(*) FROM model_calls").scalar() == 0
    with store.database.write() as transaction:
        assert transaction.driver.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_what_is_young_by_its_arrival_or_waits_for_a_model_stays(store: Store, clock: FakeClock) -> None:
    waiting = make_use(1, 0)
    store.events.add(waiting)
    clock.advance(30 * DAY_S)
    late = make_use(2, 500)[:3]
    store.events.add(late)
    assert store.old_events.remove(START + timedelta(days=20), clock.now()) == []
    claim = store.enrichments.claim(60)
    assert claim is not None
    assert store.old_events.remove(START + timedelta(days=20), clock.now()) == []
    store.enrichments.finish(claim, make_result())
    removed = store.old_events.remove(START + timedelta(days=20), clock.now())
    assert removed == [event.event_id for event in waiting]


def test_an_event_that_comes_again_counts_once(
    store: Store, client: TestClient, events: list[Event], clock: FakeClock
) -> None:
    before = [client.get(address).json() for address in ADDRESSES]
    store.old_events.remove(START + timedelta(days=2.5), clock.now())
    assert store.events.add(events[:4]) == [IngestOutcome.STORED] * 4
    assert [client.get(address).json() for address in ADDRESSES] == before
    assert list(check_derived(store.database)) == []


def test_a_use_that_has_outlived_its_events_stays_whatever_is_said_of_one_that_comes_again(
    store: Store, client: TestClient, events: list[Event], clock: FakeClock
) -> None:
    before = [client.get(address).json() for address in ADDRESSES]
    store.old_events.remove(START + timedelta(days=2.5), clock.now())
    attempt = events[3]
    store.events.add([attempt])
    claims = [store.enrichments.claim(60) for _ in range(2)]
    [claim] = [claim for claim in claims if claim is not None and claim.event == attempt]
    said: list[Callable[[], bool]] = [
        partial(store.enrichments.finish, claim, make_result(verdict=Verdict.NOT_CLEANED)),
        partial(store.reviews.add, attempt.event_id, Agree.NO, "", "ann"),
        partial(store.hidden_events.hide, attempt.event_id, "absurd", "ann"),
        partial(store.hidden_events.show, attempt.event_id),
    ]
    for say in said:
        assert say()
        assert [client.get(address).json() for address in ADDRESSES] == before
    assert list(check_derived(store.database)) == []


@pytest.mark.sqlite_alone
def test_a_crash_before_the_log_is_tidied_stops_no_reader_and_is_made_good(
    store: Store, client: TestClient, events: list[Event], clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(EventRemoval, "_remove_left_behind", crash)
        with pytest.raises(KeyboardInterrupt):
            store.old_events.remove(START + timedelta(days=2.5), clock.now())
    assert len(store.changes.read(0, 1000)) > 0
    assert client.get("/sessions").status_code == 200
    store.old_events.remove(START + timedelta(days=2.5), clock.now())
    with store.database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []


def test_the_backend_removes_them_once_a_day_and_asks_before_it_takes_most(
    store: Store, media: MediaFolder, events: list[Event], clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    claim = store.enrichments.claim(60)
    assert claim is not None
    store.enrichments.finish(claim, make_result())
    for event in events:
        media.thumbnail_path(event.event_id).write_bytes(b"picture")

    def left() -> tuple[int, int]:
        return len(store.events.page(EventQuery()).rows), len(list(media.folder.glob("*.jpg")))

    # Now it is the fifth day's end, and the uses were on days 0 to 4.
    retention = Retention(store, media, KeepLimits(events_days=3.5), clock)
    retention.sweep()
    assert left() == (12, 12)
    assert "removed 8 events older than 3.5 days; their sessions and all figures stay" in caplog.text
    clock.advance(EVENTS_EVERY_S - 1)
    retention.sweep()
    assert left() == (12, 12)
    clock.advance(1)
    retention.sweep()
    assert left() == (8, 8)
    clock.advance(2 * EVENTS_EVERY_S)
    for _ in range(2):
        retention.sweep()
        assert left() == (8, 8)
        held_back = store.settings.find(SettingName.REMOVAL_HELD_BACK)
        assert "8 of 8 events are older than 3.5 days" in (held_back or "")
    store.settings.keep(SettingName.REMOVAL_ALLOWED_MS, "1")
    retention.sweep()
    assert left() == (0, 0)
    assert store.settings.find(SettingName.REMOVAL_HELD_BACK) is None


@pytest.mark.sqlite_alone
def test_the_doctor_says_first_what_would_go(
    store: Store, events: list[Event], clock: FakeClock, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--db", str(tmp_path / "app.db"), "--count-old-events"]
    assert doctor.command(parse_options([*command, "2.5"]), clock) == EXIT_DONE
    text = capsys.readouterr().out
    assert "would remove 12 of 20 events" in text
    assert "of 3 sessions that began from 2026-01-31T09:10:00.000Z" in text
    assert "the reviews of 1 of them" in text
    doctor.command(parse_options([*command, "100"]), clock)
    assert "would remove nothing: no session of 20 events is that old" in capsys.readouterr().out
    assert len(store.events.page(EventQuery()).rows) == 20
