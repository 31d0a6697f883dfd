"""Seen from outside: what Prometheus reads, and the log of requests."""

import json
import logging
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from backend_api.app import Settings, create_app
from backend_api.media.folder import MediaFolder
from backend_api.media.usage import owner_of
from backend_api.store.store import Store
from backend_api.web.auth import Keys
from tests.backend_api.api import JSON, post, post_batch
from tests.backend_api.events import make_event, make_result
from tests.backend_api.web.routes.test_cameras import make_report, put
from tests.fake_clock import FakeClock


def read(client: TestClient) -> dict[tuple[str, ...], float]:
    """Each sample's value by its name and the values of its labels, in the order of their names."""
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain")
    families = text_string_to_metric_families(response.text)
    return {
        (s.name, *(value for _, value in sorted(s.labels.items()))): s.value
        for family in families
        for s in family.samples
    }


def test_events_and_requests_are_counted_as_they_come(client: TestClient) -> None:
    event = make_event()
    post(client, event)
    post_batch(client, event, make_event(at_s=1), make_event(confidence=0.1))
    client.get(f"/events/{event.event_id}")
    client.get("/events/nonsense")
    client.get("/a-path-of-the-client's")
    client.request("BREW", "/events")
    found = read(client)
    assert found["gym_events_total", "stored"] == 2
    assert found["gym_events_total", "duplicate"] == 1
    assert found["gym_events_total", "conflict"] == 1
    assert found["gym_http_requests_total", "POST", "/events", "201"] == 1
    assert found["gym_http_requests_total", "POST", "/events/batch", "200"] == 1
    assert found["gym_http_requests_total", "GET", "/events/{event_id}", "200"] == 1
    assert found["gym_http_requests_total", "GET", "/events/{event_id}", "422"] == 1
    assert found["gym_http_requests_total", "GET", "(none)", "404"] == 1
    assert [key for key in found if "BREW" in key or "/a-path-of-the-client's" in key] == []
    assert found["gym_http_request_duration_seconds_count", "GET", "/events/{event_id}"] == 2


def test_queue_cameras_and_media_are_as_they_are_now(
    client: TestClient, store: Store, media: MediaFolder, clock: FakeClock
) -> None:
    assert read(client)["gym_enrichments", "PENDING"] == 0
    for at_s in range(3):
        post(client, make_event(at_s=at_s))
    claim = store.enrichments.claim(60)
    assert claim is not None
    store.enrichments.finish(claim, make_result())
    put(client, "cam_01", make_report(outbox_depth=7))
    event_id = make_event().event_id
    media.clip_path(event_id).write_bytes(bytes(1000))
    media.thumbnail_path(event_id).write_bytes(bytes(10))
    media.frame_path(event_id, 1).write_bytes(bytes(1))
    (media.folder / "something.else").write_bytes(bytes(5))
    clock.advance(61)
    found = read(client)
    assert found["gym_enrichments", "PENDING"] == 2
    assert found["gym_enrichments", "DONE"] == 1
    assert found["gym_oldest_pending_seconds",] == 61
    assert found["gym_camera_report_age_seconds", "cam_01", "gym_demo"] == 61
    assert found["gym_camera_outbox_events", "cam_01", "gym_demo"] == 7
    assert found["gym_media_bytes", "clip"] == 1000
    assert found["gym_media_bytes", "picture"] == 11


def test_an_unforeseen_error_counts_as_500(client: TestClient, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("x")

    with monkeypatch.context() as patched:
        patched.setattr("backend_api.store.events.read_page", fail)
        assert client.get("/events").status_code == 500
    assert read(client)["gym_http_requests_total", "GET", "/events", "500"] == 1


@pytest.fixture
def logged(store: Store, media: MediaFolder, clock: FakeClock) -> Iterator[TestClient]:
    settings = Settings(keys=Keys.of(["a-key-of-a-test-0123456789"], [], {}), keeps_access_log=True)
    with TestClient(
        create_app(store, media, clock, settings), base_url="http://127.0.0.1", raise_server_exceptions=False
    ) as client:
        yield client


def test_the_log_has_a_line_a_request_and_no_secrets(logged: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "backend_api.web.request_log")
    logged.get("/events?machine_id=secret-query", headers={"Authorization": "Bearer a-key-of-a-test-0123456789"})
    logged.put("/cameras/cam%0A01", content="{}", headers=JSON | {"Authorization": "Bearer another"})
    lines = [json.loads(message) for message in caplog.messages]
    assert [(line["method"], line["path"], line["status"]) for line in lines] == [
        ("GET", "/events", 200),
        ("PUT", "/cameras/cam\n01", 401),
    ]
    assert all("\n" not in message for message in caplog.messages)
    assert "a-key" not in caplog.text
    assert "another" not in caplog.text
    assert "secret-query" not in caplog.text


@pytest.mark.parametrize("name", ["x.mp4", "{}.mp4.tmp", "{}", "{}.frame_10.jpg", "orphaned", ".{}.mp4"])
def test_only_names_of_an_events_files_have_an_owner(name: str) -> None:
    event_id = make_event().event_id
    assert owner_of(f"{event_id}.frame_9.jpg") == event_id
    assert owner_of(name.format(event_id)) is None
