"""What goes past the router behaves as if it had not."""

import pytest
from fastapi.testclient import TestClient

from tests.backend_api.api import JSON, post, problem
from tests.backend_api.events import make_event


def test_it_is_described_and_counted_as_the_route_that_it_is(client: TestClient) -> None:
    assert post(client, make_event()).status_code == 201
    assert "post" in client.get("/openapi.json").json()["paths"]["/events"]
    line = 'gym_http_requests_total{method="POST",route="/events",status="201"} 1.0'
    assert line in client.get("/metrics").text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/events", 200),
        ("HEAD", "/events", 200),
        ("PUT", "/events", 405),
        ("POST", "/events/", 404),
        ("POST", "/Events", 404),
        ("POST", "/events?limit=1", 415),
        ("POST", "//events", 404),
        ("POST", "/%65vents", 415),
    ],
)
def test_it_takes_its_own_calls_and_no_others(client: TestClient, method: str, path: str, status: int) -> None:
    assert client.request(method, path).status_code == status


def test_its_errors_are_problems(client: TestClient) -> None:
    problem(client.post("/events", content=b"{}"), 415)
    problem(client.post("/events", content=b"{}", headers=JSON), 422)
