"""The routes of looks and of the floor: asked by people, answered by an edge, refused where there is nothing to see."""

from base64 import b64encode

import pytest
from fastapi.testclient import TestClient

from backend_api.contract.looks import LOOK_HEADER, MAX_PEOPLE
from backend_api.store.store import Store
from tests.fake_clock import FakeClock
from tests.ui.gym import make_picture

JPEG = make_picture()
AT = "/cameras/cam_01/look?store_id=gym_demo"
CORNERS = [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]
PERSON = {"left": 0.1, "top": 0.2, "right": 0.3, "bottom": 0.9, "score": 0.8, "track_id": 7, "zones": ["bike_01"]}
MACHINE = {
    "machine_id": "bike_01", "state": "in_use", "for_s": 12.5, "there_s": None, "gone_s": 1.0, "is_attempted": False,
}  # fmt: skip


def set_up(client: TestClient, **fields: object) -> None:
    machines = [{"machine_id": "bike_01", "name": "Bike", "zone": CORNERS}]
    setup = {"store_id": "gym_demo", "machines": machines, "config": None, "areas": [], "gives_looks": True} | fields
    assert client.put("/cameras/cam_01/setup", json=setup).is_success


def report(client: TestClient, clock: FakeClock) -> None:
    frames = {"frames_captured": 1, "frames_processed": 1, "frames_skipped": 0, "outbox_depth": 0}
    body = {"store_id": "gym_demo", "media_time_s": 1.0, "version": "1", "started_at": clock.now().isoformat()}
    assert client.put("/cameras/cam_01", json=body | frames).is_success


def test_an_edge_hears_of_a_look_and_answers_it(client: TestClient, clock: FakeClock) -> None:
    set_up(client)
    zones = "/cameras/cam_01/zones?store_id=gym_demo"
    assert client.get(AT).status_code == 404
    assert LOOK_HEADER not in client.get(zones).headers
    asked = client.post(AT, json={"who": "ann"}).json()
    assert (asked["status"], client.get(zones).headers[LOOK_HEADER]) == ("wanted", str(asked["number"]))
    answer = {
        "number": asked["number"], "seen_at": clock.now().isoformat(), "picture": b64encode(JPEG).decode(),
        "people": [PERSON], "machines": [MACHINE], "of_a_later_release": 1,
    }  # fmt: skip
    assert client.put(AT, json=answer).status_code == 204
    found = client.get(AT).json()
    assert (found["status"], found["people"], found["machines"]) == ("answered", [PERSON], [MACHINE])
    assert client.get("/cameras/cam_01/still?store_id=gym_demo").content == JPEG
    assert client.get("/cameras/cam_01/setup?store_id=gym_demo").json()["still_at"] == found["still_at"]
    assert LOOK_HEADER not in client.get(zones).headers
    late = client.put(AT, json=answer)
    assert (late.status_code, "not wanted" in late.json()["detail"]) == (404, True)


def test_who_cannot_be_looked_at_is_said(client: TestClient) -> None:
    unknown = client.post(AT, json={})
    assert (unknown.status_code, "start its edge" in unknown.json()["detail"]) == (404, True)
    set_up(client, gives_looks=False)
    earlier = client.post(AT, json={})
    assert (earlier.status_code, "gives no looks" in earlier.json()["detail"]) == (409, True)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"picture": b64encode(b"no picture").decode()}, "picture"),
        ({"picture": "???"}, "picture"),
        ({"people": [PERSON] * (MAX_PEOPLE + 1)}, "people"),
        ({"people": [PERSON | {"left": 1.5}]}, "people.0.left"),
        ({"machines": [MACHINE | {"for_s": -1}]}, "machines.0.for_s"),
        ({"number": -1}, "number"),
    ],
)
def test_what_is_no_answer_is_named(client: TestClient, wrong: dict[str, object], field: str) -> None:
    set_up(client)
    number = client.post(AT, json={}).json()["number"]
    refused = client.put(AT, json={"number": number} | wrong)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    assert client.get(AT).json()["status"] == "wanted"


def test_a_picture_has_a_bound(client: TestClient) -> None:
    set_up(client)
    number = client.post(AT, json={}).json()["number"]
    for size_bytes, status in ((2 * 1024**2 + 1, 422), (4 * 1024**2, 413)):
        picture = b64encode(JPEG + bytes(size_bytes - len(JPEG))).decode()
        assert client.put(AT, json={"number": number, "picture": picture}).status_code == status


def test_the_floor_has_a_page_of_cameras_with_their_pictures(
    client: TestClient, store: Store, clock: FakeClock
) -> None:
    set_up(client, keeps_pictures=False)
    assert client.get("/floor").json()["items"] == []  # it has not reported
    report(client, clock)
    camera = client.get("/floor?store_id=gym_demo").json()["items"][0]
    assert (camera["machines"][0]["name"], camera["still_url"], camera["keeps_pictures"]) == ("Bike", None, False)
    addresses = []
    for _ in range(2):
        clock.advance(1)
        store.setups.keep_still("gym_demo", "cam_01", JPEG)
        addresses.append(client.get("/floor").json()["items"][0]["still_url"])
        assert client.get(addresses[-1]).content == JPEG
    assert addresses[0] != addresses[1]
    assert client.get("/floor?store_id=other").json() == {"items": [], "next_cursor": None}
