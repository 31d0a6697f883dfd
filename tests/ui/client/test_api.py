"""The client: what it asks, what it understands, and what it says when something is wrong."""

import socket
from datetime import timedelta
from uuid import uuid4

import pytest

from backend_api.base.clock import SystemClock
from backend_api.contract.cameras import CameraSetup, MachineSetup
from backend_api.contract.events import EventPage
from backend_api.contract.people import Person, Role
from backend_api.contract.queries import EventQuery, SessionQuery, StatsQuery
from backend_api.contract.sessions import SessionOutcome
from backend_api.contract.verdicts import Review
from tests.processes import free_port
from tests.ui.canned_backend import CannedBackend, Reply, problem
from tests.ui.gym import STORE, Gym
from tests.ui.made_up import make_session
from ui.client import api as api_module
from ui.client.api import BackendApi, NotUnderstood, Refused, Unreachable


def test_events_come_newest_first_page_by_page(gym: Gym) -> None:
    api = BackendApi(gym.url)
    last = gym.add_session(SessionOutcome.NOT_CLEANED)
    session = api.session(last.session_id)
    assert session is not None
    first = api.events(EventQuery(limit=3))
    second = api.events(EventQuery(limit=3, cursor=first.next_cursor))
    assert (len(first.items), len(second.items), second.next_cursor) == (3, 1, None)
    assert [*first.items, *second.items] == list(api.session_events(session))[::-1]
    whole = api.event(last.event_id)
    assert whole.mm is not None
    assert whole.mm.result is not None
    # A list leaves out what the model wrote.
    assert first.items[0].mm == whole.mm.model_copy(update={"result": whole.mm.result.model_copy(update={"raw": None})})
    assert first.items[0].model_copy(update={"mm": None}) == whole.model_copy(update={"mm": None})
    with pytest.raises(Refused, match="there is no event") as caught:
        api.event(uuid4())
    assert caught.value.status == 404


def test_the_events_of_a_session_are_one_question_to_a_person_of_many_gyms(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[EventQuery] = []

    def events(_api: BackendApi, query: EventQuery) -> EventPage:
        asked.append(query)
        return EventPage(items=[], next_cursor=None)

    monkeypatch.setattr(BackendApi, "events", events)
    stores = tuple(f"gym_{number}" for number in range(20))
    person = Person(person_id="ada", name="Ada", role=Role.VIEWER, store_ids=stores)
    session = make_session(store_id="gym_7")
    assert BackendApi("http://127.0.0.1:1", None, person).session_events(session) == ()
    assert [(query.session_id, query.store_id) for query in asked] == [(session.session_id, "gym_7")]


def test_sessions_come_page_by_page_and_by_what_became_of_them(gym: Gym) -> None:
    api = BackendApi(gym.url)
    for number in range(3):
        gym.add_session(SessionOutcome.CLEANED, ago_s=1000 * number + 600, machine_id=f"bike_{number}")
    gym.add_session(SessionOutcome.NOT_ATTEMPTED)
    query = SessionQuery(outcome=(SessionOutcome.CLEANED,), limit=2)
    first = api.sessions(query)
    second = api.sessions(query.model_copy(update={"cursor": first.next_cursor}))
    found = [session.machine_id for session in [*first.items, *second.items]]
    assert (found, second.next_cursor) == (["bike_0", "bike_1", "bike_2"], None)


def test_what_the_pages_look_at_is_understood(gym: Gym) -> None:
    api = BackendApi(gym.url)
    gym.report()
    setup = CameraSetup(store_id=STORE, machines=(), config="machines: []")
    gym.set_up(setup)
    gym.add_session(SessionOutcome.CLEANED)
    now = SystemClock().now()
    assert [machine.machine_id for machine in api.machines().items] == ["treadmill_01"]
    assert [camera.camera_id for camera in api.cameras().items] == ["cam_01"]
    assert api.setup(STORE, "cam_01").config == setup.config
    assert api.stats(StatsQuery(since=now - timedelta(days=1), until=now)).total.sessions == 1
    assert api.queue().done == 1
    assert api.agreement().items == []
    with pytest.raises(Refused, match="still") as caught:
        api.still(STORE, "cam_01")
    assert caught.value.status == 404


def test_machines_and_cameras_are_those_of_all_pages(gym: Gym, monkeypatch: pytest.MonkeyPatch) -> None:
    api = BackendApi(gym.url)
    zone = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    listed = tuple(MachineSetup(machine_id=f"bike_{number}", name="Bike", zone=zone) for number in range(3))
    gym.report()
    gym.set_up(CameraSetup(store_id=STORE, machines=listed, config=None))
    machines, cameras = api.machines(), api.cameras()
    assert len(machines.items) >= 3
    monkeypatch.setattr(api_module, "MAX_PAGE_ITEMS", 1)
    names = [(machine.camera_id, machine.machine_id) for machine in machines.items]
    assert [(machine.camera_id, machine.machine_id) for machine in api.machines().items] == names
    assert [state.camera_id for state in api.cameras().items] == [state.camera_id for state in cameras.items]


def test_an_opinion_is_kept_and_one_of_no_verdict_refused(gym: Gym) -> None:
    api = BackendApi(gym.url)
    judged = gym.add_session(SessionOutcome.CLEANED, machine_id="bike_1")
    stored = api.review(judged.event_id, Review(agree="no", note="Only the seat."))
    assert api.reviews(judged.event_id).items == [stored]
    waiting = gym.add_session(SessionOutcome.WAITING, machine_id="bike_2")
    with pytest.raises(Refused, match="no verdict to review") as caught:
        api.review(waiting.event_id, Review(agree="yes"))
    assert caught.value.status == 409


def test_retry_makes_a_dead_enrichment_wait_again(gym: Gym) -> None:
    api = BackendApi(gym.url)
    dead = gym.add_session(SessionOutcome.FAILED)
    api.retry(dead.event_id)
    assert api.queue().pending == 1
    with pytest.raises(Refused, match="only an event whose"):
        api.retry(dead.event_id)


def test_nothing_listening_is_unreachable_and_named() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unreachable, match=url):
        BackendApi(url).check_health()


def test_no_answer_in_time_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_module, "READ_TIMEOUT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unreachable):
        BackendApi(f"http://127.0.0.1:{silent.getsockname()[1]}").check_health()


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (problem(503, "the disk is full: make room"), "the disk is full: make room"),
        (Reply(500, "text/plain", b"Internal Server Error"), "answered 500 .*log says why"),
        (Reply(302, "text/html", b""), "answered 302"),
    ],
)
def test_an_error_answer_is_refused_with_its_reason(canned: CannedBackend, reply: Reply, text: str) -> None:
    canned.reply = reply
    with pytest.raises(Refused, match=text):
        BackendApi(canned.url).events(EventQuery(limit=1))


@pytest.mark.parametrize("body", [b"<html>a router's login page</html>", b'{"items": [{"id": 1}]}', b""])
def test_an_answer_that_is_no_backends_is_not_understood(canned: CannedBackend, body: bytes) -> None:
    canned.reply = Reply(200, "text/html", body)
    with pytest.raises(NotUnderstood, match="same release"):
        BackendApi(canned.url).events(EventQuery(limit=1))


def test_a_proxy_in_the_environment_is_not_asked(canned: CannedBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    BackendApi(canned.url).check_health()
