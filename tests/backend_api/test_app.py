"""What holds for the API as a whole: errors, health, and its description of itself."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from shutil import rmtree

import pytest
from fastapi.testclient import TestClient

from backend_api.media.folder import MediaFolder
from backend_api.store.db.errors import StoreBroken, StoreBusy, StoreFull
from backend_api.store.store import Store
from tests.backend_api.api import NDJSON, fields, post, problem
from tests.backend_api.events import make_event
from tests.fake_clock import FakeClock


def test_no_address_and_no_method(client: TestClient) -> None:
    problem(client.get("/nothing"), 404)
    problem(client.get("/events/"), 404)
    response = client.delete("/events")
    problem(response, 405)
    assert response.headers["allow"]


@pytest.mark.parametrize(
    ("error", "status"),
    [(StoreBusy("locked"), 503), (StoreFull("full"), 507), (StoreBroken("broken"), 500), (KeyError("x"), 500)],
)
def test_a_store_that_fails_is_reported_and_recovers(
    client: TestClient, store: Store, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    def fail(*_: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr("backend_api.store.events.add_arrivals", fail)
        patched.setattr("backend_api.store.events.read_page", fail)
        responses = [post(client, make_event()), client.get("/events")]
        responses.append(client.post("/events/batch", content=make_event().model_dump_json(), headers=NDJSON))
    for response in responses:
        problem(response, status)
        assert ("retry-after" in response.headers) == (status in (503, 507))
    assert post(client, make_event()).status_code == 201


def test_health_and_ready(client: TestClient, media: MediaFolder) -> None:
    assert client.get("/health").json() == {"status": "ok", "version": "0.1.0"}
    ready = {"status": "ready", "media_folder_id": str(media.find_id()), "held_back": None}
    assert client.get("/ready").json() == ready
    rmtree(media.folder)
    assert fields(problem(client.get("/ready"), 503)) == ["media"]
    assert client.get("/health").status_code == 200


def test_not_ready_while_the_database_can_not_be_written(
    client: TestClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: float) -> None:
        raise StoreBusy("another process holds the database's lock")

    monkeypatch.setattr(store, "check_writable", fail)
    found = problem(client.get("/ready"), 503)
    assert fields(found) == ["database"]
    assert "lock" in found.detail


# The description


def test_the_description_is_complete(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    assert schemas["Event"]["examples"]

    def references(value: object) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [found for child in value.values() for found in references(child)]
        return [found for child in value for found in references(child)] if isinstance(value, list) else []

    assert {name.removeprefix("#/components/schemas/") for name in references(document)} <= set(schemas)
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len(operations) >= 8
    for operation in operations:
        assert operation["summary"]
        for status, answer in operation["responses"].items():
            if status >= "400":
                assert list(answer["content"]) == ["application/problem+json"]


def test_the_description_speaks_plainly(client: TestClient) -> None:
    """The subject is a noun: no sentence begins with who or what."""

    def texts(value: object) -> Iterator[str]:
        if isinstance(value, dict):
            yield from (text for key, text in value.items() if key in {"summary", "description"} and type(text) is str)
        for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from texts(child)

    found = set(texts(client.get("/openapi.json").json()))
    assert len(found) > 100
    odd = re.compile(r"(?:^|[.:;]\s+)(?:who(?:ever)?|what(?:ever)?)\b|\bcan\s+not\b|\bcolor", re.IGNORECASE)
    assert [text for text in found if odd.search(text)] == []


def test_the_example_of_the_description_is_an_event(client: TestClient) -> None:
    [example] = client.get("/openapi.json").json()["components"]["schemas"]["Event"]["examples"]
    assert post(client, json.dumps(example)).status_code == 201


def test_received_at_is_the_time_of_the_clock(client: TestClient, clock: FakeClock) -> None:
    clock.advance(0.1234567)
    received_at = post(client, make_event()).json()["received_at"]
    assert datetime.fromisoformat(received_at) == datetime(2026, 1, 31, 9, 0, 0, 123000, tzinfo=UTC)
