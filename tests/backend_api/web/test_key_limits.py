"""Keys that are limited: to figures without pictures, to one store; and who looked."""

import json
import resource
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from backend_api.app import Settings, create_app
from backend_api.base.followed_file import FollowedFile
from backend_api.base.process import UsageError
from backend_api.contract.alerts import AlertFacts, AlertKind
from backend_api.contract.board import Board
from backend_api.contract.cameras import CameraReport, CameraSetup, MachineSetup
from backend_api.contract.events import Event
from backend_api.contract.people import ACTING_FOR, Role
from backend_api.media.folder import MediaFolder
from backend_api.media.retention_policy import KeepLimits
from backend_api.store.ledger.alerts import Thing
from backend_api.store.store import Store
from backend_api.web.audit import AuditLog
from backend_api.web.auth import Keys
from backend_api.web.caller import Caller
from backend_api.web.keys_file import load_keys
from tests.backend_api.api import problem
from tests.backend_api.events import make_result
from tests.backend_api.web.keys import bearer, entry, person, write_keys
from tests.backend_api.web.routes.test_uploads import CLIP, JPEG, event_with_clip, put
from tests.fake_clock import FakeClock

DOOR, DESK, OTHER, OFFICE = (bearer(name) for name in ("door_screen", "front_desk", "other_gym", "head_office"))
DESK_CALLER = Caller("desk", Role.VIEWER)
ENTRIES = (
    entry("door_screen", Role.FIGURES),
    entry("front_desk", Role.VIEWER, "gym_demo"),
    entry("other_gym", Role.VIEWER, "gym_2"),
    entry("head_office", Role.ADMIN),
    entry("dashboard", Role.DASHBOARD),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_keys(tmp_path / "keys.yaml", *ENTRIES)


@pytest.fixture
def guarded(path: Path, store: Store, media: MediaFolder, clock: FakeClock) -> Iterator[TestClient]:
    settings = Settings(keys=Keys.of([], [], {}, load_keys(path)))
    app = create_app(store, media, clock, settings)
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def event(guarded: TestClient, store: Store) -> Event:
    event = event_with_clip()
    store.events.add([event])
    guarded.headers.update(OFFICE)
    put(guarded, f"/media/{event.event_id}", CLIP)
    put(guarded, f"/media/{event.event_id}/thumbnail", JPEG)
    del guarded.headers["Authorization"]
    return event


def audited(client: TestClient) -> list[tuple[str, str]]:
    lines = client.get("/audit", headers=OFFICE).text.splitlines()
    return [(line["key"], line["what"]) for line in map(json.loads, lines)]


def test_a_key_for_figures_sees_figures_and_nothing_else(guarded: TestClient, event: Event) -> None:
    allowed = {"/board", "/board/page", "/stats", "/stats/compliance", "/stats/days", "/health", "/ready"}
    for path in guarded.get("/openapi.json", headers=OFFICE).json()["paths"]:
        address = path.replace("{event_id}", str(event.event_id)).replace("{number}", "1").replace("{camera_id}", "c")
        status = guarded.get(address, headers=DOOR).status_code
        assert status == 200 if path in allowed else status == 403, path
    assert guarded.put(f"/media/{event.event_id}", content=CLIP, headers=DOOR).status_code == 403


def test_a_key_for_a_store_sees_that_store_alone(guarded: TestClient, event: Event) -> None:
    mine, media = "?store_id=gym_demo", f"/media/{event.event_id}"
    for path in ("/events", "/events/export.csv", "/sessions", "/machines", "/stats", "/board", "/cameras"):
        assert guarded.get(path + mine, headers=DESK).status_code == 200
        for query in ("", "?store_id=gym_2", f"{mine}&store_id=gym_2", "?store_id="):
            problem(guarded.get(path + query, headers=DESK), 403)
    for path in (f"/events/{event.event_id}", media, f"{media}/thumbnail", f"/events/{event.event_id}/reviews"):
        assert guarded.get(path, headers=DESK).status_code == 200
        problem(guarded.get(path, headers=OTHER), 403)
    for path in ("/queue", "/events/stream", "/metrics", "/openapi.json", "/audit"):
        problem(guarded.get(path, headers=DESK), 403)
    problem(guarded.get("/cameras/cam_01/still?store_id=gym_2", headers=DESK), 403)
    problem(guarded.get("/cameras/cam_01/still?store_id=gym_demo", headers=DESK), 404)


def test_each_look_is_written_down_with_the_name_of_its_key(guarded: TestClient, event: Event) -> None:
    clip = f"/media/{event.event_id}"
    guarded.get(clip, headers=DESK)
    guarded.get("/events/export.csv", headers=OFFICE)
    guarded.get("/cameras/cam_01/still?store_id=gym_demo", headers=DESK)
    guarded.get("/events?store_id=gym_demo", headers=DESK)
    guarded.post("/cameras/cam_01/look?store_id=gym_demo", json={}, headers=OFFICE)
    guarded.put("/cameras/cam_01/look?store_id=gym_demo", json={"number": 1}, headers=OFFICE)
    signed = guarded.get(f"/events/{event.event_id}", headers=DESK).json()["thumbnail_url"]
    assert guarded.get(signed).status_code == 200
    assert guarded.get(clip).status_code == 401
    assert audited(guarded) == [
        ("front_desk", clip),
        ("head_office", "/events/export.csv"),
        ("front_desk", "/cameras/cam_01/still"),
        ("head_office", "/cameras/cam_01/look"),
        ("front_desk", f"{clip}/thumbnail"),
    ]
    problem(guarded.get("/audit", headers=DESK), 403)


def test_the_floor_signs_the_picture_of_each_camera_for_it_alone(
    guarded: TestClient, store: Store, clock: FakeClock
) -> None:
    for store_id in ("gym_demo", "gym_2"):
        report = CameraReport(
            store_id=store_id, media_time_s=1.0, frames_captured=1, frames_processed=1, frames_skipped=0,
            outbox_depth=0, version="1", started_at=clock.now(),
        )  # fmt: skip
        store.cameras.report("cam_01", report)
        store.setups.keep("cam_01", CameraSetup(store_id=store_id, machines=(), config=None))
        store.setups.keep_still(store_id, "cam_01", JPEG)
    problem(guarded.get("/floor", headers=DESK), 403)
    [mine] = guarded.get("/floor?store_id=gym_demo", headers=DESK).json()["items"]
    assert guarded.get(mine["still_url"]).content == JPEG
    problem(guarded.get(mine["still_url"].replace("store_id=gym_demo", "store_id=gym_2")), 401)
    problem(guarded.get(mine["still_url"] + "&store_id=gym_2"), 401)
    problem(guarded.get(mine["still_url"].replace("/cam_01/", "/cam_02/")), 401)
    problem(guarded.get(mine["still_url"].replace("/still", "/setup")), 401)
    assert audited(guarded) == [("front_desk", "/cameras/cam_01/still")]


def test_the_name_in_a_signed_address_cannot_be_changed(guarded: TestClient, event: Event) -> None:
    signed = guarded.get(f"/events/{event.event_id}", headers=DESK).json()["thumbnail_url"]
    assert "by=front_desk" in signed
    problem(guarded.get(signed.replace("by=front_desk", "by=head_office")), 401)
    problem(guarded.get(signed.replace("&by=front_desk", "")), 401)


def test_what_cannot_be_written_down_is_not_shown(guarded: TestClient, event: Event, media: MediaFolder) -> None:
    (media.folder.parent / "audit").write_text("no folder")
    problem(guarded.get(f"/media/{event.event_id}", headers=OFFICE), 507)
    assert guarded.get("/stats", headers=OFFICE).status_code == 200


def test_a_line_that_the_disk_takes_a_part_of_is_none(tmp_path: Path, clock: FakeClock) -> None:
    audit = AuditLog(tmp_path, clock)
    audit.note(DESK_CALLER, "/media/first", "GET", "127.0.0.1")
    size_bytes = len(b"".join(audit.lines()))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # As a disk does that has room left for a part of the next line.
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes + 20, hard))
    try:
        with pytest.raises(OSError, match="No space left"):
            audit.note(DESK_CALLER, "/media/second", "GET", "127.0.0.1")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    audit.note(DESK_CALLER, "/media/third", "GET", "127.0.0.1")
    assert [json.loads(line)["what"] for line in audit.lines()] == ["/media/first", "/media/third"]


def test_lines_are_only_added_and_go_by_days(tmp_path: Path, clock: FakeClock) -> None:
    for _ in range(6):
        AuditLog(tmp_path, clock, keep_days=3).note(DESK_CALLER, "/media/x", "GET", "127.0.0.1")
        clock.advance(86_400)
    assert len(list(tmp_path.iterdir())) == 4
    assert len(list(AuditLog(tmp_path, clock).lines())) == 4
    (tmp_path / "notes.txt").write_text("mine")
    kept = AuditLog(tmp_path, clock)
    kept.note(DESK_CALLER, "/media/x", "GET", "127.0.0.1")
    kept.note(DESK_CALLER, "/media/y", "GET", "127.0.0.1")
    assert [json.loads(line)["what"] for line in kept.lines()][-2:] == ["/media/x", "/media/y"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.glob("*.jsonl"))


def test_the_board_tells_which_machines_are_free_and_no_more(guarded: TestClient, event: Event) -> None:
    response = guarded.get("/board", headers=DOOR)
    board = Board.model_validate_json(response.content)
    assert [machine.machine_id for machine in board.machines] == [event.machine_id]
    assert set(json.loads(response.content)["machines"][0]) == {"machine_id", "name", "state"}
    assert "media" not in response.text
    page = guarded.get("/board/page")
    assert page.status_code == 200
    assert "<img" not in page.text
    assert "http" not in page.text.replace("http-equiv", "")


def test_a_board_of_more_machines_than_a_screen_shows_is_refused_with_the_cure(
    guarded: TestClient, store: Store
) -> None:
    zone = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9))
    for camera_id, number in (("cam_a", 500), ("cam_b", 1)):
        machines = tuple(MachineSetup(machine_id=f"{camera_id}_{n}", name="Bench", zone=zone) for n in range(number))
        store.setups.keep(camera_id, CameraSetup(store_id="gym_large", machines=machines, config=None))

    def board(**query: str) -> Response:
        response: Response = guarded.get("/board", params=query, headers=DOOR)
        return response

    assert "give store_id" in problem(board(), 422).detail
    assert [error["field"] for error in problem(board(store_id="gym_large"), 422).errors or []] == ["camera_id"]
    assert board(store_id="gym_large", camera_id="cam_a").status_code == 200


HASH, OTHER_HASH = "0f" * 32, "1e" * 32


@pytest.mark.parametrize(
    ("text", "problem_text"),
    [
        (f"keys: [{{name: a, sha256: {HASH}, role: look}}]", "is no role; write one of figures, viewer"),
        (f"keys: [{{name: a, sha256: {HASH}, role: admin, stores: [gym]}}]", "of all stores"),
        (f"keys: [{{name: a, sha256: {HASH}, role: edge, stores: [gym]}}]", "of all stores"),
        (f"keys: [{{name: a, sha256: {HASH}, role: viewer, stores: []}}]", "stores"),
        ("keys: [{name: a, sha256: my-own-password, role: admin}]", "backend_api/keys.py make the key"),
        (f"keys: [{{name: a, sha256: {HASH}}}]", "role is missing"),
        (f"keys: [{{name: a, role: admin, sha256: {HASH}, key: secret}}]", "unknown key"),
        (f"keys: [{{name: a b, sha256: {HASH}, role: admin}}]", "name"),
        (
            f"keys: [{{name: a, sha256: {HASH}, role: admin}}, {{name: a, sha256: {OTHER_HASH}, role: edge}}]",
            "another key",
        ),
        (f"keys: [{{name: a, sha256: {HASH}, role: admin}}, {{name: b, sha256: {HASH}, role: edge}}]", "another name"),
        (f"keys: [{{name: a, sha256: {HASH}, role: manager}}]", "no key that may send events"),
        ("keys: []", "no key that may send events"),
    ],
)
def test_a_mistake_in_the_file_is_told(path: Path, text: str, problem_text: str) -> None:
    path.write_text(text)
    with pytest.raises(UsageError, match=problem_text) as raised:
        Keys.of([], [], {}, load_keys(path))
    assert not any(secret in str(raised.value) for secret in (HASH, "my-own-password", "secret"))


def test_the_log_is_kept_as_long_as_clips(store: Store, media: MediaFolder, clock: FakeClock, path: Path) -> None:
    settings = Settings(keys=Keys.of([], [], {}, load_keys(path)), keep=KeepLimits(days=1))
    with TestClient(create_app(store, media, clock, settings), base_url="http://127.0.0.1") as client:
        client.get("/events/export.csv", headers=OFFICE)
        clock.advance(timedelta(days=3).total_seconds())
        client.get("/events/export.csv", headers=OFFICE)
        clock.advance(timedelta(days=1).total_seconds())
        client.get("/events/export.csv", headers=OFFICE)
        assert len(audited(client)) == 2


@pytest.mark.parametrize("ahead_days", [2, 30, 40_000])
def test_a_clock_that_is_set_ahead_and_back_takes_no_line_along(
    tmp_path: Path, clock: FakeClock, ahead_days: int
) -> None:
    log = AuditLog(tmp_path, clock, keep_days=10)
    for _ in range(7):
        log.note(DESK_CALLER, "/media/x", "GET", "127.0.0.1")
        clock.advance(86_400)
    for jump_s in (ahead_days * 86_400, -ahead_days * 86_400):
        clock.jump_wall_clock(jump_s)
        log.note(DESK_CALLER, "/media/x", "GET", "127.0.0.1")
        AuditLog(tmp_path, clock, keep_days=10).note(DESK_CALLER, "/media/y", "GET", "127.0.0.1")
    clock.advance(86_400)
    log.note(DESK_CALLER, "/media/x", "GET", "127.0.0.1")
    assert len(list(log.lines())) == 7 + 5


def test_the_file_is_followed_and_a_broken_one_changes_nothing(
    path: Path, store: Store, media: MediaFolder, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    def load() -> Keys:
        return Keys.of([], [], {}, load_keys(path), must_write=False)

    followed = FollowedFile(path, load, clock.monotonic_s)
    settings = Settings(keys=followed.value, followed_keys=followed)
    with TestClient(create_app(store, media, clock, settings), base_url="http://127.0.0.1") as client:

        def status(name: str) -> int:
            code: int = client.get("/machines", headers=bearer(name)).status_code
            return code

        write_keys(path, *ENTRIES, entry("late", Role.VIEWER))
        assert status("late") == 401  # not looked at again within a second
        clock.advance(1)
        assert status("late") == 200
        path.write_text("keys: [{name: late")
        clock.advance(1)
        assert status("late") == 200
        assert "keys.yaml:1" in caplog.text
        assert "all stays as it was read before" in caplog.text
        path.unlink()
        clock.advance(1)
        assert (status("late"), status("head_office")) == (200, 200)
        # The last key that may send events is taken back, too: at once, and without a start.
        write_keys(path, entry("late", Role.VIEWER))
        clock.advance(1)
        assert (status("late"), status("head_office")) == (200, 401)
    assert "0123456789" not in caplog.text


def test_what_a_person_says_bears_the_persons_name(guarded: TestClient, event: Event, store: Store) -> None:
    claim = store.enrichments.claim(60)
    assert claim is not None
    store.enrichments.finish(claim, make_result())
    store.alerts.change({Thing(AlertKind.CAMERA_DARK, "gym_demo", "cam_01"): AlertFacts(camera_id="cam_01")}, [])
    ada = bearer("dashboard", person(Role.MANAGER, "gym_demo"))
    review = guarded.post(f"/events/{event.event_id}/review", json={"agree": "yes", "who": "Bob"}, headers=ada)
    assert review.json()["who"] == "Ada Lovelace"
    path = f"/sessions/{event.session_id}/correction"
    assert guarded.post(path, json={"truth": "nobody", "who": "Bob"}, headers=ada).json()["who"] == "Ada Lovelace"
    seen = guarded.post("/alerts/1/acknowledge", json={"who": "Bob"}, headers=ada)
    assert seen.json()["acknowledged_by"] == "Ada Lovelace"
    zones = {"zones": {"machines": [{"machine_id": "m", "name": "M", "zone": [[0, 0], [1, 0], [1, 1]]}]}, "who": "Bob"}
    where = "/cameras/cam_01/zones?store_id=gym_demo"
    drawn = guarded.put(where, json=zones, headers={**ada, "If-Match": '"0"'})
    assert drawn.json()["who"] == "Ada Lovelace"
    gym = guarded.put("/stores/gym_demo", json={"name": "Am Markt", "tz": "Europe/Berlin"}, headers=ada)
    assert gym.json()["changed_by"] == "Ada Lovelace"
    assert [one["changed_by"] for one in guarded.get("/stores", headers=ada).json()["items"]] == ["Ada Lovelace"]
    # A key that is nobody's says for itself who speaks.
    said = guarded.post(f"/events/{event.event_id}/review", json={"agree": "no", "who": "Bob"}, headers=OFFICE)
    assert said.json()["who"] == "Bob"
    gym = guarded.put("/stores/gym_demo", json={"name": "Am Markt", "tz": "Europe/Berlin"}, headers=OFFICE)
    assert gym.json()["changed_by"] is None


def test_the_audit_names_the_person_who_looked_or_changed(guarded: TestClient, event: Event) -> None:
    ada = bearer("dashboard", person(Role.MANAGER, "gym_demo", name="Ada Lovelace & é"))
    found = guarded.get(f"/events/{event.event_id}", headers=ada).json()
    assert guarded.get(found["thumbnail_url"]).status_code == 200
    guarded.put("/stores/gym_demo", json={"name": "Gym", "tz": "UTC"}, headers=ada)
    lines = [json.loads(line) for line in guarded.get("/audit", headers=OFFICE).text.splitlines()]
    assert [(line["key"], line.get("person"), line["method"], line["what"]) for line in lines] == [
        ("dashboard", "manager@example.org", "GET", f"/media/{event.event_id}/thumbnail"),
        ("dashboard", "manager@example.org", "PUT", "/stores/gym_demo"),
    ]
    for change in (
        ("manager%40example.org", "eve%40example.org"),
        ("&for=manager%40example.org", ""),
        # Together as long as before: a part that runs over into the next one is another caller.
        ("by=dashboard&for=manager%40example.org", "by=dashboard+manager%40example.org"),
    ):
        assert change[0] in found["thumbnail_url"]
        problem(guarded.get(found["thumbnail_url"].replace(*change)), 401)


def test_the_audit_tells_cameras_of_one_name_apart(guarded: TestClient) -> None:
    for store_id in ("gym_demo", "gym_2"):
        guarded.get(f"/cameras/cam_01/still?store_id={store_id}", headers=OFFICE)
        guarded.delete(f"/cameras/cam_01?store_id={store_id}", headers=OFFICE)
    guarded.get("/events/export.csv", headers=OFFICE)
    lines = [json.loads(line) for line in guarded.get("/audit", headers=OFFICE).text.splitlines()]
    assert [line.get("store_id") for line in lines] == ["gym_demo"] * 2 + ["gym_2"] * 2 + [None]


@pytest.mark.parametrize("spelling", [str.upper, lambda name: name.replace("-", ""), lambda name: f"urn:uuid:{name}"])
def test_a_change_is_written_down_however_its_id_is_spelt(
    guarded: TestClient, event: Event, spelling: Callable[[str], str]
) -> None:
    path = f"/events/{spelling(str(event.event_id))}/retry"
    # It is known, by whatever spelling, and has no verdict that is asked for again.
    problem(guarded.post(path, headers=OFFICE), 409)
    assert audited(guarded) == [("head_office", path)]


def test_a_header_that_names_nobody_is_refused(guarded: TestClient, event: Event, client: TestClient) -> None:
    named = person(Role.VIEWER).header()
    for value in ("", "{}", "x" * 20_000, named.replace("viewer", "admin"), named.replace("viewer", "dashboard")):
        problem(guarded.get("/machines", headers={**bearer("dashboard"), ACTING_FOR: value}), 400)
    two = [*bearer("dashboard").items(), (ACTING_FOR, named), (ACTING_FOR, named)]
    problem(guarded.get("/machines", headers=two), 400)
    problem(guarded.get("/machines", headers=bearer("dashboard")), 403)
    assert "keys.py --add" in problem(guarded.get("/machines", headers={**OFFICE, ACTING_FOR: named}), 403).detail
    # Without keys nobody could be kept to a role.
    problem(client.get("/machines", headers={ACTING_FOR: named}), 403)


def test_a_person_of_some_stores_learns_of_no_other(guarded: TestClient, event: Event, store: Store) -> None:
    for store_id in ("gym_demo", "gym_2", ""):
        store.alerts.change({Thing(AlertKind.CAMERA_DARK, store_id, "cam_01"): AlertFacts(camera_id="cam_01")}, [])
    guarded.put("/stores/gym_2", json={"name": "Two", "tz": "UTC"}, headers=OFFICE)
    ada = bearer("dashboard", person(Role.VIEWER, "gym_demo"))
    assert [one["store_id"] for one in guarded.get("/stores", headers=ada).json()["items"]] == ["gym_demo"]
    found = guarded.get("/alerts?store_id=gym_demo", headers=ada).json()["items"]
    assert [one["store_id"] for one in found] == ["gym_demo"]
    everywhere = bearer("dashboard", person(Role.VIEWER))
    assert len(guarded.get("/stores", headers=everywhere).json()["items"]) == 2
    assert len(guarded.get("/alerts?store_id=gym_demo", headers=everywhere).json()["items"]) == 2
