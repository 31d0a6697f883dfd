"""Pruning: what is over, told and old goes; what waits, lasts or is each target's newest message stays, however old."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from backend_api.alerts.pruning import EVERY_S, Pruning
from backend_api.contract.alerts import AlertFacts, AlertKind
from backend_api.media.folder import MediaFolder
from backend_api.store.ledger.alerts import Thing
from backend_api.store.ledger.pruning import ALERTS_A_WRITE
from backend_api.store.ledger.tables import alert_messages, alert_notices, alerts
from backend_api.store.store import Store
from tests.backend_api.alerts.scene import NO, Scene, targets
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases
DAYS = 90.0
SILENT, BLIND = AlertKind.CAMERA_SILENT, AlertKind.CAMERA_BLIND


@pytest.fixture
def scene(store: Store, media: MediaFolder, clock: FakeClock) -> Scene:
    return Scene(store, media, clock, *targets("phone"))


def kept(store: Store) -> tuple[int, int, int]:
    """How many alerts, notices and messages there are."""
    with store.database.read() as connection:
        tables = (alerts, alert_notices, alert_messages)
        counted = [connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables]
    return counted[0], counted[1], counted[2]


def tell(scene: Scene, subject: str) -> None:
    """It begins, is told, and is over."""
    scene.begin(SILENT, subject)
    scene.steps(100)
    scene.end(SILENT, subject)
    scene.steps(100)


def test_what_was_told_and_is_over_goes_with_its_messages_but_the_newest(
    scene: Scene, store: Store, clock: FakeClock
) -> None:
    for number in range(3):
        tell(scene, f"cam_{number}")
    assert kept(store) == (3, 6, 6)
    store.old_alerts.remove(clock.now() - timedelta(days=1))
    assert kept(store) == (3, 6, 6)
    clock.advance(86_400)
    assert store.old_alerts.remove(clock.now()) == 3
    assert kept(store) == (0, 0, 1)
    assert store.messages.states([("phone", "json", "")])[0].last_answer == "taken"


def test_what_lasts_what_waits_and_what_nobody_took_yet_stay(scene: Scene, store: Store, clock: FakeClock) -> None:
    scene.begin(BLIND, "lasts")
    scene.steps(100)
    scene.begin(SILENT, "not_routed")
    scene.end(SILENT, "not_routed")
    clock.advance(400 * 86_400)
    assert store.old_alerts.remove(clock.now()) == 0
    scene.office.route()
    assert store.old_alerts.remove(clock.now()) == 0
    scene.ways["phone"].replies = [NO]
    scene.steps(100)
    clock.advance(86_400)
    assert store.old_alerts.remove(clock.now()) == 0
    # That the phone cannot be reached lasts, too.
    assert {alert.subject for alert in store.alerts.open()} == {"lasts", "phone"}
    assert kept(store)[0] == 3


def test_many_go_in_several_transactions(scene: Scene, store: Store, clock: FakeClock) -> None:
    things = [Thing(SILENT, "gym_demo", f"cam_{number}") for number in range(ALERTS_A_WRITE + 100)]
    store.alerts.change(dict.fromkeys(things, AlertFacts()), [])
    store.alerts.change({}, things)
    scene.steps(300, every=60)
    clock.advance(86_400)
    assert store.old_alerts.remove(clock.now()) == ALERTS_A_WRITE + 100
    assert kept(store) == (0, 0, 1)


def test_once_a_day_and_a_clock_that_is_set_ahead_makes_nothing_old(
    scene: Scene, store: Store, clock: FakeClock
) -> None:
    pruning = Pruning(store, DAYS, clock)
    tell(scene, "cam_01")
    clock.jump_wall_clock(400 * 86_400)
    pruning.remove_due()
    clock.advance(EVERY_S)
    pruning.remove_due()
    assert kept(store)[0] == 1
    clock.jump_wall_clock(-400 * 86_400)
    clock.advance(DAYS * 86_400 - EVERY_S / 2)
    pruning.remove_due()
    assert kept(store)[0] == 0
