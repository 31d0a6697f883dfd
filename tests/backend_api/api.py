"""Requests to the API, and what its answers are held to, for tests."""

import json

from fastapi.testclient import TestClient
from httpx import Response

from backend_api.contract.events import BatchResult, Event
from backend_api.contract.values import Problem
from tests.backend_api.events import make_event

JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}


def problem(response: Response, status: int) -> Problem:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    found = Problem.model_validate_json(response.content)
    assert found.status == status
    assert found.detail
    assert response.headers["cache-control"] == "no-store"
    return found


def fields(found: Problem) -> list[str]:
    return [error["field"] for error in found.errors or []]


def post(client: TestClient, event: Event | bytes | str) -> Response:
    content = event.model_dump_json() if isinstance(event, Event) else event
    response: Response = client.post("/events", content=content, headers=JSON)
    return response


def post_batch(client: TestClient, *lines: Event | bytes) -> BatchResult:
    content = b"\n".join(line.model_dump_json().encode() if isinstance(line, Event) else line for line in lines)
    response = client.post("/events/batch", content=content, headers=NDJSON)
    assert response.status_code == 200, response.text
    return BatchResult.model_validate_json(response.content)


def with_field(name: str, json_value: str) -> str:
    """An event whose field `name` is written as `json_value`."""
    event = make_event().model_dump(mode="json") | {name: "HERE"}
    return json.dumps(event).replace('"HERE"', json_value)
