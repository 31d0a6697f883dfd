"""Following the zones: from the dashboard into the file, from there to the camera, and what goes wrong on the way."""

import json
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend_api.base.http_client import Answer, NoAnswer
from backend_api.contract.looks import LookAnswer
from backend_api.contract.zone_versions import ZoneSet, ZoneStatus, ZoneVersion
from edge_service.config import SAMPLE_CONFIG, Config, load_config
from edge_service.pipeline.looks import LookSlot
from edge_service.zones.follower import ZoneFollower
from edge_service.zones.zone_file import ZoneFile
from tests.edge_service.crashing_disk import QuickDisk
from tests.edge_service.zones.test_zone_file import TRIANGLE, zones_of
from tests.fake_clock import FakeClock

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)


class FakeBackend:
    """Has one newest version, or answers `status`, or nothing."""

    def __init__(self) -> None:
        self.newest: ZoneVersion | None = None
        self.status = 404
        self.is_away = False
        self.refusals: list[dict[str, object]] = []
        self.look: str | None = None
        self.looks: list[LookAnswer] = []
        self.got = threading.Event()

    def want(self, version: int, zones: ZoneSet) -> None:
        self.newest = ZoneVersion(
            version=version, store_id="gym", camera_id="cam", at=AT, who="ann", zones=zones,
            status=ZoneStatus.WANTED, problem=None,
        )  # fmt: skip

    def get(self, path: str) -> Answer:
        assert path == "/cameras/cam/zones?store_id=gym"
        if self.is_away:
            raise NoAnswer("connection refused")
        headers = {} if self.look is None else {"look-wanted": self.look}
        if self.newest is None:
            return Answer(self.status, b"{}", headers=headers)
        return Answer(200, self.newest.model_dump_json().encode(), headers=headers)

    def put(self, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        if path == "/cameras/cam/look?store_id=gym":
            if self.is_away:
                raise NoAnswer("connection refused")
            self.looks.append(LookAnswer.model_validate_json(body))
            self.got.set()
            return Answer(self.status if self.status >= 400 else 204, b"{}")
        assert path == "/cameras/cam/zones/refusal?store_id=gym"
        self.refusals.append(json.loads(body))
        return Answer(204, b"")


class House:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "config.yaml"
        self.path.write_bytes(SAMPLE_CONFIG.read_bytes())
        self.backend = FakeBackend()
        self.looks = LookSlot()
        self.file = ZoneFile(self.path, load_config, QuickDisk())
        self.follower: ZoneFollower[Config] = ZoneFollower(
            self.file, lambda: load_config(self.path), load_config(self.path), self.backend, "gym", "cam", FakeClock(),
            looks=self.looks,
        )  # fmt: skip

    def drawn(self, name: str = "Drawn") -> ZoneSet:
        zones = zones_of(self.path.read_text(encoding="utf-8"))
        first = zones.machines[0].model_copy(update={"name": name, "zone": TRIANGLE})
        return zones.model_copy(update={"machines": (first, *zones.machines[1:])})

    def write(self, old: str, new: str) -> None:
        self.path.write_text(self.path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_what_is_drawn_goes_into_the_file_and_is_taken_once(house: House) -> None:
    house.follower.look()
    assert house.follower.take() is None
    house.backend.want(7, house.drawn())
    house.follower.look()
    assert house.follower.has_news
    written = house.path.stat()
    house.follower.look()  # the backend does not know yet
    assert house.path.stat() == written
    taken = house.follower.take()
    assert taken is not None
    assert taken == load_config(house.path)
    assert (taken.machines[0].name, taken.machines[0].zone) == ("Drawn", TRIANGLE)
    house.follower.look()
    assert (house.follower.take(), house.follower.problem, house.backend.refusals) == (None, None, [])


def test_a_file_that_somebody_changed_is_taken(house: House) -> None:
    house.write("Bike 1", "Bike one")
    house.follower.look()
    taken = house.follower.take()
    assert taken is not None
    assert taken.machines[1].name == "Bike one"


def test_what_is_taken_while_the_file_changes_back_is_what_the_file_holds(tmp_path: Path) -> None:
    """The camera takes what was written just while it is compared with what is written now."""

    class Held:
        """What a file holds. While two of them are compared the camera's thread takes, if it may."""

        def __init__(self, text: str) -> None:
            self.text = text

        def __eq__(self, other: object) -> bool:
            is_same = isinstance(other, Held) and self.text == other.text
            if is_taking_meanwhile.is_set():
                camera.start()
                camera.join(0.05)
            return is_same

        __hash__ = None  # type: ignore[assignment]

    path, in_use, is_taking_meanwhile = tmp_path / "config.yaml", Held("old"), threading.Event()
    path.write_text("old", encoding="utf-8")
    follower: ZoneFollower[Held] = ZoneFollower(
        ZoneFile(path, Path.read_text, QuickDisk()), lambda: Held(path.read_text(encoding="utf-8")), in_use,
        FakeBackend(), "gym", "cam", FakeClock(), looks=LookSlot(),
    )  # fmt: skip
    watched = [in_use]
    camera = threading.Thread(target=lambda: watched.append(follower.take() or watched[-1]))
    path.write_text("newer", encoding="utf-8")
    follower.look()
    is_taking_meanwhile.set()
    path.write_text("old", encoding="utf-8")
    follower.look()
    camera.join()
    is_taking_meanwhile.clear()
    assert (follower.take() or watched[-1]).text == "old"


def test_a_comment_is_no_news(house: House) -> None:
    house.write("machines:\n", "machines:  # ours\n")
    house.follower.look()
    assert not house.follower.has_news


@pytest.mark.parametrize("broken", ["machines: [", "", "machines: []", None])
def test_a_broken_file_is_said_and_changes_nothing_until_it_is_mended(house: House, broken: str | None) -> None:
    sound = house.path.read_text(encoding="utf-8")
    if broken is None:
        house.path.unlink()
    else:
        house.path.write_text(broken, encoding="utf-8")
    house.follower.look()
    assert not house.follower.has_news
    assert str(house.path) in str(house.follower.problem)
    assert "the zones from before are still watched" in str(house.follower.problem)
    house.backend.want(7, zones_of(sound))
    house.follower.look()
    assert [refusal["version"] for refusal in house.backend.refusals] == [7]
    house.path.write_text(sound.replace("Bike 1", "Bike one"), encoding="utf-8")
    house.follower.look()
    taken = house.follower.take()
    assert taken is not None
    assert (taken.machines[1].name, house.follower.problem) == ("Bike one", None)


def test_a_wish_that_does_not_know_of_a_change_in_the_file_is_refused(house: House) -> None:
    house.backend.want(7, house.drawn())
    house.write("Bike 1", "Bike one")
    house.follower.look()
    [refusal] = house.backend.refusals
    assert (refusal["version"], "changed at the same time" in str(refusal["problem"])) == (7, True)
    taken = house.follower.take()
    assert taken is not None
    assert (taken.machines[0].name, taken.machines[1].name) == ("Treadmill 1", "Bike one")
    house.follower.look()
    assert len(house.backend.refusals) == 1


def test_what_cannot_be_written_is_refused(house: House) -> None:
    house.backend.want(7, house.drawn())
    house.path.with_name("config.yaml.new.tmp").mkdir()
    house.follower.look()
    assert "cannot be written" in str(house.backend.refusals[0]["problem"])
    assert not house.follower.has_news


def test_what_was_taken_and_cannot_be_used_is_given_back(house: House) -> None:
    before = load_config(house.path)
    house.write("Bike 1", "Bike one")
    house.follower.look()
    assert house.follower.take() is not None
    house.follower.give_back(before, "no such network")
    assert house.follower.problem == "no such network"
    house.follower.look()
    assert not house.follower.has_news
    house.write("Bike one", "Bike two")
    house.follower.look()
    assert house.follower.has_news
    assert str(house.follower.problem) == "None"


@pytest.mark.parametrize("status", [200, 401, 404, 500])
def test_a_backend_that_has_nothing_to_say_is_no_trouble(house: House, status: int) -> None:
    house.backend.status = status
    house.follower.look()
    house.backend.is_away = True
    house.follower.look()
    assert (house.follower.has_news, house.follower.problem) == (False, None)


@pytest.mark.parametrize(("said", "number"), [("17", 17), (None, None), ("", None), ("-1", None), ("9" * 40, None)])
def test_a_look_that_the_backend_wants_is_asked_for(house: House, said: str | None, number: int | None) -> None:
    house.looks.want(3)
    house.backend.look = said
    house.follower.look()
    assert house.looks.wanted == number


def test_a_look_is_sent_once_and_one_that_is_lost_is_wanted_again(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.backend.look = "17"
    house.follower.answer()
    assert house.backend.looks == []
    for is_away in (True, False):
        house.backend.is_away = False
        house.follower.look()
        house.looks.give(17, lambda: LookAnswer(number=17))
        house.backend.is_away = is_away
        house.follower.answer()
    house.follower.answer()
    assert house.backend.looks == [LookAnswer(number=17)]
    assert "look 17 is refused: answered 404" in caplog.text


def test_an_answer_goes_out_as_soon_as_it_is_there(house: House) -> None:
    class Standing(FakeClock):
        """It never becomes time to ask for the zones."""

        def wait(self, signal: threading.Event, timeout_s: float) -> bool:
            assert timeout_s > 0
            return signal.wait(60)

    follower: ZoneFollower[Config] = ZoneFollower(
        house.file, lambda: load_config(house.path), load_config(house.path), house.backend, "gym", "cam",
        Standing(), looks=house.looks,
    )  # fmt: skip
    with follower:
        house.looks.give(17, lambda: LookAnswer(number=17))
        assert house.backend.got.wait(60)
    assert house.backend.looks == [LookAnswer(number=17)]


def break_down() -> Config:
    raise ZeroDivisionError("nobody thought of this")


def test_a_look_that_cannot_be_made_is_answered_so_and_the_next_one_is_made(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> LookAnswer:
        raise ZeroDivisionError("nobody thought of this")

    house.looks.give(17, fail)
    house.follower.answer()
    house.looks.give(18, lambda: LookAnswer(number=18))
    house.follower.answer()
    failed, made = house.backend.looks
    assert (failed.number, failed.picture, made) == (17, None, LookAnswer(number=18))
    assert str(failed.problem).startswith("the look cannot be made: ZeroDivisionError: nobody thought of this")
    assert str(failed.problem) in caplog.text


def test_zones_whose_taking_fails_unforeseen_are_refused_and_others_taken(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.backend.want(7, house.drawn())
    with monkeypatch.context() as broken:
        broken.setattr(house.file, "put", lambda zones: break_down())
        house.follower.look()
    [refusal] = house.backend.refusals
    assert (refusal["version"], "nobody thought of this" in str(refusal["problem"])) == (7, True)
    house.backend.want(8, house.drawn())
    house.follower.look()
    assert house.follower.has_news


def test_a_file_whose_reading_fails_unforeseen_is_said_until_it_can_be_read(house: House) -> None:
    errors = [ZeroDivisionError("nobody thought of this")]

    def load() -> Config:
        if errors:
            raise errors.pop()
        return load_config(house.path)

    follower: ZoneFollower[Config] = ZoneFollower(
        house.file, load, load_config(house.path), house.backend, "gym", "cam", FakeClock(),
        looks=house.looks,
    )  # fmt: skip
    house.write("Bike 1", "Bike one")
    follower.look()
    follower.look()
    assert "nobody thought of this" in str(follower.problem)
    assert str(house.path) in str(follower.problem)
    house.write("Bike one", "Bike no. 1")
    follower.look()
    assert (follower.problem, follower.has_news) == (None, True)


def test_whatever_else_fails_is_told_and_zones_are_followed_again(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    problems: list[str | None] = []
    seen = threading.Event()
    get = house.backend.get

    def odd(path: str) -> Answer:
        problems.append(house.follower.problem)
        if len(problems) <= 2:
            break_down()
        if len(problems) == 4:
            seen.set()
        return get(path)

    monkeypatch.setattr(house.backend, "get", odd)
    with house.follower:
        assert seen.wait(60)
    told = "zones are not followed: ZeroDivisionError: nobody thought of this (unforeseen; GYM_DEBUG=1 shows where)"
    assert problems[:4] == [None, f"{told}; trying again in 1 s", f"{told}; trying again in 2 s", None]
    assert caplog.text.count("zones are not followed") == 2
