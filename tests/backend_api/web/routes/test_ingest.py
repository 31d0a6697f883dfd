"""Events come in: one, or many."""

import json
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_api.contract.events import MAX_BATCH_BYTES, MAX_BATCH_LINES, BatchResult, Event, EventPage, StoredEvent
from backend_api.contract.verdicts import MmStatus
from backend_api.store.store import Store
from backend_api.web.event_parsing import MAX_ATTRIBUTES_DEPTH, MAX_EVENT_BYTES
from tests.backend_api.api import JSON, NDJSON, fields, post, post_batch, problem, with_field
from tests.backend_api.events import make_event, make_result
from tests.fake_clock import FakeClock


def test_an_event_is_stored_and_answered(client: TestClient, clock: FakeClock) -> None:
    event = make_event()
    response = post(client, event)
    assert response.status_code == 201
    assert response.headers["location"] == f"/events/{event.event_id}"
    stored = StoredEvent.model_validate_json(response.content)
    assert Event.model_validate(stored.model_dump(include=set(Event.model_fields))) == event
    assert stored.received_at == clock.now()
    assert (stored.media_url, stored.thumbnail_url) == (None, None)
    assert stored.mm is not None
    assert stored.mm.status is MmStatus.PENDING
    assert client.get(response.headers["location"]).json() == response.json()


def test_the_same_event_again_changes_nothing(client: TestClient, store: Store, clock: FakeClock) -> None:
    event = make_event()
    first = post(client, event).json()
    clock.advance(5)
    claim = store.enrichments.claim(60)
    assert claim is not None
    store.enrichments.finish(claim, make_result())
    # Written differently, it is the same event still.
    again = post(client, json.dumps(json.loads(event.model_dump_json()), indent=4, sort_keys=True))
    assert again.status_code == 200
    assert again.headers["location"] == f"/events/{event.event_id}"
    assert again.json()["received_at"] == first["received_at"]
    assert again.json()["mm"]["status"] == "DONE"
    assert again.json()["mm"]["result"]["verdict"] == "cleaned"


def test_another_event_of_the_same_id_is_refused(client: TestClient) -> None:
    event = make_event()
    post(client, event)
    found = problem(post(client, event.model_copy(update={"confidence": 0.1})), 409)
    assert fields(found) == ["event_id"]
    assert client.get(f"/events/{event.event_id}").json()["confidence"] == event.confidence


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (with_field("confidence", "1.5"), ["confidence"]),
        (with_field("ts", '"2026-01-31T09:30:00"'), ["ts"]),
        (with_field("ts", "1700000000"), ["ts"]),
        (with_field("ts", '"1700000000"'), ["ts"]),
        (with_field("ts", '"0001-01-01T00:00:00+14:00"'), ["ts"]),
        (with_field("ts", '"9999-12-31T23:59:59-14:00"'), ["ts"]),
        (with_field("store_id", '"a\\u0000b"'), ["store_id"]),
        (with_field("store_id", '"../x"'), ["store_id"]),
        (with_field("clip", '{"width": 0}'), None),
        (with_field("surprise", "1"), ["surprise"]),
        (with_field("track_id", "-1"), ["track_id"]),
        (with_field("needs_mm", "false"), [""]),
        (with_field("event_id", '"\\ud800"'), None),
        (with_field("attributes", '{"x": "\\ud800"}'), None),
        (with_field("attributes", '{"x": 1' + 5000 * "0" + "}"), None),
        (with_field("attributes", '{"x": ' + 40 * "[" + 40 * "]" + "}"), ["attributes"]),
        (with_field("attributes", '{"x": ' + 4000 * "[" + 4000 * "]" + "}"), None),
        ("{}", None),
        ("[]", None),
        ("null", None),
        ("{", None),
        (b"\xff\xfe\x00", None),
        (b"\x00" * 100, None),
        (make_event().model_dump_json().encode("utf-16"), None),
    ],
)
def test_what_is_no_event_is_refused_with_the_fields_named(
    client: TestClient, body: str | bytes, expected: list[str] | None
) -> None:
    found = problem(post(client, body), 422)
    assert found.errors
    if expected is not None:
        assert fields(found) == expected
    # The answer to a batch says the same of the line.
    [rejected] = post_batch(client, make_event(at_s=9), body.encode() if isinstance(body, str) else body).rejected
    assert rejected.status == 422
    assert client.get("/events").json()["items"][0]["event_id"] == str(make_event(at_s=9).event_id)


@pytest.mark.parametrize(
    "attributes",
    [
        '{"x": 1' + 400 * "0" + "}",
        '{"x": "\\u0000"}',
        '{"x": 1e999}',
        '{"😀": "\\ud83d\\ude00"}',
        '{"x": -0.0}',
        '{"x": NaN}',
        '{"x": ' + (MAX_ATTRIBUTES_DEPTH - 1) * "[" + (MAX_ATTRIBUTES_DEPTH - 1) * "]" + "}",
    ],
)
def test_odd_attributes_are_kept_and_readable_ever_after(client: TestClient, attributes: str) -> None:
    body = with_field("attributes", attributes)
    first, again = post(client, body), post(client, body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    page = EventPage.model_validate_json(client.get("/events").content)
    assert page.items == [StoredEvent.model_validate_json(first.content)]
    assert len(page.items) == 1


def test_nothing_is_no_event(client: TestClient) -> None:
    problem(post(client, ""), 422)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=10,
)


@settings(max_examples=60)
@given(body=st.binary() | st.text().map(str.encode) | JSON_VALUES.map(lambda value: json.dumps(value).encode()))
def test_no_body_is_an_error_of_the_backend(client: TestClient, body: bytes) -> None:
    for path, headers in (("/events", JSON), ("/events/batch", NDJSON)):
        response = client.post(path, content=body, headers=headers)
        assert response.status_code < 500


@settings(max_examples=60)
@given(name=st.sampled_from([*make_event().model_dump(), "x"]), value=JSON_VALUES)
def test_no_value_of_a_field_is_an_error_of_the_backend(client: TestClient, name: str, value: object) -> None:
    body = json.dumps(make_event().model_dump(mode="json") | {name: value})
    response = post(client, body)
    assert response.status_code in (200, 201, 409, 422)
    if response.status_code in (200, 201):
        StoredEvent.model_validate_json(response.content)


@pytest.mark.parametrize("path", ["/events", "/events/batch"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {},
        {**JSON, "Content-Encoding": "gzip"},
    ],
)
def test_another_type_of_body_is_refused(client: TestClient, path: str, headers: dict[str, str]) -> None:
    found = problem(client.post(path, content=b"{}", headers=headers), 415)
    assert "send" in found.detail


def test_parameters_of_the_type_do_not_matter(client: TestClient) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert client.post("/events", content=make_event().model_dump_json(), headers=headers).status_code == 201


@pytest.mark.parametrize(
    ("path", "headers", "limit"), [("/events", JSON, MAX_EVENT_BYTES), ("/events/batch", NDJSON, MAX_BATCH_BYTES)]
)
@pytest.mark.parametrize("is_chunked", [False, True])
def test_too_long_a_body_is_refused(
    client: TestClient, path: str, headers: dict[str, str], limit: int, is_chunked: bool
) -> None:
    body = b" " * (limit + 1)
    content = iter([body[: limit // 2], body[limit // 2 :]]) if is_chunked else body
    assert str(limit) in problem(client.post(path, content=content, headers=headers), 413).detail


def test_a_batch_says_what_became_of_each_line(client: TestClient) -> None:
    events = [make_event(at_s=number) for number in range(3)]
    post(client, events[0])
    post(client, events[1])
    changed = events[1].model_copy(update={"confidence": 0.1})
    lines = (events[0], changed, b"", b"{", events[2], b'{"event_id": "17"}', b"\xff", events[2], b"\r")
    result = post_batch(client, *lines)
    assert (result.stored, result.duplicates) == (1, 2)
    assert [(line.line, line.status, line.event_id) for line in result.rejected] == [
        (2, 409, str(changed.event_id)),
        (4, 422, None),
        (6, 422, "17"),
        (7, 422, None),
    ]
    assert len(client.get("/events").json()["items"]) == 3


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\r\n"])
def test_an_empty_batch(client: TestClient, content: bytes) -> None:
    assert post_batch(client, content) == BatchResult(stored=0, duplicates=0, rejected=[])


def test_a_batch_has_at_most_a_thousand_lines(client: TestClient) -> None:
    lines = [make_event(at_s=number).model_dump_json().encode() for number in range(MAX_BATCH_LINES + 1)]
    assert post_batch(client, *lines[:-1], b"").stored == MAX_BATCH_LINES
    found = problem(client.post("/events/batch", content=b"\n".join(lines), headers=NDJSON), 413)
    assert "1000" in found.detail


def test_a_line_that_is_too_long_stops_no_other(client: TestClient) -> None:
    long = with_field("clip_error", '"' + MAX_EVENT_BYTES * "x" + '"').encode()
    result = post_batch(client, long, make_event())
    assert result.stored == 1
    assert [(line.line, line.status) for line in result.rejected] == [(1, 413)]


@settings(max_examples=25)
@given(choices=st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0.1, 0.2, 7.0])), max_size=6), run=st.uuids())
def test_a_batch_does_what_single_requests_do(client: TestClient, choices: list[tuple[int, float]], run: UUID) -> None:
    def lines(kind: int) -> list[bytes]:
        # Two disjoint sets of ids, otherwise alike; a confidence of 7 is refused.
        return [
            make_event(event_id=UUID(int=(run.int + 16 * kind + number) % 2**128))
            .model_copy(update={"confidence": confidence})
            .model_dump_json()
            .encode()
            for number, confidence in choices
        ]

    singly = [post(client, line.decode()).status_code for line in lines(0)]
    result = post_batch(client, *lines(1))
    rejected = {line.line: line.status for line in result.rejected}
    assert result.stored == singly.count(201)
    assert result.duplicates == singly.count(200)
    assert rejected == {line: status for line, status in enumerate(singly, start=1) if status >= 400}
