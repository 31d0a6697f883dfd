"""Cameras: reports come in, and what their age says."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend_api.contract.cameras import CameraList, CameraReport, CameraState, CameraStatus
from tests.backend_api.api import JSON, fields, problem
from tests.backend_api.events import START
from tests.fake_clock import FakeClock


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


def test_a_report_takes_the_place_of_the_last_one_of_the_same_camera(client: TestClient, clock: FakeClock) -> None:
    put(client, "cam_01", make_report(last_error="no answer within 10 s", outbox_depth=4))
    clock.advance(100)
    assert put(client, "cam_01", make_report(media_time_s=112.5)).status is CameraStatus.UP
    [state] = cameras(client)
    assert (state.media_time_s, state.last_error, state.outbox_depth) == (112.5, None, 0)


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
