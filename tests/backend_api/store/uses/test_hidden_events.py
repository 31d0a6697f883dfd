"""What one absurd event does can be ended: it is hidden, kept, and counts nowhere; meanwhile nobody breaks by it."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from backend_api import doctor
from backend_api.base.instants import to_ms
from backend_api.base.process import EXIT_DONE, UsageError
from backend_api.contract.cameras import CameraReport
from backend_api.contract.events import Event, EventPage, EventType
from backend_api.contract.queries import EventQuery
from backend_api.contract.sessions import MachineState
from backend_api.contract.verdicts import Agree, MmStatus
from backend_api.doctor_options import parse_options
from backend_api.media.folder import MediaFolder
from backend_api.store.enrichments import RetryOutcome
from backend_api.store.events import IngestOutcome
from backend_api.store.store import Store
from tests.backend_api.api import problem
from tests.backend_api.contract.test_bounds import REPORT
from tests.backend_api.doctor_scene import Scene
from tests.backend_api.events import START, make_event, make_result
from tests.backend_api.reports.test_sessions import make_session
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases

ADDRESSES = (
    *("/events", "/events/export.csv", "/sessions", "/machines", "/queue", "/cameras", "/metrics", "/ready"),
    *("/stats", "/stats?by=hour&since=2026-01-01T00:00:00Z", "/stats/agreement", "/stats/compliance", "/stores"),
    *("/sessions?outcome=in_use", "/events?order=asc", "/cameras/cam_01/setup?store_id=gym_demo"),
)


@pytest.fixture
def scene(tmp_path: Path, media: MediaFolder, store: Store, clock: FakeClock) -> Scene:
    return Scene(tmp_path / "app.db", media.folder, store, clock)


def absurd(machine: str = "bike_9") -> list[Event]:
    """A use of the year 9999 with an attempt, as an earlier release stored it."""
    names = {"machine_id": machine, "session_id": UUID(int=9999)}
    late = {"ts": START.replace(year=9999), "media_time_s": 0, **names}
    return [
        make_event(event_type=EventType.MACHINE_OCCUPIED_START, track_id=10**400, **late),
        make_event(event_type=EventType.CLEANING_ATTEMPT, **late),
    ]


@pytest.fixture
def absurd_store(store: Store, tmp_path: Path) -> Store:
    """A store with such a use, a report of the year 2099, one with counts beyond bounds, and a setup of no shape."""
    store.events.add([*make_session(1), *absurd()])
    body = CameraReport.model_validate(REPORT).model_dump_json()
    beyond = body.replace('"outbox_depth":0', f'"outbox_depth":{10**400}')
    with closing(sqlite3.connect(tmp_path / "app.db")) as connection, connection:
        insert = "INSERT INTO cameras VALUES ('gym_demo', ?, ?, ?, NULL)"
        connection.execute(insert, ("cam_01", to_ms(START.replace(year=2099)), body))
        connection.execute(insert, ("cam_02", to_ms(START), beyond))
        corners = ",".join(f"[{n / 200},{n % 2}]" for n in range(150))
        setup = (
            f'{{"store_id":"gym_demo","machines":[{{"machine_id":"b","name":"B","zone":[{corners}]}}],"config":"]"}}'
        )
        connection.execute(
            "INSERT INTO camera_setups (store_id, camera_id, reported_at_ms, body) VALUES ('gym_demo', 'cam_01', 0, ?)",
            (setup,),
        )
        # Everything came in while the clock was ahead.
        connection.execute("UPDATE events SET received_at_ms = ?", (to_ms(START.replace(year=2099)),))
    return store


@pytest.mark.sqlite_alone
@pytest.mark.parametrize("address", ADDRESSES)
def test_what_is_stored_already_stops_nobody_from_reading(
    absurd_store: Store, client: TestClient, address: str
) -> None:
    status = client.get(address).status_code
    assert status == (404 if "setup" in address else 200)


@pytest.mark.sqlite_alone
def test_the_machines_of_a_report_of_2099_are_unknown_and_not_in_use_for_ever(
    absurd_store: Store, client: TestClient, clock: FakeClock
) -> None:
    machines = {item["machine_id"]: item["state"] for item in client.get("/machines").json()["items"]}
    assert machines == {"bike_1": MachineState.UNKNOWN, "bike_9": MachineState.UNKNOWN}
    [camera] = client.get("/cameras").json()["items"]
    assert (camera["camera_id"], camera["status"]) == ("cam_01", "gone")


@pytest.mark.sqlite_alone
def test_no_worker_falls_over_what_it_cannot_read(store: Store, tmp_path: Path) -> None:
    first, second = make_event(), make_event(at_s=1)
    store.events.add([first, second])
    with closing(sqlite3.connect(tmp_path / "app.db")) as connection, connection:
        connection.execute("UPDATE events SET body = '{}' WHERE seq = 1")
    claim = store.enrichments.claim(60)
    assert claim is not None
    assert claim.event == second
    assert store.enrichments.queue().dead == 1
    assert store.enrichments.claim(60) is None


def test_a_hidden_event_counts_nowhere_and_is_kept(store: Store, client: TestClient, clock: FakeClock) -> None:
    start, attempt = absurd()
    store.events.add([*make_session(1), start, attempt])
    before = client.get("/events").json()["items"]
    for event in (start, attempt):
        assert store.hidden_events.hide(event.event_id, "its clock was wrong", "ann")
        assert store.hidden_events.hide(event.event_id, "again", "bob")
    page = EventPage.model_validate_json(client.get("/events").content)
    assert {event.event_id for event in page.items} == {UUID(item["event_id"]) for item in before[2:]}
    assert [item["machine_id"] for item in client.get("/sessions").json()["items"]] == ["bike_1"]
    assert [item["machine_id"] for item in client.get("/machines").json()["items"]] == ["bike_1"]
    assert [change.row and change.row.event_id for change in store.changes.read(0, 100)].count(start.event_id) == 0
    assert [(hidden.event_id, hidden.who, hidden.reason) for hidden in store.hidden_events.all()] == [
        (start.event_id, "ann", "its clock was wrong"),
        (attempt.event_id, "ann", "its clock was wrong"),
    ]
    row = store.events.find(start.event_id)
    assert row is not None
    assert row.event == start
    assert store.events.add([start]) == [IngestOutcome.DUPLICATE]
    assert client.get("/sessions").json()["items"][0]["machine_id"] == "bike_1"


def test_nobody_asks_about_a_hidden_event_until_it_is_shown_again(store: Store) -> None:
    event = make_event()
    store.events.add([event])
    held = store.enrichments.claim(60)
    assert held is not None
    store.hidden_events.hide(event.event_id, "wrong", "ann")
    assert not store.enrichments.finish(held, make_result())
    assert store.enrichments.claim(60) is None
    assert store.enrichments.retry(event.event_id) is RetryOutcome.NOT_DEAD
    assert not store.enrichments.rerun(event.event_id)
    assert store.enrichments.rerun_others("another", "1") == 0
    row = store.events.find(event.event_id)
    assert row is not None
    assert row.mm is not None
    assert (row.mm.status, row.mm.error) == (MmStatus.DEAD, "hidden by ann: wrong")
    assert store.hidden_events.show(event.event_id)
    assert not store.hidden_events.show(event.event_id)
    claim = store.enrichments.claim(60)
    assert claim is not None
    assert store.enrichments.finish(claim, make_result())
    store.hidden_events.hide(event.event_id, "wrong", "ann")
    store.hidden_events.show(event.event_id)
    assert store.enrichments.queue().done == 1


@pytest.mark.sqlite_alone
def test_hiding_and_showing_leaves_a_session_as_it_was(store: Store, client: TestClient, scene: Scene) -> None:
    events = make_session(1)
    store.events.add(events)
    claim = store.enrichments.claim(60)
    assert claim is not None
    store.enrichments.finish(claim, make_result())
    store.reviews.add(claim.event.event_id, Agree.NO, "", "ann")
    before = client.get("/sessions").content, client.get("/stats").content, client.get("/stats/agreement").content
    for event in events:
        store.hidden_events.hide(event.event_id, "wrong", "ann")
        assert not [line for line in scene.examine().findings if "different session" in line]
    assert client.get("/sessions").json()["items"] == []
    assert client.get("/stats/agreement").json() == {"items": []}
    for event in reversed(events):
        store.hidden_events.show(event.event_id)
    assert before == (
        client.get("/sessions").content,
        client.get("/stats").content,
        client.get("/stats/agreement").content,
    )
    assert not [line for line in scene.examine().findings if "different session" in line]


@pytest.mark.sqlite_alone
def test_the_doctor_names_what_cannot_be_and_hides_it(
    scene: Scene, capsys: pytest.CaptureFixture[str], clock: FakeClock
) -> None:
    start, attempt = absurd()
    too_early = make_event(ts=START - timedelta(days=40 * 365), machine_id="bike_1", media_time_s=0)
    scene.store.events.add([start, attempt, too_early])
    found = [line for line in scene.examine().findings if line.startswith("impossible time: ")]
    assert len(found) == 3
    assert f"--hide {start.event_id} --reason TEXT" in found[0]
    for event in (start, attempt, too_early):
        command = ["--db", str(scene.db), "--hide", str(event.event_id), "--reason", "no such year", "--by", "ann"]
        assert doctor.command(parse_options(command), clock) == EXIT_DONE
    assert "counts nowhere now, and is kept" in capsys.readouterr().out
    lines = scene.examine().findings
    assert not [line for line in lines if line.startswith("impossible time: ")]
    assert len([line for line in lines if "hidden by ann at 2026-01-31T09:00:00.000Z: no such year" in line]) == 3
    assert scene.store.events.page(EventQuery()).rows == []
    assert doctor.command(parse_options(["--db", str(scene.db), "--show", str(start.event_id)]), clock) == EXIT_DONE
    assert len(scene.store.events.page(EventQuery()).rows) == 1


@pytest.mark.sqlite_alone
@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--hide", str(UUID(int=5))], "needs --reason"),
        (["--hide", "treadmill"], "no event_id"),
        (["--hide", str(UUID(int=5)), "--reason", "x"], "there is no event"),
        (["--show", str(UUID(int=5))], "no hidden event"),
    ],
)
def test_what_cannot_be_hidden_is_said_in_a_line(
    scene: Scene, clock: FakeClock, flags: list[str], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        doctor.command(parse_options(["--db", str(scene.db), *flags]), clock)


def test_what_arrives_beyond_bounds_is_refused_with_its_cure(client: TestClient, clock: FakeClock) -> None:
    for event in absurd():
        body = event.model_dump_json()
        refused = problem(client.post("/events", content=body, headers={"Content-Type": "application/json"}), 422)
        assert "set the clock of the edge" in refused.detail
    ahead = make_event(ts=START + timedelta(days=2)).model_dump_json()
    batch = client.post("/events/batch", content=ahead, headers={"Content-Type": "application/x-ndjson"}).json()
    assert (batch["stored"], batch["rejected"][0]["status"]) == (0, 422)
    assert "more than a day ahead of the backend's clock" in batch["rejected"][0]["error"]
    for config in ("]", "- a list", "text", "1: 2", "a: " + 5_000 * "["):
        setup = {"store_id": "gym_demo", "machines": [], "config": config}
        assert "config" in problem(client.put("/cameras/cam_01/setup", json=setup), 422).detail
