"""Digests: when they are due in a store's time zone, once; what they say; and that a quiet day is said to be quiet."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from backend_api.alerts.config import AlertsConfig, Target
from backend_api.alerts.digest import Digest, WorstMachine, digest_lines, due_digests
from backend_api.alerts.digest_schedule import DigestSchedule
from backend_api.contract.alerts import AlertKind
from backend_api.contract.stores import StoreSettings
from backend_api.media.folder import MediaFolder
from backend_api.reports.reports import Reports
from backend_api.store.store import Store
from tests.backend_api.alerts.scene import PHONE, Scene, with_picture
from tests.backend_api.reports.test_sessions import make_session
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases

BERLIN = ZoneInfo("Europe/Berlin")
MORNING = Target("mail", "json://127.0.0.1:9", is_webhook=False, digest_at=time(7, 30), digest_has_pictures=True)
DAY, WEEK = AlertKind.DIGEST_DAY, AlertKind.DIGEST_WEEK
BIKE = WorstMachine(name="Bike 1", windows=9, cleaned=1)
QUIET = Digest(
    store="Am Markt", is_week=False, first_day=date(2026, 1, 31), last_day=date(2026, 1, 31), uses=212, windows=100,
    cleaned=90, compliance=0.9, low=0.83, high=0.95, worst=(), unwatched_s=420.0, waiting=0, dead=0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("local", "kinds"),
    [
        ("2026-01-31T07:29", []),
        ("2026-01-31T07:30", [DAY]),
        ("2026-01-31T23:59", [DAY]),
        ("2026-02-01T00:00", []),
        ("2026-02-02T07:30", [DAY, WEEK]),
        # The days on which clocks are set, Sundays.
        ("2026-03-29T07:30", [DAY]),
        ("2026-10-25T07:30", [DAY]),
    ],
)
def test_a_digest_is_due_each_morning_of_the_stores_zone(local: str, kinds: list[AlertKind]) -> None:
    now = datetime.fromisoformat(local).replace(tzinfo=BERLIN).astimezone(UTC)
    found = due_digests(MORNING, BERLIN, now)
    assert [due.kind for due in found] == kinds
    assert all(due.last == datetime.fromisoformat(local).date() - timedelta(days=1) for due in found)
    assert due_digests(PHONE, BERLIN, now) == []


def test_an_hour_that_clocks_leap_over_has_come_when_they_have() -> None:
    target = Target("mail", "", is_webhook=False, digest_at=time(2, 30))
    before = datetime(2026, 3, 29, 0, 59, tzinfo=UTC)
    assert due_digests(target, BERLIN, before) == []
    assert len(due_digests(target, BERLIN, before + timedelta(minutes=1))) == 1


class DigestScene(Scene):
    """A post office with a digest in the morning, in a store that lies in Berlin."""

    def __init__(self, store: Store, media: MediaFolder, clock: FakeClock) -> None:
        super().__init__(store, media, clock, MORNING)
        store.stores.keep("gym_demo", StoreSettings(name="Am Markt", tz="Europe/Berlin"))
        self.schedules = [self.schedule(), self.schedule()]

    def schedule(self) -> DigestSchedule:
        return DigestSchedule(self.store, Reports(self.store), self.config, self.office, self.clock)

    def pass_time(self, hours: float) -> None:
        for _ in range(round(hours * 2)):
            self.clock.advance(1800)
            for schedule in self.schedules:
                schedule.write_due()
            self.step()
            self.step(30)


@pytest.fixture
def scene(store: Store, media: MediaFolder, clock: FakeClock) -> DigestScene:
    return DigestScene(store, media, clock)


def test_each_morning_once_and_on_mondays_of_the_week_whoever_writes_it(scene: DigestScene) -> None:
    # From Saturday 10:00 in Berlin: Sunday's, Monday's with the week's, and Tuesday's.
    scene.store.events.add(make_session(1))
    scene.pass_time(3 * 24)
    made = [message.made_at.astimezone(BERLIN) for message in scene.ways["mail"].told]
    titles = scene.titles("mail")
    assert len(titles) == 4 + 1
    assert "Sat 31 Jan" in titles[1]
    assert sum("Mon 26 Jan to Sun 1 Feb" in title for title in titles) == 1
    assert all(at.hour in (7, 8) for at in made[1:])


def test_a_clock_set_back_over_midnight_writes_no_second_one(scene: DigestScene) -> None:
    scene.store.events.add(make_session(1))
    scene.pass_time(24)
    count = len(scene.titles("mail"))
    scene.clock.jump_wall_clock(-12 * 3600)
    scene.schedules.append(scene.schedule())
    scene.pass_time(13)
    assert len(scene.titles("mail")) == count


def test_it_says_what_went_wrong_with_the_pictures_that_are_wanted(scene: DigestScene, media: MediaFolder) -> None:
    for number in range(4):
        scene.store.events.add(make_session(1, at_s=number * 600)[:3])
        with_picture(media, make_session(1, at_s=number * 600)[0].event_id, b"jpeg")
    scene.pass_time(24)
    message = scene.ways["mail"].told[-1]
    assert message.title == "Am Markt, Sat 31 Jan: 4 uses, 0 % cleaned"
    assert "Cleaned: 0 % of 4 windows (95 % interval 0 % to 44 %)" in message.text
    assert "Cleaned least: bike_1 (0 of 4)" in message.text
    assert len(message.pictures) == 3
    assert message.data["type"] == "digest.day"
    assert message.data["data"]["uses"] == 4


def test_a_quiet_day_is_said_to_be_quiet() -> None:
    assert QUIET.is_quiet
    assert digest_lines(QUIET) == [
        ("", "All quiet: 212 uses, 7 minutes not watched"),
        ("Cleaned", "90 % of 100 windows (95 % interval 83 % to 95 %)"),
    ]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"compliance": 0.5, "worst": (BIKE,)}, ("Cleaned least", "Bike 1 (1 of 9)")),
        ({"unwatched_s": 3600.0}, ("Not watched", "60 minutes")),
        ({"unwatched_s": 36000.0}, ("Not watched", "10.0 hours")),
        ({"dead": 2, "waiting": 1}, ("Verdicts", "1 waiting, 2 given up")),
        ({"lasting": ("Camera cam_01 is silent",)}, ("Ongoing", "Camera cam_01 is silent")),
    ],
)  # fmt: skip
def test_a_day_with_something_to_look_at_is_not(change: dict[str, object], line: tuple[str, str]) -> None:
    digest = QUIET.model_copy(update=change)
    assert not digest.is_quiet
    assert line in digest_lines(digest)


def test_what_is_kept_is_read_again() -> None:
    digest = QUIET.model_copy(update={"shown": (UUID(int=1),)})
    assert Digest.model_validate_json(digest.model_dump_json()) == digest


def test_a_target_of_other_stores_gets_none(store: Store, media: MediaFolder, clock: FakeClock) -> None:
    scene = DigestScene(store, media, clock)
    other = AlertsConfig(targets=(Target("mail", "", is_webhook=False, digest_at=time(7), stores=frozenset({"x"})),))
    DigestSchedule(store, Reports(store), other, scene.office, clock).write_due()
    assert store.alerts.unrouted() == []
