"""Sessions and figures say by what uses were found; a repetition by other eyes is the same event."""

from datetime import timedelta
from itertools import permutations

import pytest
from fastapi.testclient import TestClient

from backend_api.checks.derived import check_derived
from backend_api.contract.events import Event
from backend_api.contract.queries import SessionQuery
from backend_api.contract.sources import EventSource
from backend_api.reports.reports import Reports
from backend_api.store.events import IngestOutcome
from backend_api.store.store import Store
from tests.backend_api.api import fields, post, problem
from tests.backend_api.events import START, make_event
from tests.backend_api.reports.test_sessions import make_session, only
from tests.backend_api.reports.test_stats import stats
from tests.backend_api.web.routes.test_export import exported
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases

MOCKED = EventSource(edge_version="0.1.0", detector="mock", config_sha256="1" * 64)
REAL = EventSource(
    edge_version="0.2.0", detector="onnx", weights="eyes.onnx", weights_sha256="2" * 64, config_sha256="3" * 64
)


def seen_by(events: list[Event], source: EventSource | None) -> list[Event]:
    more = {} if source is None else {"source": source.model_dump()}
    return [event.model_copy(update={"attributes": event.attributes | more}) for event in events]


def test_a_session_says_by_what_the_first_of_its_events_that_came_was_found(store: Store) -> None:
    for number, order in enumerate(permutations(range(4))):
        old, new = make_session(number)[:2], make_session(number)[2:]
        events = [*seen_by(old, REAL), *seen_by(new, MOCKED)]
        for index in order:
            store.events.add([events[index]])
        first = REAL if order[0] < 2 else MOCKED
        [session] = Reports(store).sessions(SessionQuery(machine_id=f"bike_{number}")).items
        assert session.source == first
    assert list(check_derived(store.database)) == []


def test_a_repetition_by_other_eyes_is_the_same_event(store: Store) -> None:
    [event] = seen_by([make_event()], MOCKED)
    assert store.events.add([event]) == [IngestOutcome.STORED]
    repeated = [*seen_by([make_event()], REAL), make_event()]
    assert store.events.add(repeated) == [IngestOutcome.DUPLICATE] * 2
    assert store.events.add(seen_by([make_event(confidence=0.1)], MOCKED)) == [IngestOutcome.CONFLICT]
    row = store.events.find(event.event_id)
    assert row is not None
    assert row.event == event


def test_figures_tell_each_cameras_sources(store: Store, clock: FakeClock) -> None:
    clock.advance(3600)
    of_none = make_session(4, at_s=1800)
    for number, source in enumerate([MOCKED, REAL, REAL]):
        store.events.add(seen_by(make_session(number, at_s=600 * number), source))
    store.events.add(of_none)
    found = stats(store, since=START, until=START + timedelta(days=1))
    assert [(row.camera_id, row.source, row.sessions_reported) for row in found.sources] == [
        ("cam_01", REAL, 2),
        ("cam_01", None, 1),
        ("cam_01", MOCKED, 1),
    ]
    assert stats(store, since=START + timedelta(days=2), until=START + timedelta(days=3)).sources == []


def test_an_export_says_it_and_calls_mocked_eyes_mocked(client: TestClient, store: Store) -> None:
    store.events.add(seen_by(make_session(1)[:1], MOCKED) + seen_by(make_session(2, at_s=600)[:1], REAL))
    rows = {row["machine_id"]: row for row in exported(client)}
    assert (rows["bike_1"]["detector"], rows["bike_1"]["mocked"], rows["bike_1"]["weights"]) == ("mock", "detector", "")
    assert (rows["bike_2"]["detector"], rows["bike_2"]["mocked"]) == ("onnx", "")
    assert (rows["bike_2"]["weights_sha256"], rows["bike_2"]["config_sha256"]) == ("2" * 64, "3" * 64)


@pytest.mark.parametrize("source", ["me", {}, {"edge_version": "1", "detector": "x" * 65}, {"detector": "mock"}])
def test_a_source_that_says_nothing_is_refused(client: TestClient, source: object) -> None:
    event = make_event(attributes={"source": source})
    assert fields(problem(post(client, event), 422)) == ["attributes.source"]


def test_what_was_stored_before_is_read_without_it(store: Store) -> None:
    store.events.add([make_event(attributes={"source": "somebody's own word"})])
    assert only(store).source is None
