"""The post office: nothing is lost, nothing floods, and what cannot be told is seen."""

import random
import re
import threading
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI

from backend_api.alerts.config import Kinds, Switch
from backend_api.alerts.post_office import PostOffice, SendRetries
from backend_api.alerts.times import Hours
from backend_api.alerts.way import Reply
from backend_api.contract.alerts import AlertKind, AlertPhase, MessageStatus
from backend_api.contract.stores import StoreSettings
from backend_api.media.folder import MediaFolder
from backend_api.store.db.errors import StoreBusy
from backend_api.store.ledger.alerts import read_alerts
from backend_api.store.ledger.messages import read_tellings
from backend_api.store.store import Store
from tests.backend_api.alerts.scene import NO, PHONE, YES, Scene, targets
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases

SILENT = AlertKind.CAMERA_SILENT


@pytest.fixture
def scene(store: Store, media: MediaFolder, clock: FakeClock) -> Scene:
    return Scene(store, media, clock, PHONE)


def test_an_alert_is_told_once_and_what_the_target_said_is_kept(scene: Scene) -> None:
    scene.begin(SILENT)
    scene.steps(300)
    assert scene.titles() == ["Camera cam_01 is silent"]
    with scene.store.database.read() as connection:
        [alert] = read_alerts(connection, None, 10)
        [telling] = read_tellings(connection, [alert.id])[alert.id]
    assert (telling.target, telling.status, telling.answer) == ("phone", MessageStatus.SENT, "taken")
    assert (telling.phase, telling.attempts) == (AlertPhase.BEGAN, 1)


def test_that_it_is_over_again_is_told_too(scene: Scene) -> None:
    scene.begin(SILENT)
    scene.steps(60)
    scene.end(SILENT)
    scene.steps(120)
    assert scene.titles() == ["Camera cam_01 is silent", "Camera cam_01 reports again"]
    assert [message.is_good_news for message in scene.ways["phone"].told] == [False, True]


def test_the_title_says_what_is_wrong_now_rather_than_what_is_over(scene: Scene) -> None:
    scene.begin(SILENT)
    scene.steps(60)
    scene.end(SILENT)
    scene.begin(AlertKind.CAP_REACHED, "cap", "")
    scene.steps(120)
    assert scene.titles()[1] == "The model's daily cap is reached, and 1 more"


def test_a_message_has_one_zone_where_its_stores_have_one(scene: Scene) -> None:
    """It is 9:00 in UTC, and 10:00 in Berlin, also for what is about the whole installation."""
    scene.store.stores.keep("gym_demo", StoreSettings(name="Am Markt", tz="Europe/Berlin"))
    scene.begin(SILENT)
    scene.begin(AlertKind.CAP_REACHED, "cap", "")
    scene.steps(60)
    [message] = scene.ways["phone"].told
    assert [line.split()[0] for line in message.text.splitlines()[:2]] == ["10:00", "10:00"]


def test_what_began_and_was_over_before_it_was_told_is_one_message(scene: Scene) -> None:
    scene.begin(SILENT)
    scene.end(SILENT)
    scene.steps(120)
    assert scene.titles() == ["Camera cam_01 is silent, and 1 more"]


def test_fifty_cameras_that_go_down_at_once_are_one_message(scene: Scene) -> None:
    for number in range(50):
        scene.begin(SILENT, f"cam_{number:02}")
        scene.step(0.2)
    scene.steps(600)
    assert scene.titles() == ["50 cameras are silent"]
    [message] = scene.ways["phone"].told
    assert message.text.endswith("and 40 more in the last minute: 40 cameras are silent")
    assert len(message.text.splitlines()) == 11


def test_many_that_went_down_are_the_title_and_not_the_one_before_them(scene: Scene) -> None:
    scene.begin(AlertKind.VERDICT_DEAD, "before")
    for number in range(50):
        scene.begin(SILENT, f"cam_{number:02}")
    scene.steps(60)
    assert scene.titles() == ["50 cameras are silent, and 1 more"]


def test_a_target_gets_one_message_a_minute_at_most(scene: Scene) -> None:
    for number in range(60):
        scene.begin(SILENT, f"cam_{number:02}")
        scene.steps(10)
    made = [message.made_at for message in scene.ways["phone"].told]
    assert len(made) >= 9
    assert all(after - before >= timedelta(seconds=60) for before, after in pairwise(made))


def test_a_message_that_fails_is_tried_again_and_nothing_else_is_told_meanwhile(scene: Scene) -> None:
    scene.ways["phone"].replies = [NO, NO, YES]
    scene.begin(SILENT)
    scene.steps(30)
    scene.begin(SILENT, "cam_02")
    scene.steps(300)
    ids = [message.id for message in scene.ways["phone"].told]
    assert ids == [ids[0]] * 3 + [ids[3]]
    assert scene.titles()[2:] == ["Camera cam_01 is silent", "Camera cam_02 is silent"]


def test_retry_after_is_kept_to(scene: Scene) -> None:
    scene.ways["phone"].replies = [Reply(False, "slow down", retry_after_s=600.0), YES]
    scene.begin(SILENT)
    scene.steps(25)
    assert len(scene.titles()) == 1
    scene.steps(590)
    assert len(scene.titles()) == 1
    scene.steps(30)
    assert len(scene.titles()) == 2


def test_after_the_last_try_a_message_is_dead_and_other_targets_are_told(
    store: Store, media: MediaFolder, clock: FakeClock
) -> None:
    scene = Scene(store, media, clock, *targets("phone", "mail"))
    scene.ways["phone"].replies = [NO]
    scene.begin(SILENT)
    scene.steps(48 * 3600, every=300)
    assert len(scene.titles("phone")) == SendRetries().max_attempts
    phone, mail = scene.office.states()
    assert (phone.last_status, phone.last_attempts, phone.last_answer) == (MessageStatus.DEAD, 30, "no room")
    assert mail.last_status is MessageStatus.SENT
    assert scene.titles("mail") == ["Camera cam_01 is silent", "Target phone cannot be reached"]
    # Later alerts have a message of their own; once one arrives, that is told, too.
    scene.ways["phone"].replies = [YES]
    scene.begin(AlertKind.CAMERA_BLIND)
    scene.steps(300)
    assert scene.titles("phone")[-1] == "Camera cam_01 is not looked at"
    assert "Target phone is reached again" in scene.titles("mail")


def test_a_target_that_wants_nothing_any_more_is_not_asked_again(scene: Scene) -> None:
    scene.ways["phone"].replies = [Reply(False, "gone", is_final=True)]
    scene.begin(SILENT)
    scene.steps(3600)
    assert len(scene.titles()) == 1
    assert scene.office.states()[0].last_status is MessageStatus.DEAD


def test_two_backends_on_one_database_tell_it_once(scene: Scene) -> None:
    offices = [scene.office, scene.another_office()]
    for number in range(20):
        scene.begin(SILENT, f"cam_{number}")
        for _ in range(3):
            scene.clock.advance(7)
            for office in offices:
                office.route()
            claims = [claim for office in offices for claim in office.claims()]
            for claim in claims:
                offices[0].deliver(claim)
    scene.steps(300)
    text = "\n".join(message.text for message in scene.ways["phone"].told)
    assert sorted(re.findall(r"Camera (cam_\d+) is silent", text)) == sorted(f"cam_{n}" for n in range(20))


def test_one_that_died_before_it_noted_what_it_sent_is_followed_by_one_that_sends_the_same(scene: Scene) -> None:
    scene.begin(SILENT)
    scene.step()
    scene.clock.advance(30)
    [lost] = scene.office.claims()
    with ExitStack() as pictures:
        scene.ways["phone"].send(scene.office.message(lost, pictures))
    assert scene.office.claims() == []
    scene.begin(SILENT, "cam_02")
    scene.steps(400)
    first, again, other = scene.ways["phone"].told
    assert (first.id, first.text) == (again.id, again.text)
    assert other.title == "Camera cam_02 is silent"
    # It comes back late: what it says counts no more.
    assert not scene.store.messages.note_failed(lost, "late", 1.0)


def test_one_whose_senders_all_die_is_given_up(scene: Scene) -> None:
    scene.begin(SILENT)
    scene.step()
    scene.clock.advance(30)
    while claims := scene.office.claims():
        [claim] = claims
        if claim.attempt > SendRetries().max_attempts:
            scene.office.deliver(claim)
        scene.clock.advance(200)
    [state] = scene.office.states()
    assert state.last_status is MessageStatus.DEAD
    assert "ended meanwhile" in (state.last_answer or "")


def test_in_quiet_hours_nothing_is_sent_and_afterwards_all_in_sum(
    store: Store, media: MediaFolder, clock: FakeClock
) -> None:
    # It is 10:00 in Berlin.
    zone = ZoneInfo("Europe/Berlin")
    scene = Scene(store, media, clock, replace(PHONE, quiet=Hours.parse("09:30-12:00"), zone=zone))
    for number in range(3):
        scene.begin(SILENT, f"cam_{number}")
        scene.steps(600, every=60)
    scene.end(SILENT, "cam_0")
    scene.steps(5400 - 60, every=60)
    assert scene.titles() == []
    scene.steps(300)
    [message] = scene.ways["phone"].told
    assert message.text.splitlines()[0] == "Held back until now: 3 cameras are silent; camera silent, over again."
    assert message.made_at >= datetime(2026, 1, 31, 11, 0, tzinfo=UTC)


def test_a_target_that_is_snoozed_is_told_when_that_is_over(scene: Scene) -> None:
    scene.store.messages.snooze("phone", scene.clock.now() + timedelta(hours=1), "Ann")
    [state] = scene.office.states()
    assert state.snoozed_by == "Ann"
    scene.begin(SILENT)
    scene.steps(3500, every=20)
    assert scene.titles() == []
    assert scene.office.states()[0].waiting == 1
    scene.steps(200)
    assert scene.titles() == ["Camera cam_01 is silent"]
    assert scene.office.states()[0].snoozed_until is None


def test_a_target_is_told_its_kinds_stores_and_hours_alone(store: Store, media: MediaFolder, clock: FakeClock) -> None:
    scene = Scene(
        store, media, clock,
        replace(PHONE, name="kinds", kinds=frozenset({AlertKind.CAMERA_BLIND})),
        replace(PHONE, name="stores", stores=frozenset({"gym_demo"})),
        replace(PHONE, name="hours", hours=Hours.parse("20:00-22:00")),
    )  # fmt: skip
    scene.begin(SILENT)
    scene.begin(SILENT, store_id="gym_other")
    scene.begin(AlertKind.DISK_LOW, "/data", store_id="")
    scene.steps(600)
    told = {name: [message.text for message in way.told] for name, way in scene.ways.items()}
    assert told["kinds"] == []
    assert told["hours"] == []
    [text] = told["stores"]
    assert "gym_other" not in text
    assert "disk" in text


def test_a_kind_that_is_off_in_a_store_is_neither_told_nor_kept(
    store: Store, media: MediaFolder, clock: FakeClock
) -> None:
    off = {"gym_demo": Kinds(camera_silent=replace(Kinds().camera_silent, on=False), verdict_dead=Switch(on=False))}
    scene = Scene(store, media, clock, PHONE, by_store=off)
    scene.begin(SILENT)
    scene.begin(SILENT, "cam_09", store_id="gym_other")
    scene.steps(300)
    assert scene.titles() == ["Camera cam_09 is silent"]
    with store.database.read() as connection:
        assert [alert.store_id for alert in read_alerts(connection, None, 10)] == ["gym_other"]


def test_what_lasts_is_told_again_until_somebody_has_seen_it(scene: Scene) -> None:
    scene.begin(SILENT)
    for _ in range(49):
        scene.office.remind()
        scene.step(3600)
        scene.step(61)
    assert scene.titles() == ["Camera cam_01 is silent", *["Still: Camera cam_01 is silent"] * 2]
    [alert] = scene.store.alerts.open()
    assert scene.store.alerts.acknowledge(alert.id, "Ann")
    assert scene.store.alerts.acknowledge(alert.id, "Bob")
    [alert] = scene.store.alerts.open()
    assert alert.acknowledged_by == "Ann"
    for _ in range(49):
        scene.office.remind()
        scene.step(3600)
    assert len(scene.titles()) == 3
    assert not scene.store.alerts.acknowledge(4711, "Ann")


@pytest.mark.parametrize("jump_s", [-7200, 7200, -86_400 * 400])
def test_a_clock_that_is_set_delays_nothing(scene: Scene, jump_s: float) -> None:
    scene.begin(SILENT)
    scene.steps(60)
    scene.begin(SILENT, "cam_02")
    scene.step(1)
    scene.ways["phone"].replies = [NO, YES]
    scene.clock.jump_wall_clock(jump_s)
    scene.steps(120)
    assert scene.titles()[0] == "Camera cam_01 is silent"
    assert scene.titles()[-1] == "Camera cam_02 is silent"
    assert len(scene.titles()) == 3


def test_a_test_message_shows_what_the_target_says(scene: Scene) -> None:
    assert scene.office.send_test("nobody") is None
    scene.ways["phone"].replies = [NO, YES]
    assert scene.office.send_test("phone") == NO
    [state] = scene.office.states()
    assert (state.last_status, state.last_answer) == (MessageStatus.DEAD, "test: no room")
    assert scene.office.send_test("phone") == YES
    assert scene.office.states()[0].last_status is MessageStatus.SENT


def test_messages_to_a_target_that_is_gone_from_the_file_are_dead(
    store: Store, media: MediaFolder, clock: FakeClock
) -> None:
    scene = Scene(store, media, clock, *targets("phone", "mail"))
    scene.ways["mail"].replies = [NO]
    scene.begin(SILENT)
    scene.steps(120)
    left = Scene(store, media, clock, PHONE)
    assert store.messages.give_up_others(["phone"]) == 1
    assert store.messages.give_up_others(["phone"]) == 0
    left.steps(300)
    assert store.messages.targets_at_work() == (set(), set())
    with store.database.read() as connection:
        tellings = read_tellings(connection, [1])[1]
    assert {telling.target: telling.status for telling in tellings if telling.phase is AlertPhase.BEGAN} == {
        "phone": MessageStatus.SENT,
        "mail": MessageStatus.DEAD,
    }


def test_without_targets_the_ledger_is_kept_all_the_same(store: Store, media: MediaFolder, clock: FakeClock) -> None:
    scene = Scene(store, media, clock)
    scene.begin(SILENT)
    scene.steps(60)
    assert [alert.unrouted for alert in scene.store.alerts.open()] == [""]


def test_the_threads_tell_and_end(app: FastAPI, scene: Scene, media: MediaFolder, clock: FakeClock) -> None:
    scene.begin(SILENT)
    stop = threading.Event()

    class Stopping:
        def send(self, message: object) -> Reply:
            stop.set()
            return YES

    office = PostOffice(scene.store, media, scene.config, clock, random.Random(1), ways={"phone": Stopping()})
    office.run(stop)
    assert office.states()[0].last_status is MessageStatus.SENT


@pytest.mark.parametrize("error", [ArithmeticError("nobody thought of this"), StoreBusy("the lock is held")])
def test_a_message_that_cannot_be_made_is_one_that_failed_and_is_tried_again(
    scene: Scene, media: MediaFolder, clock: FakeClock, error: Exception
) -> None:
    scene.begin(SILENT)
    errors = [error]

    class Odd:
        def send(self, message: object) -> Reply:
            if errors:
                raise errors.pop()
            return YES

    office = PostOffice(scene.store, media, scene.config, clock, random.Random(1), ways={"phone": Odd()})
    assert office.claims() == []
    clock.advance(60)
    for claim in office.claims():
        office.deliver(claim)
    state = office.states()[0]
    assert (state.last_status, str(error) in str(state.last_answer)) == (MessageStatus.PENDING, True)
    clock.advance(3600)
    for claim in office.claims():
        office.deliver(claim)
    assert office.states()[0].last_status is MessageStatus.SENT
