"""Corrections over HTTP: kept for ever, in events, sessions, exports and the stream; what cannot be is said."""

from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from backend_api.contract.corrections import CorrectionList, StoredCorrection, UseTruth
from backend_api.contract.events import StoredEvent
from backend_api.store.store import Store
from tests.backend_api.api import JSON, fields, problem
from tests.backend_api.reports.test_sessions import make_session
from tests.backend_api.web.routes.test_export import exported
from tests.fake_clock import FakeClock


def correct(client: TestClient, session_id: UUID, content: str) -> Response:
    response: Response = client.post(f"/sessions/{session_id}/correction", content=content, headers=JSON)
    return response


def test_a_correction_is_kept_and_stands_with_its_session_its_events_and_in_exports(
    client: TestClient, store: Store, clock: FakeClock
) -> None:
    events, other = make_session(1), make_session(2, at_s=600)
    store.events.add([*events, *other])
    session_id = events[0].session_id
    answer = correct(client, session_id, '{"truth": "nobody", "note": "=a coat", "who": "Ann"}')
    assert answer.status_code == 201, answer.text
    kept = StoredCorrection.model_validate_json(answer.content)
    assert (kept.truth, kept.who, kept.at, kept.session_id) == (UseTruth.NOBODY, "Ann", clock.now(), session_id)
    shown = {each["session_id"]: each for each in client.get("/sessions").json()["items"]}
    assert (shown[str(session_id)]["outcome"], shown[str(session_id)]["correction"]) == ("no_use", "nobody")
    assert shown[str(other[0].session_id)]["correction"] is None
    for item in client.get("/events").json()["items"]:
        event = StoredEvent.model_validate(item)
        assert event.correction == (kept if event.session_id == session_id else None)
    cells = {row["use_correction"] + row["use_corrected_by"] + row["use_correction_note"] for row in exported(client)}
    assert cells == {"nobodyAnn'=a coat", ""}
    assert correct(client, session_id, '{"truth": "withdrawn"}').status_code == 201
    history = CorrectionList.model_validate_json(client.get(f"/sessions/{session_id}/corrections").content)
    assert [each.truth for each in history.items] == [UseTruth.NOBODY, UseTruth.WITHDRAWN]
    assert client.get(f"/sessions/{other[0].session_id}/corrections").json() == {"items": []}


def test_what_cannot_be_corrected_says_why(client: TestClient, store: Store) -> None:
    events = make_session(1)
    session_id = events[0].session_id
    problem(correct(client, session_id, '{"truth": "nobody"}'), 404)
    problem(client.get(f"/sessions/{session_id}/corrections"), 404)
    store.events.add(events)
    assert "no correction to withdraw" in problem(correct(client, session_id, '{"truth": "withdrawn"}'), 409).detail


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ('{"truth": "a cat"}', "truth"),
        ("{}", "truth"),
        ('{"truth": "nobody", "who": ""}', "who"),
        ('{"truth": "nobody", "why": "?"}', "why"),
    ],
)
def test_a_mistake_in_a_correction_is_named(client: TestClient, store: Store, content: str, field: str) -> None:
    events = make_session(1)
    store.events.add(events)
    assert fields(problem(correct(client, events[0].session_id, content), 422)) == [field]
