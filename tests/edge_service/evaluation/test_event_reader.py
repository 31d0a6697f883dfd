"""Where recorded events are read from: each kind of file, and a backend."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from backend_api.base.http_client import Answer
from backend_api.base.process import FatalError, UsageError
from backend_api.contract.events import Event
from edge_service.evaluation.event_reader import read_events
from edge_service.outbox.sealed_line import event_body, seal
from tests.edge_service.fake_backend import FakeBackend
from tests.edge_service.local_server import serving
from tests.edge_service.outbox_events import make_event

EVENTS = [make_event(number) for number in range(3)]
BODIES = [event_body(event) for event in EVENTS]
OUTBOX = seal(b"base", b"0") + b"".join(seal(b"event", body) for body in BODIES)


def stored(event: Event) -> dict[str, Any]:
    """`event` as the backend answers it."""
    ours = {"received_at": "2026-01-31T09:00:09.000Z", "media_url": None, "thumbnail_url": None, "mm": None}
    return event.model_dump(mode="json") | ours


def page(events: list[Event], cursor: str | None = None) -> dict[str, Any]:
    return {"items": [stored(event) for event in events], "next_cursor": cursor}


def ids(events: list[Event]) -> list[str]:
    return [str(event.event_id) for event in events]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\n".join(BODIES), id="lines"),
        pytest.param(b"\n\n".join(BODIES) + b"\n", id="lines with blank ones"),
        pytest.param(OUTBOX, id="outbox"),
        pytest.param(OUTBOX + OUTBOX, id="twice"),
        pytest.param(json.dumps(page(EVENTS)).encode(), id="page"),
        pytest.param(json.dumps(page(EVENTS), indent=2).encode(), id="page in many lines"),
        pytest.param(b"\n".join(json.dumps(stored(event)).encode() for event in EVENTS), id="stored events"),
        pytest.param(b"\xef\xbb\xbf" + b"\r\n".join(BODIES), id="as an editor on Windows saves it"),
    ],
)
def test_every_kind_of_file_gives_each_event_once(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(content)
    assert ids(read_events(str(path), None, None)) == ids(EVENTS)


@pytest.mark.parametrize("content", [b"", b"\n", seal(b"base", b"17")])
def test_no_events_are_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(content)
    assert read_events(str(path), None, None) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (BODIES[0] + b"\nhello\n", ":2: is no JSON"),
        (BODIES[0] + b"\n" + BODIES[1][:-9], ":2: is no JSON"),
        (BODIES[0] + b"\n[1]\n", ":2: is no event but list"),
        (BODIES[0] + b'\n{"event_id": 1}\n', ":2: is no event: event_id: "),
        (b'{"event": 7}', ":1: is no event"),
        (json.dumps(page(EVENTS, "next")).encode(), "one page of several; give the backend's address"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
    ],
)
def test_what_is_no_event_is_named_with_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message) as caught:
        read_events(str(path), None, None)
    assert str(caught.value).startswith(str(path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere: No such file or directory; give a file of events"):
        read_events(str(tmp_path / "nowhere"), None, None)


def test_a_backend_is_asked_page_by_page_for_the_time_that_matters() -> None:
    answers = [page(EVENTS[:2], "next one"), page(EVENTS[1:])]
    since, until = datetime(2026, 1, 31, 8, tzinfo=UTC), datetime(2026, 1, 31, 10, tzinfo=UTC)
    with serving(FakeBackend(Answer(200, json.dumps(answer).encode()) for answer in answers)) as server:
        assert ids(read_events(f"{server.url}/", since, until)) == ids(EVENTS)
    first, second = (urlsplit(path) for path, _ in server.requests)
    assert first.path == second.path == "/events"
    query = {"order": ["asc"], "limit": ["500"], "since": ["2026-01-31T08:00:00.000Z"]}
    assert parse_qs(first.query) == query | {"until": ["2026-01-31T10:00:00.000Z"]}
    assert parse_qs(second.query)["cursor"] == ["next one"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(404, b"not here"), "answers 404: not here; is it the backend's address"),
        (Answer(302, b""), "answers 302"),
        (Answer(200, b"<html>"), "answers with something else than events"),
    ],
)
def test_another_server_than_the_backend(answer: Answer, message: str) -> None:
    with serving(FakeBackend([answer])) as server, pytest.raises(FatalError, match=message):
        read_events(server.url, None, None)


def test_a_key_that_is_missing_is_asked_for() -> None:
    backend = FakeBackend([Answer(401, b"{}"), Answer(200, json.dumps(page(EVENTS)).encode())])
    with serving(backend) as server:
        with pytest.raises(UsageError, match="asks for a key; set GYM_API_KEY"):
            read_events(server.url, None, None)
        read_events(server.url, None, None, api_key="secret")
    assert [headers["Authorization"] for _, headers in server.requests] == [None, "Bearer secret"]


def test_a_backend_that_is_not_there() -> None:
    with pytest.raises(FatalError, match="/events: connection refused; is the backend running there"):
        read_events("http://127.0.0.1:9", None, None)
    with pytest.raises(UsageError, match="the backend's address is 'http://', which is no address"):
        read_events("http://", None, None)
