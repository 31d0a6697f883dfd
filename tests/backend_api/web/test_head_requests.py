"""HEAD answers what GET does, without the body, and every refusal says what is allowed."""

import json

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.backend_api.api import post, problem
from tests.backend_api.events import make_event
from tests.backend_api.serving import served, talk
from tests.backend_api.web.test_metrics import read

PATHS = [
    "/health",
    "/ready",
    "/events",
    "/sessions?limit=1",
    "/machines",
    "/queue",
    "/stats?until=2026-02-01T00:00:00Z",
]


@pytest.mark.parametrize("path", [*PATHS, f"/events/{make_event().event_id}"])
def test_head_is_get_without_its_body(client: TestClient, path: str) -> None:
    post(client, make_event())
    got, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == got.headers
    assert int(head.headers["content-length"]) > 0


def test_head_of_what_is_missing_or_wrong_is_refused_like_get(client: TestClient) -> None:
    for path, status in [(f"/events/{make_event().event_id}", 404), ("/events?limit=0", 422), ("/events/batch", 422)]:
        assert (client.head(path).status_code, client.head(path).content) == (status, b"")


@pytest.mark.parametrize("path", ["/events/stream", "/events/export.csv"])
def test_head_of_a_stream_ends(client: TestClient, path: str) -> None:
    assert client.head(path).status_code == 200


@pytest.mark.parametrize("path", ["/health", "/events", "/nothing", "/events/export.csv", "/events/stream", "/docs"])
def test_nothing_comes_between_the_head_and_the_next_answer(app: FastAPI, path: str) -> None:
    request = f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    last = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    with served(app) as port:
        first, second, *body = talk(port, request + last).split(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 ")
    assert second.startswith(b"HTTP/1.1 200 OK")
    assert [json.loads(part)["status"] for part in body] == ["ok"]


def test_heads_are_counted_as_what_they_are(client: TestClient) -> None:
    client.head("/events")
    assert read(client)["gym_http_requests_total", "HEAD", "/events", "200"] == 1


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/events", "GET, HEAD, POST"),
        ("POST", "/sessions", "GET, HEAD"),
        ("PATCH", f"/media/{make_event().event_id}", "GET, HEAD, PUT"),
        ("POST", "/cameras/cam_01", "DELETE, PUT"),
    ],
)
def test_a_method_that_is_not_allowed_is_told_which_are(
    client: TestClient, method: str, path: str, allowed: str
) -> None:
    response = client.request(method, path)
    problem(response, 405)
    assert response.headers["allow"] == allowed
