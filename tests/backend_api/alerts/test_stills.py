"""Stills as they come: two have to say the same, closed stores may be dark, an acknowledged view is the usual one."""

from datetime import timedelta

import numpy as np
import pytest

from backend_api.alerts.config import AlertsConfig
from backend_api.alerts.examination import Examination
from backend_api.alerts.stills import StillWatch
from backend_api.contract.alerts import AlertKind
from backend_api.contract.events import EventType
from backend_api.contract.stores import StoreSettings
from backend_api.reports.reports import Reports
from backend_api.store.store import Store
from tests.backend_api.alerts.drawn_views import Picture, in_light, jpeg, moved, room
from tests.backend_api.events import START, make_event
from tests.fake_clock import FakeClock

CAMERA = ("gym_demo", "cam_01")
MOVED, DARK = AlertKind.CAMERA_MOVED, AlertKind.CAMERA_DARK
NOON, ELSEWHERE = room(1), moved(room(1), share=0.3)
BLACK = np.zeros_like(NOON)


class Stills:
    """A camera that sends a still every ten minutes."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store, self.clock = store, clock
        self.watch = StillWatch(store, Reports(store))
        self.chance = np.random.default_rng(3)

    def send(self, picture: Picture) -> AlertKind | str | None:
        """What is said of the camera after it."""
        self.clock.advance(600)
        self.store.setups.keep_still(*CAMERA, jpeg(picture))
        self.watch()
        return self.watch().get(CAMERA, "unknown")


@pytest.fixture
def stills(store: Store, clock: FakeClock) -> Stills:
    return Stills(store, clock)


def test_two_stills_have_to_say_the_same(stills: Stills) -> None:
    assert stills.watch() == {}
    said = [stills.send(picture) for picture in (NOON, NOON, ELSEWHERE, NOON, NOON, ELSEWHERE, ELSEWHERE, NOON, NOON)]
    assert said == ["unknown", None, "unknown", "unknown", None, "unknown", MOVED, "unknown", None]


def test_stills_of_looks_in_between_say_nothing(stills: Stills) -> None:
    """Somebody stands before the camera while others look again and again."""
    assert [stills.send(NOON), stills.send(NOON)] == ["unknown", None]
    for _ in range(20):
        stills.clock.advance(10)
        stills.store.setups.keep_still(*CAMERA, jpeg(ELSEWHERE))
        assert stills.watch() == {CAMERA: None}
    stills.clock.jump_wall_clock(-3600)  # what is of an earlier time is no less new
    assert [stills.send(ELSEWHERE), stills.send(ELSEWHERE)] == ["unknown", MOVED]


def test_a_restart_goes_on_with_the_view_that_was_usual(stills: Stills) -> None:
    stills.send(NOON)
    stills.send(NOON)
    stills.watch = StillWatch(stills.store, Reports(stills.store))
    assert [stills.send(ELSEWHERE), stills.send(ELSEWHERE)] == ["unknown", MOVED]


def test_a_store_that_is_closed_may_be_dark(stills: Stills) -> None:
    hours = {day: [{"opens": "06:00", "closes": "10:00"}] for day in ("saturday", "sunday")}
    settings = StoreSettings.model_validate({"name": "Gym", "tz": "UTC", "hours": hours})
    stills.store.stores.keep("gym_demo", settings)
    assert [stills.send(NOON), stills.send(NOON)] == ["unknown", None]
    assert stills.send(BLACK) == "unknown"
    assert stills.send(BLACK) is DARK
    assert [stills.send(NOON), stills.send(NOON)] == ["unknown", None]
    # It is past ten.
    assert [stills.send(BLACK), stills.send(BLACK)] == [None, None]


def test_where_nobody_has_said_when_it_is_open_dark_is_told_at_hours_of_use_a_week_before(
    stills: Stills, store: Store, clock: FakeClock
) -> None:
    """Used from 9:00 to 12:00 on a Saturday; a week later the lights are off at night, and then in the morning."""
    for number in range(7):
        start = make_event(event_type=EventType.MACHINE_OCCUPIED_START, at_s=number * 1800, machine_id=f"bike_{number}")
        store.events.add([start.model_copy(update={"session_id": start.event_id})])
    assert [stills.send(NOON), stills.send(NOON)] == ["unknown", None]
    assert [stills.send(BLACK), stills.send(BLACK)] == [None, None], "nothing is known of a week before"
    for hour, said in ((3.0, None), (9.0, None), (10.3, DARK), (12.5, None)):
        clock.jump_wall_clock((START + timedelta(days=7, hours=hour - 9) - clock.now()).total_seconds())
        assert [stills.send(NOON), stills.send(NOON)][1] is None
        assert [stills.send(BLACK), stills.send(BLACK)][1] is said, hour


def test_a_broken_still_says_nothing(stills: Stills) -> None:
    stills.send(NOON)
    stills.send(NOON)
    stills.clock.advance(600)
    stills.store.setups.keep_still(*CAMERA, b"\xff\xd8 broken")
    assert stills.watch() == {CAMERA: None}


def test_it_is_told_with_the_cure_and_an_acknowledged_view_is_the_usual_one(
    stills: Stills, store: Store, clock: FakeClock
) -> None:
    examination = Examination(store, [], AlertsConfig(), clock, pictures=stills.watch)

    def send(picture: Picture) -> None:
        clock.advance(600)
        store.setups.keep_still(*CAMERA, jpeg(picture))
        examination.examine()

    for picture in (NOON, NOON, ELSEWHERE, ELSEWHERE):
        send(in_light(picture, 13.0, stills.chance))
    [alert] = store.alerts.open()
    assert (alert.kind, alert.subject) == (MOVED, "cam_01")
    assert "acknowledge this if it is to stay" in alert.facts.detail
    store.alerts.acknowledge(alert.id, "Ann")
    examination.examine()
    assert store.alerts.open() == []
    for _ in range(3):
        send(in_light(ELSEWHERE, 13.0, stills.chance))
    assert store.alerts.open() == []
