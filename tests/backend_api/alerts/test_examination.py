"""The examination: windows that closed uncleaned for good, conditions that begin and end, with a real database."""

import threading
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from backend_api.alerts.config import AlertsConfig
from backend_api.alerts.examination import Examination
from backend_api.base.instants import to_ms
from backend_api.contract.alerts import AlertKind
from backend_api.contract.cameras import CameraSetup
from backend_api.contract.events import Event, EventType
from backend_api.contract.verdicts import Agree, Verdict
from backend_api.store.db.settings import SettingName
from backend_api.store.ledger.alerts import AlertRow, read_alerts
from backend_api.store.store import Store
from tests.backend_api.alerts.scene import REPORT
from tests.backend_api.events import START, make_result
from tests.backend_api.reports.test_sessions import make_session
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases

CLOSED_S = 180.0


@pytest.fixture
def examination(store: Store, clock: FakeClock, tmp_path: Path) -> Examination:
    return opened(store, clock, tmp_path)


def opened(store: Store, clock: FakeClock, folder: Path) -> Examination:
    """Nobody asks about ends of uses."""
    store.enrichments.judge_ends(is_on=False)
    examination = Examination(store, [folder], AlertsConfig(), clock)
    examination.examine()
    return examination


def ledger(store: Store) -> Sequence[AlertRow]:
    with store.database.read() as connection:
        return read_alerts(connection, None, 100)[::-1]


def uncleaned(store: Store) -> list[UUID | None]:
    return [alert.facts.session_id for alert in ledger(store) if alert.kind is AlertKind.WINDOW_UNCLEANED]


def use(number: int = 1, *, tried: bool) -> list[Event]:
    events = make_session(number)
    return events if tried else events[:3]


def report(store: Store, **fields: object) -> None:
    store.cameras.report("cam_01", REPORT.model_copy(update={"store_id": "gym_demo", **fields}))


@pytest.mark.parametrize(
    ("tried", "verdict"), [(False, Verdict.NOT_CLEANED), (False, Verdict.CLEANED), (True, Verdict.CLEANED)]
)
def test_where_ends_are_judged_nothing_is_told_before_their_verdict(
    store: Store, clock: FakeClock, examination: Examination, tried: bool, verdict: Verdict
) -> None:
    store.enrichments.judge_ends(is_on=True)
    store.events.add(use(tried=tried))
    if tried:
        claim = store.enrichments.claim(60)
        assert claim is not None
        assert store.enrichments.finish(claim, make_result(verdict=Verdict.NOT_CLEANED))
    clock.advance(CLOSED_S + 3600)
    examination.examine()
    assert uncleaned(store) == []
    claim = store.enrichments.claim(60)
    assert claim is not None
    examination.examine()
    assert uncleaned(store) == []
    assert store.enrichments.finish(claim, make_result(verdict=verdict))
    examination.examine()
    assert len(uncleaned(store)) == (verdict is Verdict.NOT_CLEANED)


def test_a_window_that_closed_without_an_attempt_is_told_a_minute_later(
    store: Store, clock: FakeClock, examination: Examination
) -> None:
    store.events.add(use(tried=False))
    clock.advance(CLOSED_S + 59)
    examination.examine()
    assert uncleaned(store) == []
    clock.advance(2)
    examination.examine()
    examination.examine()
    [alert] = ledger(store)
    assert alert.facts.session_id == use(tried=False)[0].event_id
    assert alert.facts.event_id == alert.facts.session_id
    assert alert.facts.machine_id == "bike_1"
    assert alert.at == START + timedelta(seconds=CLOSED_S, milliseconds=250)
    assert alert.facts.detail == "nobody tried to clean it"


@pytest.mark.parametrize(
    ("verdict", "told"), [(Verdict.NOT_CLEANED, True), (Verdict.CLEANED, False), (Verdict.CANNOT_TELL, False)]
)
def test_an_attempt_is_told_when_the_verdict_says_so(
    store: Store, clock: FakeClock, examination: Examination, verdict: Verdict, told: bool
) -> None:
    store.events.add(use(tried=True))
    clock.advance(CLOSED_S + 120)
    examination.examine()
    assert uncleaned(store) == []
    claim = store.enrichments.claim(30.0)
    assert claim is not None
    store.enrichments.finish(claim, make_result(verdict=verdict))
    examination.examine()
    assert len(uncleaned(store)) == told
    if told:
        assert ledger(store)[0].facts.event_id == claim.event.event_id


def test_a_verdict_while_the_window_is_open_is_told_when_it_closed(
    store: Store, clock: FakeClock, examination: Examination
) -> None:
    store.events.add(use(tried=True))
    claim = store.enrichments.claim(30.0)
    assert claim is not None
    store.enrichments.finish(claim, make_result(verdict=Verdict.NOT_CLEANED))
    clock.advance(100)
    examination.examine()
    assert uncleaned(store) == []
    clock.advance(100)
    examination.examine()
    assert len(uncleaned(store)) == 1


def test_a_verdict_that_somebody_found_wrong_is_not_told(
    store: Store, clock: FakeClock, examination: Examination
) -> None:
    store.events.add(use(tried=True))
    claim = store.enrichments.claim(30.0)
    assert claim is not None
    store.enrichments.finish(claim, make_result(verdict=Verdict.NOT_CLEANED))
    store.reviews.add(claim.event.event_id, Agree.NO, "", "Ann")
    clock.advance(CLOSED_S + 120)
    examination.examine()
    assert uncleaned(store) == []


def test_an_edge_whose_events_wait_is_waited_for(store: Store, clock: FakeClock, examination: Examination) -> None:
    store.events.add(use(tried=False))
    clock.advance(CLOSED_S + 300)
    report(store, outbox_depth=3)
    examination.examine()
    assert uncleaned(store) == []
    report(store, outbox_depth=0)
    examination.examine()
    assert len(uncleaned(store)) == 1


def test_an_edge_whose_clips_end_late_is_waited_for_as_long(
    store: Store, clock: FakeClock, examination: Examination
) -> None:
    """Its setup says so: nobody has to raise a threshold."""
    store.setups.keep("cam_01", CameraSetup(store_id="gym_demo", machines=(), config=None, attempt_delay_s=300.0))
    store.events.add(use(tried=False))
    clock.advance(CLOSED_S + 305)
    report(store)
    examination.examine()
    assert uncleaned(store) == []
    clock.advance(10)
    report(store)
    examination.examine()
    assert len(uncleaned(store)) == 1


def test_an_edge_that_is_away_is_waited_for_an_hour(store: Store, clock: FakeClock, examination: Examination) -> None:
    store.events.add(use(tried=False))
    report(store)
    clock.advance(CLOSED_S + 1800)
    examination.examine()
    assert uncleaned(store) == []
    clock.advance(1900)
    examination.examine()
    assert len(uncleaned(store)) == 1


def test_what_closed_before_there_were_alerts_is_old_news(store: Store, clock: FakeClock, tmp_path: Path) -> None:
    store.events.add(use(tried=False))
    clock.advance(3600)
    examination = opened(store, clock, tmp_path)
    examination.examine()
    assert uncleaned(store) == []


def test_a_backend_that_was_away_for_a_week_tells_of_the_last_day(
    store: Store, clock: FakeClock, examination: Examination
) -> None:
    store.events.add(use(1, tried=False))
    clock.advance(7 * 86_400)
    examination.examine()
    assert uncleaned(store) == []


def test_a_verdict_that_was_given_up_is_in_the_ledger_with_the_very_write(store: Store, clock: FakeClock) -> None:
    store.events.add(use(tried=True))
    claim = store.enrichments.claim(30.0)
    assert claim is not None
    assert store.enrichments.fail(claim, "the clip cannot be read", 1.0)
    assert ledger(store) == []
    clock.advance(2)
    claim = store.enrichments.claim(30.0)
    assert claim is not None
    assert store.enrichments.fail(claim, "the clip cannot be read", None)
    [alert] = ledger(store)
    assert (alert.kind, alert.subject) == (AlertKind.VERDICT_DEAD, str(claim.event.event_id))
    assert alert.facts.detail == "the clip cannot be read"
    # A late worker's failure is none.
    assert not store.enrichments.fail(claim, "late", None)
    # Asked again, and given up again, it is told again.
    store.enrichments.retry(claim.event.event_id)
    claim = store.enrichments.claim(30.0)
    assert claim is not None
    store.enrichments.fail(claim, "again", None)
    assert [alert.facts.detail for alert in ledger(store)] == ["the clip cannot be read", "again"]


def test_a_condition_begins_once_and_is_over_once(store: Store, clock: FakeClock, examination: Examination) -> None:
    report(store)
    for _ in range(45):
        clock.advance(10)
        examination.examine()
    [alert] = store.alerts.open()
    assert (alert.kind, alert.store_id, alert.subject) == (AlertKind.CAMERA_SILENT, "gym_demo", "cam_01")
    report(store)
    examination.examine()
    assert store.alerts.open() == []
    [alert] = ledger(store)
    assert alert.over_at == clock.now()


def test_worker_and_cap_are_told_by_what_the_worker_noted(
    store: Store, clock: FakeClock, examination: Examination
) -> None:
    store.settings.keep(SettingName.WORKER_SEEN_MS, str(to_ms(clock.now())))
    store.worker_caps.note("5 calls", "the daily cap of 5 calls is reached")
    examination.examine()
    assert [alert.kind for alert in store.alerts.open()] == [AlertKind.CAP_REACHED]
    for _ in range(40):
        clock.advance(10)
        examination.examine()
    assert [alert.kind for alert in store.alerts.open()] == [AlertKind.CAP_REACHED, AlertKind.WORKER_AWAY]


def test_a_second_backend_sees_the_reports_of_the_first_and_writes_nothing_twice(
    tmp_path: Path, clock: FakeClock
) -> None:
    with (
        closing(Store.open(tmp_path / "app.db", clock, create=True)) as first,
        closing(Store.open(tmp_path / "app.db", clock, create=True)) as second,
    ):
        both = [opened(store, clock, tmp_path) for store in (first, second)]
        for _ in range(60):
            clock.advance(10)
            report(first)
            first.cameras.keep_if_due()
            for examination in both:
                examination.examine()
        assert ledger(first) == []
        for _ in range(60):
            clock.advance(10)
            for examination in both:
                examination.examine()
        assert len(ledger(first)) == len(ledger(second)) == 1


def test_what_else_is_to_be_done_is_done_at_each_look(store: Store, clock: FakeClock, tmp_path: Path) -> None:
    looked: list[datetime] = []
    stop = threading.Event()

    def look() -> None:
        looked.append(clock.now())
        if len(looked) == 3:
            stop.set()

    Examination(store, [tmp_path], AlertsConfig(), clock, also=[look]).run(stop)
    assert len(looked) == 3
    assert looked[2] - looked[0] == timedelta(seconds=20)


def test_a_start_that_comes_without_its_machine_left_is_no_window(store: Store, examination: Examination) -> None:
    store.events.add([event for event in use(tried=False) if event.event_type is EventType.MACHINE_OCCUPIED_START])
    examination.examine()
    assert uncleaned(store) == []
