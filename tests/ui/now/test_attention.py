"""What needs attention: which sessions are asked for, and what is said of them and of silent cameras."""

from datetime import UTC, timedelta

import pytest

from backend_api.contract.cameras import CameraStatus
from backend_api.contract.sessions import SessionOutcome
from backend_api.contract.verdicts import MmStatus, Verdict
from tests.ui.made_up import NOON, make_camera, make_session
from ui.now.attention import SHOWN_ITEMS, Item, alarming_sessions, items_of
from ui.text.local_time import Zone
from ui.text.machine_names import key_of

ZONE = Zone("UTC", UTC)


def test_sessions_of_a_day_that_nobody_reviewed_are_asked_for_the_same_for_a_minute() -> None:
    query = alarming_sessions(NOON + timedelta(seconds=59))
    assert query == alarming_sessions(NOON)
    assert query.since == NOON - timedelta(hours=24)
    assert query.reviewed is False
    assert set(query.outcomes) == {
        SessionOutcome.NOT_ATTEMPTED,
        SessionOutcome.NOT_CLEANED,
        SessionOutcome.CANNOT_TELL,
        SessionOutcome.FAILED,
    }


def test_nothing_needs_attention_when_every_camera_reports() -> None:
    assert items_of([make_camera(CameraStatus.UP)], [], {}, NOON, ZONE) == []


@pytest.mark.parametrize(
    ("outcome", "words", "color"),
    [
        (SessionOutcome.NOT_ATTEMPTED, "No attempt", "red"),
        (SessionOutcome.NOT_CLEANED, "Not cleaned", "red"),
        (SessionOutcome.CANNOT_TELL, "Cannot tell", "orange"),
        (SessionOutcome.FAILED, "No verdict", "red"),
    ],
)
def test_a_session_says_what_where_and_when(outcome: SessionOutcome, words: str, color: str) -> None:
    session = make_session(NOON - timedelta(minutes=30), outcome=outcome, machine_name="Bike 7")
    (item,) = items_of([], [session], {}, NOON, ZONE)
    assert item == Item(words, color, "Bike 7", "11:40, 20 min ago", session.session_id)  # type: ignore[arg-type]


def test_an_attempt_is_told_by_its_own_time() -> None:
    session = make_session(
        NOON - timedelta(hours=2),
        outcome=SessionOutcome.NOT_CLEANED,
        attempt_at=NOON - timedelta(minutes=5),
        verdict=Verdict.NOT_CLEANED,
        mm_status=MmStatus.DONE,
    )
    assert items_of([], [session], {}, NOON, ZONE)[0].when == "11:55, 5 min ago"


def test_machines_of_the_same_name_are_told_apart() -> None:
    session = make_session(NOON)
    (item,) = items_of([], [session], {key_of(session): "Bike (cam_02)"}, NOON, ZONE)
    assert item.where == "Bike (cam_02)"


def test_silent_cameras_come_first_the_longest_silent_one_on_top() -> None:
    cameras = [
        make_camera(CameraStatus.UP, camera_id="up"),
        make_camera(CameraStatus.LATE, NOON - timedelta(seconds=30), camera_id="late"),
        make_camera(CameraStatus.GONE, NOON - timedelta(minutes=12), camera_id="gone"),
    ]
    items = items_of(cameras, [make_session()], {}, NOON, ZONE)
    assert [item.where for item in items] == ["Camera gone", "Camera late", "Bike"]
    assert (items[0].what, items[0].when, items[0].session_id) == ("Silent", "since 11:48, for 12 min", None)


def test_many_silent_cameras_are_one_item_and_no_more_items_than_fit_are_shown() -> None:
    cameras = [
        make_camera(CameraStatus.GONE, NOON - timedelta(minutes=number), camera_id=f"cam_{number}")
        for number in range(1, 21)
    ]
    sessions = [make_session(NOON - timedelta(minutes=number)) for number in range(20)]
    items = items_of(cameras, sessions, {}, NOON, ZONE)
    assert (items[0].where, items[0].when) == ("20 cameras", "the first since 11:40, for 20 min")
    assert len(items) == SHOWN_ITEMS
    assert [item.session_id for item in items[1:]] == [session.session_id for session in sessions[: SHOWN_ITEMS - 1]]


def test_a_blind_camera_needs_attention_and_one_that_ended_needs_none() -> None:
    cameras = [
        make_camera(CameraStatus.ENDED, NOON - timedelta(days=2), camera_id="file"),
        make_camera(CameraStatus.BLIND, camera_id="door"),
        make_camera(CameraStatus.GONE, NOON - timedelta(minutes=2), camera_id="gone"),
    ]
    items = items_of(cameras, [], {}, NOON, ZONE)
    assert [(item.what, item.where) for item in items] == [("Silent", "Camera gone"), ("Blind", "Camera door")]
    items = items_of([*cameras[1:2], make_camera(CameraStatus.NO_SIGNAL, camera_id="hall")], [], {}, NOON, ZONE)
    assert [(item.what, item.where) for item in items] == [("No signal", "Camera hall"), ("Blind", "Camera door")]
    many = [make_camera(CameraStatus.BLIND, camera_id=f"cam_{number}") for number in range(4)]
    assert [(item.what, item.where) for item in items_of(many, [], {}, NOON, ZONE)] == [("Blind", "4 cameras")]
