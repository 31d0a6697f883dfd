"""Camera setups: what edges watch and what it looks like comes in, is kept apart by camera, and goes out as it came."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient

from backend_api.app import Settings, create_app
from backend_api.contract.cameras import MAX_CONFIG_CHARACTERS, MAX_STILL_BYTES, CameraSetup, CameraSetupState
from backend_api.media.folder import MediaFolder
from backend_api.media.retention import Retention
from backend_api.media.retention_policy import KeepLimits
from backend_api.store.camera_setups import machine_names, read_setups
from backend_api.store.store import Store
from backend_api.web.auth import Keys
from tests.backend_api.api import JSON, fields, problem
from tests.backend_api.fresh_store import fresh_store
from tests.fake_clock import FakeClock

STILL = cv2.imencode(".jpg", np.zeros((9, 16, 3), np.uint8))[1].tobytes()
OTHER_STILL = cv2.imencode(".jpg", np.full((9, 16, 3), 200, np.uint8))[1].tobytes()
PICTURE = {"Content-Type": "image/jpeg"}
SETUP_PATH = "/cameras/cam_01/setup"
STILL_PATH = "/cameras/cam_01/still"
GYM = {"store_id": "gym_demo"}


def make_setup(**overrides: Any) -> CameraSetup:  # noqa: ANN401
    zone = [[0.1, 0.2], [0.5, 0.2], [0.5, 0.9]]
    given: dict[str, Any] = {
        "store_id": "gym_demo",
        "machines": [
            {"machine_id": "bike_01", "name": "Bike 1", "zone": zone},
            {"machine_id": "rower_01", "name": "Rower by the door", "zone": zone},
        ],
        "config": "machines: [...]\n",
    }
    return CameraSetup.model_validate(given | overrides)


def put_setup(client: TestClient, setup: CameraSetup, camera_id: str = "cam_01") -> CameraSetupState:
    response = client.put(f"/cameras/{camera_id}/setup", content=setup.model_dump_json(), headers=JSON)
    assert response.status_code == 200, response.text
    return CameraSetupState.model_validate_json(response.content)


def get_setup(client: TestClient, store_id: str = "gym_demo") -> CameraSetupState:
    response = client.get(SETUP_PATH, params={"store_id": store_id})
    assert response.status_code == 200, response.text
    return CameraSetupState.model_validate_json(response.content)


def put_still(client: TestClient, jpeg: bytes = STILL) -> None:
    response = client.put(STILL_PATH, params=GYM, content=jpeg, headers=PICTURE)
    assert (response.status_code, response.content) == (204, b"")


def test_a_setup_goes_out_as_it_came_and_takes_the_place_of_the_last(client: TestClient, clock: FakeClock) -> None:
    first = put_setup(client, make_setup())
    assert get_setup(client) == first
    assert (first.camera_id, first.still_at) == ("cam_01", None)
    clock.advance(60)
    second = put_setup(client, make_setup(machines=[], config=None))
    assert get_setup(client) == second
    assert second.reported_at == first.reported_at + timedelta(seconds=60)


def test_setup_and_still_may_come_in_either_order(client: TestClient, clock: FakeClock) -> None:
    put_still(client)
    problem(client.get(SETUP_PATH, params=GYM), 404)
    still_at = clock.now()
    clock.advance(5)
    assert put_setup(client, make_setup()).still_at == still_at
    clock.advance(5)
    put_still(client, OTHER_STILL)
    state = get_setup(client)
    assert (state.still_at, state.reported_at) == (still_at + timedelta(seconds=10), still_at + timedelta(seconds=5))
    assert len(state.machines) == 2


def test_a_client_that_has_the_still_is_sent_nothing_until_there_is_another(client: TestClient) -> None:
    put_still(client)
    answer = client.get(STILL_PATH, params=GYM)
    assert (answer.content, answer.headers["content-type"]) == (STILL, "image/jpeg")
    known = {"If-None-Match": answer.headers["etag"]}
    again = client.get(STILL_PATH, params=GYM, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    put_still(client, OTHER_STILL)
    assert client.get(STILL_PATH, params=GYM, headers=known).content == OTHER_STILL


def test_cameras_of_the_same_name_in_two_gyms_are_two(client: TestClient) -> None:
    put_setup(client, make_setup())
    put_still(client)
    assert "another" in problem(client.get(SETUP_PATH, params={"store_id": "another"}), 404).detail
    problem(client.get(STILL_PATH, params={"store_id": "another"}), 404)
    put_setup(client, make_setup(store_id="another", config="other: 1"))
    assert [get_setup(client, gym).config for gym in ("gym_demo", "another")] == ["machines: [...]\n", "other: 1"]


def test_what_was_never_sent_is_answered_with_the_cure(client: TestClient) -> None:
    for path in (SETUP_PATH, STILL_PATH):
        assert "start it" in problem(client.get(path, params=GYM), 404).detail
        assert fields(problem(client.get(path), 422)) == ["store_id"]


def with_machine(**overrides: object) -> str:
    setup = json.loads(make_setup().model_dump_json())
    setup["machines"][0] |= overrides
    return json.dumps(setup)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (with_machine(zone=[[0, 0], [1, 1]]), "machines.0.zone"),
        (with_machine(zone=[[0, 0], [1, 1], [1, 1.5]]), "machines.0.zone.2.1"),
        (with_machine(name=""), "machines.0.name"),
        (with_machine(name="x" * 101), "machines.0.name"),
        (with_machine(machine_id="../etc"), "machines.0.machine_id"),
        (make_setup().model_dump_json().replace('"config"', '"configuration"'), "config"),
        (json.dumps({"store_id": "g", "machines": [], "config": "x" * (MAX_CONFIG_CHARACTERS + 1)}), "config"),
    ],
)
def test_what_is_no_setup_is_refused_with_its_fields(client: TestClient, body: str, field: str) -> None:
    assert field in fields(problem(client.put(SETUP_PATH, content=body, headers=JSON), 422))
    problem(client.get(SETUP_PATH, params=GYM), 404)


def test_two_machines_of_one_id_are_refused(client: TestClient) -> None:
    refused = problem(client.put(SETUP_PATH, content=with_machine(machine_id="rower_01"), headers=JSON), 422)
    assert fields(refused) == ["machines"]
    assert "rower_01 is the id of 2 machines; give each its own" in refused.detail


def test_the_longest_configuration_of_the_widest_characters_is_taken(client: TestClient) -> None:
    config = "k: " + "€" * (MAX_CONFIG_CHARACTERS - 3)
    body = json.dumps({"store_id": "gym_demo", "machines": [], "config": config})
    assert client.put(SETUP_PATH, content=body, headers=JSON).status_code == 200
    assert get_setup(client).config == config


def test_too_much_or_of_another_type_is_refused(client: TestClient) -> None:
    setup = make_setup().model_dump_json()
    problem(client.put(SETUP_PATH, content=setup, headers={"Content-Type": "text/plain"}), 415)
    problem(client.put(SETUP_PATH, content=setup + " " * 512 * 1024, headers=JSON), 413)
    problem(client.put(STILL_PATH, params=GYM, content=STILL, headers={"Content-Type": "image/png"}), 415)
    longest = STILL + b"\0" * (MAX_STILL_BYTES - len(STILL))
    put_still(client, longest)
    too_long = problem(client.put(STILL_PATH, params=GYM, content=longest + b"\0", headers=PICTURE), 413)
    assert str(MAX_STILL_BYTES) in too_long.detail
    assert fields(problem(client.put(STILL_PATH, content=STILL, headers=PICTURE), 422)) == ["store_id"]


@pytest.mark.parametrize("body", [b"", b"GIF89a", STILL[:100], STILL[:-2]])
def test_what_is_no_whole_jpeg_is_refused(client: TestClient, body: bytes) -> None:
    refused = problem(client.put(STILL_PATH, params=GYM, content=body, headers=PICTURE), 422)
    assert fields(refused) == ["body"]
    assert "send a whole JPEG file" in refused.detail
    problem(client.get(STILL_PATH, params=GYM), 404)


@pytest.fixture
def guarded(store: Store, media: MediaFolder, clock: FakeClock) -> Iterator[TestClient]:
    settings = Settings(keys=Keys.of(["writer-0123456789"], ["reader-0123456789"], {}))
    with TestClient(create_app(store, media, clock, settings), base_url="http://127.0.0.1") as client:
        yield client


def test_writing_takes_a_writing_key_and_reading_any(guarded: TestClient) -> None:
    writer, reader = {"Authorization": "Bearer writer-0123456789"}, {"Authorization": "Bearer reader-0123456789"}
    body = make_setup().model_dump_json()
    for path, content, headers in [(SETUP_PATH, body.encode(), JSON), (STILL_PATH, STILL, PICTURE)]:
        problem(guarded.put(path, params=GYM, content=content, headers=headers), 401)
        problem(guarded.put(path, params=GYM, content=content, headers=headers | reader), 403)
        assert guarded.put(path, params=GYM, content=content, headers=headers | writer).status_code in (200, 204)
        problem(guarded.get(path, params=GYM), 401)
        assert guarded.get(path, params=GYM, headers=reader).status_code == 200


@pytest.mark.both_databases
def test_names_of_all_machines_that_are_in_a_setup(store: Store) -> None:
    store.setups.keep_still("gym_demo", "cam_00", STILL)
    store.setups.keep("cam_02", make_setup(store_id="another"))
    store.setups.keep("cam_01", make_setup())
    with store.database.read() as connection:
        assert [(setup.store_id, setup.camera_id) for setup in read_setups(connection)] == [
            ("another", "cam_02"),
            ("gym_demo", "cam_01"),
        ]
        names = machine_names(connection)
    assert names["gym_demo", "cam_01", "rower_01"] == "Rower by the door"
    assert len(names) == 4


def test_setups_are_there_after_a_restart(tmp_path: Path) -> None:
    for _ in range(2):
        with closing(fresh_store(tmp_path / "kept.db", FakeClock())) as store:
            found = store.setups.find("gym_demo", "cam_01")
            store.setups.keep("cam_01", make_setup())
    assert found is not None
    assert found.machines == make_setup().machines


def test_stills_are_kept_no_longer_than_clips(store: Store, media: MediaFolder, clock: FakeClock) -> None:
    store.setups.keep_still("gym_demo", "old", STILL)
    store.setups.keep("old", make_setup())
    clock.advance(timedelta(days=2).total_seconds())
    store.setups.keep_still("gym_demo", "new", STILL)
    Retention(store, media, KeepLimits(size_bytes=10**9), clock).sweep()
    assert store.setups.find_still("gym_demo", "old")
    Retention(store, media, KeepLimits(days=1), clock).sweep()
    assert store.setups.find_still("gym_demo", "old") is None
    setup = store.setups.find("gym_demo", "old")
    assert setup is not None
    assert setup.still_at is None
    kept = store.setups.find_still("gym_demo", "new")
    assert kept is not None
    assert (kept.jpeg, kept.at) == (STILL, datetime(2026, 2, 2, 9, tzinfo=UTC))
