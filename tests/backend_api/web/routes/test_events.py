"""Events are listed, looked at, and tried again."""

from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from backend_api.contract.events import (
    EventPage,
    EventType,
    StoredEvent,
)
from backend_api.store.store import Store
from tests.backend_api.api import fields, post, post_batch, problem
from tests.backend_api.events import make_event


def test_lists_are_filtered_and_paged(client: TestClient) -> None:
    events = [make_event(at_s=number, machine_id=f"bike_{number % 2}") for number in range(6)]
    post_batch(client, *events)
    response = client.get("/events", params={"machine_id": "bike_1", "limit": 2})
    page = EventPage.model_validate_json(response.content)
    assert [item.event_id for item in page.items] == [events[5].event_id, events[3].event_id]
    following = client.get("/events", params={"machine_id": "bike_1", "limit": 2, "cursor": page.next_cursor})
    assert [item["event_id"] for item in following.json()["items"]] == [str(events[1].event_id)]
    assert following.json()["next_cursor"] is None
    assert "link" not in following.headers
    link = response.links["next"]["url"]
    assert client.get(link).json() == following.json()


def test_types_may_be_given_several_times(client: TestClient) -> None:
    post_batch(client, *(make_event(event_type=kind, at_s=number) for number, kind in enumerate(EventType)))
    response = client.get("/events?event_type=MACHINE_OCCUPIED_START&event_type=CLEANING_ATTEMPT&order=asc")
    assert [item["event_type"] for item in response.json()["items"]] == ["MACHINE_OCCUPIED_START", "CLEANING_ATTEMPT"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("limit=0", ["limit"]),
        ("limit=501", ["limit"]),
        ("limit=" + 5000 * "9", ["limit"]),
        ("limit=ten", ["limit"]),
        ("order=up", ["order"]),
        ("event_type=PARTY", ["event_type.0"]),
        ("mm_status=done", ["mm_status"]),
        ("since=2026-01-31", ["since"]),
        ("until=1700000000", ["until"]),
        ("session_id=x", ["session_id"]),
        ("machine_id=%00", ["machine_id"]),
        ("colour=red&page=2", ["colour", "page"]),
        ("cursor=AAAA", ["cursor"]),
        ("cursor=%ff%00", ["cursor"]),
    ],
)
def test_a_wrong_query_is_refused_with_its_parameter_named(
    untouched: TestClient, query: str, expected: list[str]
) -> None:
    assert fields(problem(untouched.get(f"/events?{query}"), 422)) == expected


def test_a_cursor_of_another_list_is_refused(client: TestClient) -> None:
    post_batch(client, make_event(), make_event(at_s=1))
    cursor = client.get("/events", params={"limit": 1}).json()["next_cursor"]
    found = problem(client.get("/events", params={"limit": 1, "cursor": cursor, "order": "asc"}), 422)
    assert "other filters" in found.detail


def test_an_unknown_event(client: TestClient) -> None:
    problem(client.get(f"/events/{UUID(int=7)}"), 404)
    problem(client.post(f"/events/{UUID(int=7)}/retry"), 404)
    assert fields(problem(client.get("/events/seven"), 422)) == ["event_id"]


def test_only_a_dead_event_is_tried_again(client: TestClient, store: Store) -> None:
    event = make_event()
    post(client, event)
    path = f"/events/{event.event_id}/retry"
    problem(client.post(path), 409)
    claim = store.enrichments.claim(60)
    assert claim is not None
    store.enrichments.fail(claim, "the clip is missing", None)
    assert client.get(f"/events/{event.event_id}").json()["mm"]["error"] == "the clip is missing"
    response = client.post(path)
    assert response.status_code == 200
    assert StoredEvent.model_validate_json(response.content).mm == StoredEvent.model_validate(response.json()).mm
    assert response.json()["mm"]["status"] == "PENDING"


@pytest.mark.parametrize("path", ["/events", f"/events/{make_event().event_id}"])
def test_what_a_client_has_is_not_sent_again_until_it_changes(client: TestClient, store: Store, path: str) -> None:
    post(client, make_event())
    tag = client.get(path).headers["etag"]
    again = client.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert store.enrichments.claim(60) is not None
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 200
