"""Cameras: reports come in, and what their age says."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from backend_api.contract.cameras import MAX_REPORTS, CameraList, CameraReport, CameraState, CameraStatus
from tests.backend_api.api import JSON, fields, problem
from tests.backend_api.events import START, make_event
from tests.fake_clock import FakeClock
from tests.ui.gym import make_picture


def make_report(**overrides: Any) -> CameraReport:  # noqa: ANN401
    given: dict[str, Any] = {
        "store_id": "gym_demo",
        "media_time_s": 12.5,
        "frames_captured": 375,
        "frames_processed": 63,
        "frames_skipped": 312,
        "outbox_depth": 0,
        "version": "0.1.0",
        "started_at": START,
    }
    return CameraReport.model_validate(given | overrides)


def put(client: TestClient, camera_id: str, report: CameraReport) -> CameraState:
    response = client.put(f"/cameras/{camera_id}", content=report.model_dump_json(), headers=JSON)
    assert response.status_code == 200, response.text
    return CameraState.model_validate_json(response.content)


def cameras(client: TestClient, **parameters: str) -> list[CameraState]:
    response = client.get("/cameras", params=parameters)
    assert response.status_code == 200, response.text
    return CameraList.model_validate_json(response.content).items


@pytest.mark.parametrize(
    ("age_s", "status"),
    [
        (0, CameraStatus.UP),
        (15, CameraStatus.UP),
        (15.001, CameraStatus.LATE),
        (60, CameraStatus.LATE),
        (60.001, CameraStatus.GONE),
        (1e6, CameraStatus.GONE),
    ],
)
def test_a_camera_is_up_late_or_gone_by_the_age_of_its_report(
    client: TestClient, clock: FakeClock, age_s: float, status: CameraStatus
) -> None:
    put(client, "cam_01", make_report())
    clock.advance(age_s)
    [state] = cameras(client)
    assert (state.status, state.age_s) == (status, age_s)


@pytest.mark.parametrize(
    ("said", "age_s", "status"),
    [
        ({"is_blind": True}, 0, CameraStatus.BLIND),
        ({"is_blind": True}, 16, CameraStatus.LATE),
        ({"is_blind": True}, 61, CameraStatus.GONE),
        ({"has_signal": False}, 0, CameraStatus.NO_SIGNAL),
        ({"has_signal": False, "is_blind": True}, 0, CameraStatus.NO_SIGNAL),
        ({"has_signal": False}, 61, CameraStatus.GONE),
        ({"has_ended": True}, 0, CameraStatus.ENDED),
        ({"has_ended": True}, 1e6, CameraStatus.ENDED),
        ({"has_ended": True, "is_blind": True}, 61, CameraStatus.ENDED),
    ],
)
def test_a_camera_that_sees_nothing_or_came_to_its_end_says_so(
    client: TestClient, clock: FakeClock, said: dict[str, bool], age_s: float, status: CameraStatus
) -> None:
    put(client, "cam_01", make_report(**said))
    clock.advance(age_s)
    assert [state.status for state in cameras(client)] == [status]
    assert put(client, "cam_01", make_report()).status is CameraStatus.UP


def test_a_forgotten_camera_is_gone_with_its_machines_and_still_until_it_reports_again(
    client: TestClient, clock: FakeClock
) -> None:
    zone = [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]
    machines = [{"machine_id": "treadmill_01", "name": "Treadmill", "zone": zone}]
    setup = {"store_id": "gym_demo", "machines": machines, "config": None}
    event = make_event()
    for camera_id in ("cam_01", "cam_02"):
        put(client, camera_id, make_report())
        assert client.put(f"/cameras/{camera_id}/setup", json=setup).status_code == 200
    assert client.post("/events", content=event.model_dump_json(), headers=JSON).status_code == 201
    jpeg = {"Content-Type": "image/jpeg"}
    assert client.put("/cameras/cam_01/still?store_id=gym_demo", content=make_picture(), headers=jpeg).is_success
    clock.advance(1)

    assert client.delete("/cameras/cam_01", params={"store_id": "gym_demo"}).status_code == 204
    assert [state.camera_id for state in cameras(client)] == ["cam_02"]
    assert [item["camera_id"] for item in client.get("/machines").json()["items"]] == ["cam_02"]
    problem(client.get("/cameras/cam_01/still", params={"store_id": "gym_demo"}), 404)
    # What it has seen stays, with its name.
    assert client.get(f"/events/{event.event_id}").status_code == 200
    assert [item["machine_name"] for item in client.get("/sessions").json()["items"]] == ["Treadmill"]
    for unknown in ({"store_id": "gym_demo"}, {"store_id": "another"}):
        assert "no camera cam_01" in problem(client.delete("/cameras/cam_01", params=unknown), 404).detail
    problem(client.delete("/cameras/cam_01"), 422)

    put(client, "cam_01", make_report())
    assert [state.camera_id for state in cameras(client)] == ["cam_01", "cam_02"]
    assert len(client.get("/machines").json()["items"]) == 2


def test_a_forgotten_camera_of_which_events_come_is_seen_again(client: TestClient, clock: FakeClock) -> None:
    put(client, "cam_01", make_report())
    assert client.delete("/cameras/cam_01", params={"store_id": "gym_demo"}).status_code == 204
    clock.advance(1)
    assert client.post("/events", content=make_event().model_dump_json(), headers=JSON).status_code == 201
    assert [item["camera_id"] for item in client.get("/machines").json()["items"]] == ["cam_01"]


def test_a_report_takes_the_place_of_the_last_one_of_the_same_camera(client: TestClient, clock: FakeClock) -> None:
    put(client, "cam_01", make_report(last_error="no answer within 10 s", outbox_depth=4))
    clock.advance(100)
    assert put(client, "cam_01", make_report(media_time_s=112.5)).status is CameraStatus.UP
    [state] = cameras(client)
    assert (state.media_time_s, state.last_error, state.outbox_depth) == (112.5, None, 0)


def put_all(client: TestClient, reports: list[tuple[str, dict[str, Any]]]) -> Response:
    body = {"reports": [{"camera_id": name, "report": report} for name, report in reports]}
    response: Response = client.put("/cameras", json=body)
    return response


def as_json(**overrides: Any) -> dict[str, Any]:  # noqa: ANN401
    found: dict[str, Any] = make_report(**overrides).model_dump(mode="json")
    return found


def test_reports_on_several_cameras_come_at_once(client: TestClient, clock: FakeClock) -> None:
    put(client, "cam_02", make_report(outbox_depth=7))
    clock.advance(100)
    response = put_all(client, [(f"cam_{number:02}", as_json(outbox_depth=number)) for number in (3, 1, 2)])
    assert (response.status_code, response.json()) == (200, {"taken": 3})
    assert [(state.camera_id, state.outbox_depth, state.status) for state in cameras(client)] == [
        ("cam_01", 1, CameraStatus.UP),
        ("cam_02", 2, CameraStatus.UP),
        ("cam_03", 3, CameraStatus.UP),
    ]


@pytest.mark.parametrize(
    ("reports", "field"),
    [
        ([], "reports"),
        ([("cam_01", as_json())] * 2, "reports"),
        ([(f"cam_{number}", as_json()) for number in range(MAX_REPORTS + 1)], "reports"),
        ([("cam_01", as_json()), ("cam 2", as_json())], "reports.1.camera_id"),
        ([("cam_01", as_json()), ("cam_02", as_json() | {"outbox_depth": -1})], "reports.1.report.outbox_depth"),
        ([("cam_01", as_json()), ("cam_02", as_json(started_at=START + timedelta(days=9)))], "started_at"),
    ],
)
def test_of_several_reports_all_are_taken_or_none(
    client: TestClient, reports: list[tuple[str, dict[str, Any]]], field: str
) -> None:
    assert fields(problem(put_all(client, reports), 422)) == [field]
    assert cameras(client) == []


def test_so_many_reports_as_an_edge_can_have_fit_into_one_body(client: TestClient) -> None:
    longest = as_json(last_error="é" * 500, decoder={"runs_on": "x" * 32, "why_not": "é" * 300})
    assert put_all(client, [(f"{number:064}", longest) for number in range(MAX_REPORTS)]).status_code == 200
    response = client.put("/cameras", content=b" " * (2 * 1024 * 1024 + 1), headers=JSON)
    assert problem(response, 413)


def test_fields_of_a_later_release_are_said_once_for_all_cameras(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    newer = as_json() | {"shutter": 1, "network": {"runs_on": "cpu", "width": 1, "height": 1, "watts": 5}}
    for _ in range(2):
        assert put_all(client, [("cam_01", newer), ("cam_02", newer)]).status_code == 200
    assert caplog.text.count("network.watts, shutter") == 1


def test_two_gyms_may_call_their_cameras_alike(client: TestClient) -> None:
    put(client, "cam_01", make_report())
    put(client, "cam_01", make_report(store_id="another"))
    put(client, "cam_00", make_report())
    assert [(state.store_id, state.camera_id) for state in cameras(client)] == [
        ("another", "cam_01"),
        ("gym_demo", "cam_00"),
        ("gym_demo", "cam_01"),
    ]
    assert [state.camera_id for state in cameras(client, store_id="another")] == ["cam_01"]


def test_a_clock_that_was_put_back_makes_no_camera_late(client: TestClient, clock: FakeClock) -> None:
    put(client, "cam_01", make_report())
    clock.jump_wall_clock(-3600)
    assert [(state.status, state.age_s) for state in cameras(client)] == [(CameraStatus.UP, 0)]


def test_what_is_no_report_is_refused_with_its_fields(client: TestClient) -> None:
    report = make_report().model_dump_json()
    negative = report.replace('"outbox_depth":0', '"outbox_depth":-1')
    assert fields(problem(client.put("/cameras/cam_01", content=negative, headers=JSON), 422)) == ["outbox_depth"]
    problem(client.put("/cameras/cam_01", content=b'{"store_id": "\xff"}', headers=JSON), 422)
    problem(client.put("/cameras/cam_01", content=report, headers={"Content-Type": "text/plain"}), 415)
    problem(client.put("/cameras/cam_01", content=b" " * 20_000, headers=JSON), 413)
    problem(client.put("/cameras/..%20", content=report, headers=JSON), 422)
    assert cameras(client) == []


ZONE = [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]
MACHINE = {"machine_id": "treadmill_01", "name": "Treadmill", "zone": ZONE}
SETUP = {"store_id": "gym_demo", "machines": [MACHINE], "config": None}


def test_fields_of_a_later_release_are_left_out_and_said_once(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    report = {**make_report().model_dump(mode="json"), "battery\x1b[2J": 0.5}
    machine = {**MACHINE, "colour": "red", "privacy": {"zones": [ZONE] * 3}}
    setup = {**SETUP, "machines": [machine], "masks": [], **{f"more_{number}": 1 for number in range(9)}}
    for _ in range(2):
        assert client.put("/cameras/cam_01", json=report).status_code == 200
        assert client.put("/cameras/cam_01/setup", json=setup).status_code == 200
    assert [state.camera_id for state in cameras(client)] == ["cam_01"]
    kept = client.get("/cameras/cam_01/setup", params={"store_id": "gym_demo"}).json()
    assert kept["machines"] == [{**MACHINE, "kind": None}]
    assert "masks" not in kept
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(said) == 2
    assert "the report of camera cam_01 has fields that this backend does not know" in said[0]
    assert "machines.0.colour, machines.0.privacy, masks, more_0, more_1 and 7 more; the edge is of a later" in said[1]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("cam_01", {**make_report().model_dump(mode="json"), "colour": "red", "outbox_depth": -1}),
        ("cam_01", {"colour": "red"}),
        ("cam_01/setup", {**SETUP, "colour": "red", "machines": [{**MACHINE, "zone": []}]}),
        ("cam_01/setup", {**SETUP, "colour": "red", "machines": [MACHINE, MACHINE]}),
    ],
)
def test_what_is_known_of_a_later_release_is_held_to_its_bounds(
    client: TestClient, path: str, body: dict[str, object]
) -> None:
    found = problem(client.put(f"/cameras/{path}", json=body), 422)
    assert "colour" not in found.detail
    assert cameras(client) == []


def test_events_and_what_people_say_stay_strict(client: TestClient) -> None:
    event = {**make_event().model_dump(mode="json"), "colour": "red"}
    assert "colour" in problem(client.post("/events", json=event), 422).detail
    store = {"name": "Gym", "colour": "red"}
    assert "colour" in problem(client.put("/stores/gym_demo", json=store), 422).detail


def test_cameras_and_machines_come_page_by_page(client: TestClient) -> None:
    machine = {"name": "Bike", "zone": [[0, 0], [1, 0], [1, 1]]}
    expected = []
    for store_id, camera_id in (("gym_2", "cam_1"), ("gym_1", "cam_2"), ("gym_1", "cam_10"), ("gym_1", "cam_1")):
        put(client, camera_id, make_report(store_id=store_id))
        machines = [machine | {"machine_id": machine_id} for machine_id in ("rower", "bike")]
        setup = {"store_id": store_id, "machines": machines, "config": None}
        assert client.put(f"/cameras/{camera_id}/setup", json=setup).status_code == 200
        expected += [(store_id, camera_id, machine_id) for machine_id in ("rower", "bike")]
    for path, ids in (("/cameras", ("store_id", "camera_id")), ("/machines", ("store_id", "camera_id", "machine_id"))):
        for filters in ({}, {"store_id": "gym_1"}):
            found: list[tuple[str, ...]] = []
            following: str | None = f"{path}?limit=3" + "".join(f"&{name}={value}" for name, value in filters.items())
            while following is not None:
                response = client.get(following)
                page = response.json()
                assert len(page["items"]) <= 3
                found += [tuple(item[name] for name in ids) for item in page["items"]]
                following = response.links["next"]["url"] if page["next_cursor"] else None
            wanted = {key[: len(ids)] for key in expected if not filters or key[0] == "gym_1"}
            assert found == sorted(wanted)
        cursor = client.get(path, params={"limit": 1}).json()["next_cursor"]
        for other in ({"store_id": "gym_1", "cursor": cursor}, {"cursor": "no"}, {"cursor": ""}, {"cursor": "AAAA"}):
            assert "leave it out" in problem(client.get(path, params=other), 422).detail
