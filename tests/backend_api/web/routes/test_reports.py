"""Sessions, machines and figures over HTTP: documented, paged, refused with the parameter named, and not sent twice."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from backend_api.contract.sessions import MachineList, SessionPage
from backend_api.contract.stats import Stats
from backend_api.contract.verdicts import QueueState
from backend_api.media.folder import MediaFolder
from backend_api.store.store import Store
from tests.backend_api.api import fields, post, post_batch, problem
from tests.backend_api.events import make_event, make_result
from tests.backend_api.reports.test_sessions import make_session
from tests.fake_clock import FakeClock


def test_sessions_are_paged_with_a_link(client: TestClient) -> None:
    post_batch(client, *(event for number in range(3) for event in make_session(number, at_s=60.0 * number)))
    response = client.get("/sessions", params={"limit": 2})
    page = SessionPage.model_validate_json(response.content)
    assert [item.machine_id for item in page.items] == ["bike_2", "bike_1"]
    last = client.get(response.links["next"]["url"])
    assert [item["machine_id"] for item in last.json()["items"]] == ["bike_0"]
    assert "link" not in last.headers


def test_a_session_shows_its_attempts_picture_or_else_that_of_its_start(client: TestClient, media: MediaFolder) -> None:
    start, *_, attempt = make_session(1)
    post_batch(client, *make_session(1))

    def shown() -> list[str | None]:
        [session] = client.get("/sessions").json()["items"]
        [machine] = client.get("/machines").json()["items"]
        return [session["thumbnail_url"], machine["session"]["thumbnail_url"]]

    assert shown() == [None, None]
    for event in (start, attempt):
        media.thumbnail_path(event.event_id).write_bytes(b"JPEG")
        assert shown() == [f"/media/{event.event_id}/thumbnail"] * 2
    assert client.get(shown()[0] or "").content == b"JPEG"


@pytest.mark.parametrize(
    "path", ["/sessions", "/machines", "/stats?since=2026-01-31T00:00:00Z&until=2026-02-01T00:00:00Z"]
)
def test_what_a_client_has_is_not_sent_again(client: TestClient, path: str) -> None:
    post_batch(client, *make_session(1))
    first = client.get(path)
    assert first.headers["cache-control"] == "private, no-cache"
    tag = first.headers["etag"]
    again = client.get(path, headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    post_batch(client, *make_session(2)[:1])
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_the_queue_says_how_much_waits_and_since_when(client: TestClient, store: Store, clock: FakeClock) -> None:
    def queue() -> QueueState:
        return QueueState.model_validate_json(client.get("/queue").content)

    assert queue() == QueueState(pending=0, processing=0, done=0, dead=0, oldest_pending_at=None)
    begin = clock.now()
    # The oldest is the one that arrived first, whenever it happened.
    for at_s in (9, 5, 7, 1, 2):
        post(client, make_event(at_s=at_s))
        clock.advance(1)
    done, dead, processing = (store.enrichments.claim(60) for _ in range(3))
    assert done is not None
    assert dead is not None
    assert processing is not None
    store.enrichments.finish(done, make_result())
    store.enrichments.fail(dead, "no answer", None)
    oldest_at = begin + timedelta(seconds=3)
    assert queue() == QueueState(pending=2, processing=1, done=1, dead=1, oldest_pending_at=oldest_at)
    tag = client.get("/queue").headers["etag"]
    assert client.get("/queue", headers={"If-None-Match": tag}).status_code == 304


def test_machines_and_figures_are_what_the_description_says(client: TestClient) -> None:
    post_batch(client, *make_session(1))
    assert len(MachineList.model_validate_json(client.get("/machines").content).items) == 1
    assert Stats.model_validate_json(client.get("/stats?tz=Europe/Berlin&by=hour").content).tz == "Europe/Berlin"
    described = client.get("/openapi.json").json()
    assert "occupied time / observed time" in described["paths"]["/stats"]["get"]["description"]
    assert (
        "null when none closed"
        in described["components"]["schemas"]["Figures"]["properties"]["compliance"]["description"]
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/sessions?limit=0", ["limit"]),
        ("/sessions?cursor=AAAA", ["cursor"]),
        ("/sessions?verdict=maybe", ["verdict"]),
        ("/sessions?outcome=cleaned&outcome=clean", ["outcome.1"]),
        ("/sessions?reviewed=perhaps", ["reviewed"]),
        ("/sessions?colour=red", ["colour"]),
        ("/machines?store_id=%00", ["store_id"]),
        ("/stats?by=minute", ["by"]),
        ("/stats?tz=Europe/Atlantis", ["tz"]),
        ("/stats?tz=../../etc/passwd", ["tz"]),
        ("/stats?tz=Europe", ["tz"]),
        ("/stats?tz=", ["tz"]),
        ("/stats?tz=a%00b", ["tz"]),
        ("/stats?until=9999-12-31T23:59:59Z", ["until"]),
        ("/stats?since=0001-01-01T00:00:00Z", ["since"]),
        ("/stats?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", [""]),
        ("/stats?since=2020-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", [""]),
    ],
)
def test_a_wrong_query_is_refused(untouched: TestClient, path: str, expected: list[str]) -> None:
    assert fields(problem(untouched.get(path), 422)) == expected


def test_a_cursor_of_events_is_none_of_sessions(client: TestClient) -> None:
    post_batch(client, *make_session(1))
    cursor = client.get("/events?limit=1").json()["next_cursor"]
    problem(client.get("/sessions", params={"cursor": cursor}), 422)
