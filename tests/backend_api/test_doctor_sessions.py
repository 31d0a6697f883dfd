"""Sessions that lack one of their events."""

from pathlib import Path
from typing import Any

import pytest

from backend_api.contract.events import EventType
from backend_api.media.folder import MediaFolder
from backend_api.store.store import Store
from tests.backend_api.doctor_scene import SESSION_AGE_S, Scene
from tests.fake_clock import FakeClock

START, END = EventType.MACHINE_OCCUPIED_START, EventType.MACHINE_OCCUPIED_END
WINDOW, ATTEMPT = EventType.CLEANING_WINDOW_OPEN, EventType.CLEANING_ATTEMPT


@pytest.fixture
def scene(tmp_path: Path, media: MediaFolder, store: Store, clock: FakeClock) -> Scene:
    return Scene(tmp_path / "app.db", media.folder, store, clock)


def test_a_session_goes_on_for_as_long_as_it_may(scene: Scene) -> None:
    start = scene.add(START, machine_id="bike_02")
    scene.clock.advance(SESSION_AGE_S - 1)
    assert scene.examine().findings == []
    scene.clock.advance(1)
    report = scene.examine(fix=True)
    assert report.code == 1
    [line] = report.findings
    assert line.startswith(f"session without an end: {start.event_id}: MACHINE_OCCUPIED_START at bike_02")
    assert "cam_01.rejected.jsonl" in line


def test_footage_of_long_ago_is_measured_by_when_it_arrived(scene: Scene) -> None:
    scene.clock.advance(30 * 86_400)
    scene.add(START)
    assert scene.examine().findings == []


def test_a_session_is_over_when_its_machine_began_another(scene: Scene) -> None:
    first = scene.add(START, 0)
    second = scene.add(START, 60)
    [line] = scene.examine().findings
    assert str(first.event_id) in line
    assert str(second.event_id) not in line


@pytest.mark.parametrize("other", [{"machine_id": "bike_02"}, {"camera_id": "cam_02"}, {"store_id": "gym_2"}])
def test_another_machine_ends_nothing(scene: Scene, other: dict[str, Any]) -> None:
    scene.add(START, 0)
    scene.add(START, 60, **other)
    assert scene.examine().findings == []


def test_an_earlier_session_that_arrived_before_ends_nothing(scene: Scene) -> None:
    later = scene.add(START, 60)
    scene.add(END, 61, start=later, attributes={"end_reason": "end_of_stream"})
    scene.add(START, 0)
    assert scene.examine().findings == []


@pytest.mark.parametrize(
    ("attributes", "is_wrong"),
    [
        ({"end_reason": "left"}, True),
        ({}, True),
        ({"end_reason": "end_of_stream"}, False),
        ({"end_reason": "recovered"}, False),
    ],
)
def test_a_cleaning_window_opens_when_somebody_left(scene: Scene, attributes: dict[str, str], is_wrong: bool) -> None:
    start = scene.add(START, 0)
    end = scene.add(END, 1, start=start, attributes=attributes)
    assert scene.examine().findings == []
    scene.clock.advance(SESSION_AGE_S)
    findings = scene.examine().findings
    assert len(findings) == is_wrong
    assert all(line.startswith(f"session without a cleaning window: {end.event_id}: ") for line in findings)
    scene.add(WINDOW, 1, start=start)
    assert scene.examine().findings == []


@pytest.mark.parametrize("event_type", [END, WINDOW, ATTEMPT])
def test_what_follows_a_start_is_wrong_without_it_at_once(scene: Scene, event_type: EventType) -> None:
    event = scene.add(event_type)
    [line] = scene.examine().findings
    assert line.startswith(f"session without a start: {event.event_id}: {event_type} at treadmill_01, 2026-01-31T09:00")


def test_the_event_that_a_session_is_named_after_must_be_a_start(scene: Scene) -> None:
    whole = scene.add_session()
    event = scene.add(ATTEMPT, 50, start=whole[1])
    [line] = scene.examine().findings
    assert str(event.event_id) in line
