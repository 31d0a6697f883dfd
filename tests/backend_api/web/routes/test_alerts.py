"""/alerts: the ledger, who has seen what, and targets that are tried and left in peace."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from backend_api.alerts.config import AlertsConfig, Target
from backend_api.app import Settings, create_app
from backend_api.contract.alerts import Alert, AlertFacts, AlertKind, AlertPage, TargetList, TargetState
from backend_api.contract.values import format_timestamp
from backend_api.media.folder import MediaFolder
from backend_api.store.ledger.alerts import Thing
from backend_api.store.store import Store
from backend_api.web.auth import Keys
from tests.backend_api.alerts.sinks import HttpSink, Reaction, http_sink
from tests.backend_api.api import JSON, fields, problem
from tests.fake_clock import FakeClock

SECRET = "geheimes-wort"
READ_KEY = "read-0123456789abcdef"


@pytest.fixture
def sink() -> Iterator[HttpSink]:
    with http_sink(Reaction(200), Reaction(503, f"no room for {SECRET}".encode())) as sink:
        yield sink


@pytest.fixture
def told(store: Store, media: MediaFolder, clock: FakeClock, sink: HttpSink) -> TestClient:
    hook = Target("hook", f"{sink.url}/{SECRET}", is_webhook=True, secret=32 * b"x", secrets=(SECRET,))
    # The threads need a clock that goes by itself: here nothing runs but what is asked for.
    app = create_app(store, media, clock, Settings(alerts=AlertsConfig(targets=(hook,))))
    return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)


def begin(store: Store, number: int, store_id: str = "gym_demo") -> None:
    thing = Thing(AlertKind.CAMERA_SILENT, store_id, f"cam_{number}")
    store.alerts.change({thing: AlertFacts(camera_id=f"cam_{number}", detail="since long")}, [])


def alerts(client: TestClient, query: str = "") -> AlertPage:
    answer = client.get(f"/alerts{query}")
    assert answer.status_code == 200, answer.text
    return AlertPage.model_validate_json(answer.content)


def test_the_ledger_comes_page_by_page_the_newest_first(told: TestClient, store: Store) -> None:
    assert alerts(told) == AlertPage(items=[], next_before=None)
    for number in range(5):
        begin(store, number)
    first = alerts(told, "?limit=3")
    assert [alert.text for alert in first.items] == [
        f"Camera cam_{number} is silent (gym_demo): since long" for number in (4, 3, 2)
    ]
    rest = alerts(told, f"?limit=3&before={first.next_before}")
    assert [alert.facts.camera_id for alert in rest.items] == ["cam_1", "cam_0"]
    assert rest.next_before is None
    assert all(alert.lasts for alert in first.items)


def test_of_a_store_and_the_whole_installation(told: TestClient, store: Store) -> None:
    begin(store, 1, "gym_a")
    begin(store, 2, "gym_b")
    store.alerts.change({Thing(AlertKind.DISK_LOW, "", "/data"): AlertFacts()}, [])
    assert [alert.store_id for alert in alerts(told, "?store_id=gym_a").items] == [None, "gym_a"]


def test_what_lasts_is_found_behind_many_newer_ones(told: TestClient, store: Store) -> None:
    begin(store, 1)
    begin(store, 2)
    store.alerts.change({}, [Thing(AlertKind.CAMERA_SILENT, "gym_demo", "cam_2")])
    assert [alert.facts.camera_id for alert in alerts(told, "?lasts=true&limit=1").items] == ["cam_1"]


def test_somebody_has_seen_it_and_the_first_who_did_stays(told: TestClient, store: Store) -> None:
    begin(store, 1)
    [alert] = alerts(told).items
    for who in ("Ann", "Bob"):
        answer = told.post(f"/alerts/{alert.id}/acknowledge", content=json.dumps({"who": who}), headers=JSON)
        assert answer.status_code == 200, answer.text
        assert Alert.model_validate_json(answer.content).acknowledged_by == "Ann"
    problem(told.post("/alerts/99/acknowledge", content='{"who": "Ann"}', headers=JSON), 404)
    problem(told.post("/alerts/0/acknowledge", content='{"who": "Ann"}', headers=JSON), 422)
    assert fields(problem(told.post("/alerts/1/acknowledge", content="{}", headers=JSON), 422)) == ["who"]


def test_a_test_shows_what_the_target_really_says_and_no_secret(told: TestClient, sink: HttpSink) -> None:
    assert told.post("/alerts/targets/hook/test").json() == {"is_ok": True, "answer": "HTTP 200 thank you"}
    assert told.post("/alerts/targets/hook/test").json() == {"is_ok": False, "answer": "HTTP 503 no room for ***"}
    assert len(sink.got) == 2
    assert b"This is a test" in sink.got[0][1]
    everything = told.get("/alerts/targets").text + told.get("/alerts").text
    assert SECRET not in everything
    assert sink.url not in everything
    problem(told.post("/alerts/targets/nobody/test"), 404)


def test_a_target_is_left_in_peace_and_woken(told: TestClient, clock: FakeClock) -> None:
    def snooze(until_s: float | None) -> Response:
        until = None if until_s is None else format_timestamp(clock.now() + timedelta(seconds=until_s))
        body = json.dumps({"until": until, "who": "Ann"})
        answer: Response = told.post("/alerts/targets/hook/snooze", content=body, headers=JSON)
        return answer

    answer = snooze(3600)
    state = TargetState.model_validate_json(answer.content)
    assert (state.snoozed_by, state.snoozed_until) == ("Ann", clock.now() + timedelta(hours=1))
    assert snooze(None).json()["snoozed_until"] is None
    for seconds in (-1, 8 * 86_400):
        assert fields(problem(snooze(seconds), 422)) == ["until"]
    body = json.dumps({"until": None, "who": "Ann"})
    problem(told.post("/alerts/targets/nobody/snooze", content=body, headers=JSON), 404)


def test_without_targets_there_are_none(client: TestClient) -> None:
    assert TargetList.model_validate_json(client.get("/alerts/targets").content).items == []


def test_a_key_that_may_only_read_sees_and_changes_nothing(store: Store, media: MediaFolder, clock: FakeClock) -> None:
    keys = Keys.of(["write-0123456789abcdef"], [READ_KEY], {})
    app = create_app(store, media, clock, Settings(keys=keys))
    client = TestClient(app, base_url="http://127.0.0.1")
    bearer = {"Authorization": f"Bearer {READ_KEY}"}
    begin(store, 1)
    assert client.get("/alerts", headers=bearer).status_code == 200
    assert client.get("/alerts").status_code == 401
    for path in ("/alerts/1/acknowledge", "/alerts/targets/hook/test", "/alerts/targets/hook/snooze"):
        assert client.post(path, content="{}", headers={**bearer, **JSON}).status_code == 403
