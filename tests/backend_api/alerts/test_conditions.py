"""Conditions: what holds, for long enough, in opening hours; and when it is over again."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend_api.alerts.conditions import CONFIRM_S, Observation, changes, look
from backend_api.alerts.config import AlertsConfig, Kinds
from backend_api.contract.alerts import AlertKind
from backend_api.contract.cameras import CameraReport, CameraState
from backend_api.contract.stores import StoreSettings, Week
from backend_api.store.camera_status import camera_state
from backend_api.store.ledger.alerts import Thing
from tests.backend_api.alerts.scene import REPORT

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
CONFIG = AlertsConfig()
OPEN = StoreSettings(name="Gym", tz="UTC", hours=Week(saturday=[{"opens": "08:00", "closes": "20:00"}]))


def camera(age_s: float = 1.0, camera_id: str = "cam_01", **report: Any) -> CameraState:  # noqa: ANN401
    fields = REPORT.model_dump() | report
    return camera_state(camera_id, CameraReport.model_validate(fields), NOW - timedelta(seconds=age_s), NOW)


def kinds(seen: Observation, lasting: tuple[Thing, ...] = (), config: AlertsConfig = CONFIG) -> set[AlertKind]:
    return {thing.kind for thing in look(seen, config, lasting).found}


def thing(kind: AlertKind, subject: str = "cam_01") -> Thing:
    return Thing(kind, REPORT.store_id if subject.startswith("cam") else "", subject)


def test_nothing_is_wrong_when_all_is_well() -> None:
    seen = Observation(NOW, [camera()], {}, {"/data": 10**12}, None, 0, NOW - timedelta(seconds=40))
    assert kinds(seen) == set()


@pytest.mark.parametrize(("age_s", "is_silent"), [(16, False), (299, False), (300, True), (10**6, True)])
def test_a_camera_is_silent_after_five_minutes(age_s: float, is_silent: bool) -> None:
    assert (AlertKind.CAMERA_SILENT in kinds(Observation(NOW, [camera(age_s)]))) == is_silent


def test_a_camera_whose_stream_came_to_its_end_is_not_silent() -> None:
    assert kinds(Observation(NOW, [camera(3600, has_ended=True)])) == set()


@pytest.mark.parametrize(
    ("hour", "age_s", "is_silent"),
    [
        (12, 600, True),
        # Silent since before it opened, and open for three minutes; then for six.
        (8, 3600 * 5, False),
        (8.06, 3600 * 5, False),
        (8.1, 3600 * 5, True),
        (21, 3600, False),
        (3, 10**6, False),
    ],
)
def test_silence_counts_in_opening_hours_alone(hour: float, age_s: float, is_silent: bool) -> None:
    now = NOW.replace(hour=0) + timedelta(hours=hour)
    silent = camera_state("cam_01", REPORT, now - timedelta(seconds=age_s), now)
    seen = Observation(now, [silent], {REPORT.store_id: OPEN})
    assert (kinds(seen) == {AlertKind.CAMERA_SILENT}) == is_silent
    # What is told is not over because the store closes.
    known = thing(AlertKind.CAMERA_SILENT)
    found = look(seen, CONFIG, [known])
    assert known in found.found or known in found.unknown


def test_a_silent_camera_says_nothing_of_whether_it_is_blind_or_its_events_wait() -> None:
    known = {thing(AlertKind.CAMERA_BLIND), thing(AlertKind.OUTBOX_GROWS)}
    assert look(Observation(NOW, [camera(3600, is_blind=True)]), CONFIG, known).unknown >= known


def test_a_camera_without_a_signal_is_silent_though_its_edge_reports_and_says_nothing_of_blindness() -> None:
    known = {thing(AlertKind.CAMERA_BLIND), thing(AlertKind.CAMERA_SILENT)}
    away = camera(has_signal=False, last_error="Connection refused")
    found = look(Observation(NOW, [away]), CONFIG, known)
    assert found.found[thing(AlertKind.CAMERA_SILENT)].for_s == 300
    assert found.found[thing(AlertKind.CAMERA_SILENT)].facts.detail == "Connection refused"
    assert found.unknown >= {thing(AlertKind.CAMERA_BLIND)}
    closed = Observation(NOW.replace(hour=3), [away], {REPORT.store_id: OPEN})
    found = look(closed, CONFIG, known)
    assert not found.found
    assert found.unknown >= known
    assert thing(AlertKind.CAMERA_SILENT) not in look(Observation(NOW, [camera()]), CONFIG, known).unknown


def test_a_blind_camera_and_a_full_outbox_have_to_last() -> None:
    seen = Observation(NOW, [camera(is_blind=True, last_error="no frame decoded", outbox_depth=100)])
    found = look(seen, CONFIG, ()).found
    assert found[thing(AlertKind.CAMERA_BLIND)].for_s == 300
    assert found[thing(AlertKind.CAMERA_BLIND)].facts.detail == "no frame decoded"
    assert found[thing(AlertKind.OUTBOX_GROWS)].for_s == 600


def test_an_outbox_is_sent_when_half_of_it_is() -> None:
    known = (thing(AlertKind.OUTBOX_GROWS),)
    assert kinds(Observation(NOW, [camera(outbox_depth=60)]), known) == {AlertKind.OUTBOX_GROWS}
    assert kinds(Observation(NOW, [camera(outbox_depth=60)])) == set()
    assert kinds(Observation(NOW, [camera(outbox_depth=49)]), known) == set()


def test_a_disk_has_room_again_only_by_a_margin() -> None:
    known = (thing(AlertKind.DISK_LOW, "/data"),)
    assert kinds(Observation(NOW, free_bytes={"/data": 1_900_000_000})) == {AlertKind.DISK_LOW}
    assert kinds(Observation(NOW, free_bytes={"/data": 2_300_000_000}), known) == {AlertKind.DISK_LOW}
    assert kinds(Observation(NOW, free_bytes={"/data": 2_500_000_000}), known) == set()


def test_a_worker_that_is_away_and_old_questions() -> None:
    seen = Observation(NOW, worker_seen_at=NOW - timedelta(minutes=6), oldest_question_at=NOW - timedelta(minutes=61))
    assert kinds(seen) == {AlertKind.WORKER_AWAY, AlertKind.QUEUE_OLD}
    # Where no worker ever was, none is away.
    assert kinds(Observation(NOW, worker_seen_at=None)) == set()


def test_a_cap_is_told_at_once_and_stays_while_nobody_says_otherwise() -> None:
    cap = thing(AlertKind.CAP_REACHED, "cap")
    assert look(Observation(NOW, cap="the daily cap is reached"), CONFIG, ()).found[cap].for_s == 0
    away = Observation(NOW, worker_seen_at=NOW - timedelta(hours=1), cap_is_known=False)
    assert cap in look(away, CONFIG, [cap]).unknown
    assert cap not in look(Observation(NOW, worker_seen_at=NOW), CONFIG, [cap]).unknown


def test_a_picture_of_a_camera_that_nobody_compared_says_nothing() -> None:
    moved = thing(AlertKind.CAMERA_MOVED)
    key = (REPORT.store_id, "cam_01")
    assert moved in look(Observation(NOW, [camera()]), CONFIG, [moved]).unknown
    assert moved not in look(Observation(NOW, [camera()], pictures={key: None}), CONFIG, [moved]).unknown
    found = look(Observation(NOW, [camera()], pictures={key: AlertKind.CAMERA_MOVED}), CONFIG, ()).found
    assert moved in found


def test_what_is_off_does_not_hold() -> None:
    off = Kinds(camera_silent=replace(Kinds().camera_silent, on=False))
    assert kinds(Observation(NOW, [camera(3600)]), config=AlertsConfig(by_store={REPORT.store_id: off})) == set()


def test_a_camera_that_was_forgotten_is_silent_no_more() -> None:
    known = thing(AlertKind.CAMERA_SILENT)
    found = look(Observation(NOW), CONFIG, [known])
    assert changes(found, {}, [known], 0.0).over == (known,)


def test_a_clock_that_is_set_ahead_makes_nobody_silent() -> None:
    """The next report comes in seconds; the other clock says that less went by than it takes to believe it."""
    ahead = look(Observation(NOW, [camera(3600)]), CONFIG, ())
    first = changes(ahead, {}, (), 100.0)
    assert first.begun == {}
    after = changes(ahead, first.since_s, (), 100.0 + CONFIRM_S - 1)
    assert after.begun == {}
    well = changes(look(Observation(NOW, [camera()]), CONFIG, ()), after.since_s, (), 100.0 + CONFIRM_S)
    assert (well.begun, well.over, well.since_s) == ({}, (), {})
    again = changes(ahead, first.since_s, (), 100.0 + CONFIRM_S)
    assert set(again.begun) == {thing(AlertKind.CAMERA_SILENT)}


def test_what_lasts_begins_once_and_what_failed_to_be_reached_ends_elsewhere() -> None:
    known: tuple[Thing, ...] = (thing(AlertKind.CAMERA_SILENT), Thing(AlertKind.TARGET_FAILED, "", "phone"))
    since: Mapping[Thing, float] = {thing(AlertKind.CAMERA_SILENT): 0.0}
    result = changes(look(Observation(NOW, [camera(3600)]), CONFIG, known), since, known, 1000.0)
    assert (result.begun, result.over) == ({}, ())
