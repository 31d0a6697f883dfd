"""Every route is decided for every kind of key: a new one fails here until somebody has thought about it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from backend_api.app import Settings, create_app
from backend_api.contract.alerts import AlertFacts, AlertKind
from backend_api.contract.cameras import CameraSetup
from backend_api.contract.events import Event
from backend_api.contract.people import Permission, Role
from backend_api.media.folder import MediaFolder
from backend_api.store.ledger.alerts import Thing
from backend_api.store.store import Store
from backend_api.web.access_rules import store_in
from backend_api.web.audit import WATCHED
from backend_api.web.auth import Keys
from backend_api.web.keys_file import load_keys
from tests.backend_api.reports.test_sessions import make_session
from tests.backend_api.web.keys import bearer, entry, person, write_keys
from tests.fake_clock import FakeClock

FIGURES, LOOK, REVIEW, MANAGE, REPORT = Permission
OPEN, EVERYWHERE, STORE, PLACE, OF_ID, OWN = "open", "everywhere", "store", "place", "of_id", "own"
# What each route takes, and of which stores it is for who is limited to some. OPEN: without any key. STORE: of those
# that the query names. PLACE: of the one in the path. OF_ID: of the one of the event, use or alert in the path. OWN:
# the answer holds theirs alone. EVERYWHERE: for nobody who is limited. A route that is not read is changed.
READ: dict[str, tuple[Permission | None, str]] = {
    "/alerts": (LOOK, STORE),
    "/alerts/targets": (LOOK, EVERYWHERE),
    "/audit": (MANAGE, EVERYWHERE),
    "/board": (FIGURES, STORE),
    "/board/page": (None, OPEN),
    "/cameras": (LOOK, STORE),
    "/cameras/{camera_id}/look": (LOOK, STORE),
    "/cameras/{camera_id}/setup": (LOOK, STORE),
    "/cameras/{camera_id}/still": (LOOK, STORE),
    "/cameras/{camera_id}/zones": (LOOK, STORE),
    "/cameras/{camera_id}/zones/history": (LOOK, STORE),
    "/events": (LOOK, STORE),
    "/events/export.csv": (LOOK, STORE),
    "/events/stream": (LOOK, EVERYWHERE),
    "/events/{event_id}": (LOOK, OF_ID),
    "/events/{event_id}/reviews": (LOOK, OF_ID),
    "/floor": (LOOK, STORE),
    "/health": (None, OPEN),
    "/machines": (LOOK, STORE),
    "/media/{event_id}": (LOOK, OF_ID),
    "/media/{event_id}/frames/{number}": (LOOK, OF_ID),
    "/media/{event_id}/thumbnail": (LOOK, OF_ID),
    "/metrics": (LOOK, EVERYWHERE),
    "/queue": (LOOK, EVERYWHERE),
    "/ready": (None, OPEN),
    "/reviews/suggested": (LOOK, EVERYWHERE),
    "/sessions": (LOOK, STORE),
    "/sessions/{session_id}/corrections": (LOOK, OF_ID),
    "/stats": (FIGURES, STORE),
    "/stats/agreement": (LOOK, EVERYWHERE),
    "/stats/compliance": (FIGURES, STORE),
    "/stats/days": (FIGURES, STORE),
    "/stores": (LOOK, OWN),
}
CHANGED: dict[tuple[str, str], tuple[Permission, str]] = {
    ("delete", "/cameras/{camera_id}"): (MANAGE, STORE),
    ("post", "/alerts/targets/{name}/snooze"): (MANAGE, EVERYWHERE),
    ("post", "/alerts/targets/{name}/test"): (MANAGE, EVERYWHERE),
    ("post", "/alerts/{alert_id}/acknowledge"): (REVIEW, OF_ID),
    ("post", "/cameras/{camera_id}/look"): (LOOK, STORE),
    ("post", "/events"): (REPORT, EVERYWHERE),
    ("post", "/events/batch"): (REPORT, EVERYWHERE),
    ("post", "/events/{event_id}/retry"): (MANAGE, OF_ID),
    ("post", "/events/{event_id}/review"): (REVIEW, OF_ID),
    ("post", "/reviews/draws"): (REVIEW, EVERYWHERE),
    ("post", "/sessions/{session_id}/correction"): (REVIEW, OF_ID),
    ("put", "/cameras"): (REPORT, EVERYWHERE),
    ("put", "/cameras/{camera_id}"): (REPORT, EVERYWHERE),
    ("put", "/cameras/{camera_id}/look"): (REPORT, EVERYWHERE),
    ("put", "/cameras/{camera_id}/setup"): (REPORT, EVERYWHERE),
    ("put", "/cameras/{camera_id}/still"): (REPORT, EVERYWHERE),
    ("put", "/cameras/{camera_id}/zones"): (MANAGE, STORE),
    ("put", "/cameras/{camera_id}/zones/refusal"): (REPORT, EVERYWHERE),
    ("put", "/media/{event_id}"): (REPORT, EVERYWHERE),
    ("put", "/media/{event_id}/thumbnail"): (REPORT, EVERYWHERE),
    ("put", "/stores/{store_id}"): (MANAGE, PLACE),
}
# An edge asks for the zones that it is to take.
ALSO_REPORT = {"/cameras/{camera_id}/zones"}
OTHER = "gym_of_others"
LIMITABLE = (Role.FIGURES, Role.VIEWER, Role.REVIEWER, Role.MANAGER)
PEOPLE = (Role.VIEWER, Role.REVIEWER, Role.MANAGER)


def events_of(store_id: str, number: int) -> list[Event]:
    return [event.model_copy(update={"store_id": store_id}) for event in make_session(number)]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, dict[str, Event]]]:
    folder: Path = tmp_path_factory.mktemp("routes")
    roles = [entry(role, role) for role in Role]
    limited = [entry(f"{role}_here", role, "gym_demo") for role in (*LIMITABLE, Role.DASHBOARD)]
    path = write_keys(folder / "keys.yaml", *roles, *limited)
    clock = FakeClock()
    store = Store.open(folder / "app.db", clock, create=True)
    events = {store_id: events_of(store_id, number) for number, store_id in enumerate(("gym_demo", OTHER), start=1)}
    for store_id, of_store in events.items():
        store.events.add(of_store)
        machines = [{"machine_id": "bike_1", "name": f"Bike of {store_id}", "zone": [[0, 0], [0.5, 0], [0.5, 0.5]]}]
        setup = CameraSetup.model_validate({"store_id": store_id, "machines": machines, "config": None})
        store.setups.keep("cam_01", setup)
        store.alerts.change({Thing(AlertKind.CAMERA_DARK, store_id, "cam_01"): AlertFacts(camera_id="cam_01")}, [])
    settings = Settings(keys=Keys.of([], [], {}, load_keys(path)))
    app = create_app(store, MediaFolder.open(folder / "media"), clock, settings)
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client, {store_id: of_store[-1] for store_id, of_store in events.items()}
    store.close()


def operations(client: TestClient) -> dict[str, dict[str, Any]]:
    paths: dict[str, dict[str, Any]] = client.get("/openapi.json", headers=bearer("admin")).json()["paths"]
    return paths


def address(path: str, event: Event) -> str:
    known = {"event_id": event.event_id, "session_id": event.session_id, "camera_id": "cam_01", "number": 1}
    number = 1 if event.store_id == "gym_demo" else 2
    known |= {"store_id": event.store_id, "alert_id": number, "name": "phone"}
    return path.format(**known)


def test_each_route_is_in_the_tables(scene: tuple[TestClient, dict[str, Event]]) -> None:
    client, _ = scene
    found = {(method, path) for path, methods in operations(client).items() for method in methods}
    assert {path for method, path in found if method == "get"} == READ.keys()
    assert {(method, path) for method, path in found if method != "get"} == CHANGED.keys()


DECISIONS = [
    *(("get", path, decision) for path, decision in READ.items()),
    *((method, path, decision) for (method, path), decision in CHANGED.items()),
]


def refuses(
    scene: tuple[TestClient, dict[str, Event]], method: str, path: str, headers: dict[str, str], of: str, query: str
) -> bool:
    """Whether the call is refused for what it is of the store `of`, with `query` behind its address."""
    client, events = scene
    response = client.request(method, address(path, events[of]) + query, headers=headers)
    assert response.status_code < 500
    if response.status_code == 200 and of != OTHER:
        assert OTHER not in response.text or not is_limited(headers)
    return response.status_code in (400, 401, 403)


def is_limited(headers: dict[str, str]) -> bool:
    return "_here" in headers["Authorization"] or "store_ids" in str(headers)


def has(role: Role, method: str, path: str, takes: Permission | None) -> bool:
    is_edges = path in ALSO_REPORT and method == "get" and REPORT in role.permissions
    return takes is None or takes in role.permissions or is_edges


decided = pytest.mark.parametrize(("method", "path", "decision"), DECISIONS)
Scene = tuple[TestClient, dict[str, Event]]


@decided
def test_each_role_may_do_what_is_decided(
    scene: Scene, method: str, path: str, decision: tuple[Permission | None, str]
) -> None:
    takes, whose = decision
    status = scene[0].request(method, address(path, scene[1]["gym_demo"])).status_code
    assert (status == 401) == (whose != OPEN)
    callers = [(role, bearer(role)) for role in Role]
    # A person may do what the role says, through a dashboard's key alone.
    callers += [(role, bearer("dashboard", person(role))) for role in PEOPLE]
    for role, headers in callers:
        may = has(role, method, path, takes)
        # The stream has no end: what refuses is asked alone.
        if not (may and path == "/events/stream"):
            assert refuses(scene, method, path, headers, "gym_demo", "") == (not may), headers
    if whose != OPEN:
        assert refuses(scene, method, path, bearer("admin", person(Role.MANAGER)), "gym_demo", "")


@decided
def test_who_is_limited_sees_and_changes_the_own_stores_alone(
    scene: Scene, method: str, path: str, decision: tuple[Permission | None, str]
) -> None:
    takes, whose = decision
    if whose == OPEN:
        return
    callers = [(role, bearer(f"{role}_here")) for role in LIMITABLE]
    callers += [(role, bearer("dashboard", person(role, "gym_demo", "gym_nobody_has"))) for role in PEOPLE]
    callers += [(role, bearer("dashboard_here", person(role))) for role in PEOPLE]
    callers += [(role, bearer("dashboard_here", person(role, "gym_demo", OTHER))) for role in PEOPLE]
    mine, others = "?store_id=gym_demo", f"?store_id={OTHER}"
    for role, headers in callers:
        may = has(role, method, path, takes) and whose != EVERYWHERE
        assert refuses(scene, method, path, headers, "gym_demo", mine) == (not may), headers
        if whose != OWN:
            assert refuses(scene, method, path, headers, OTHER, others), headers
        for query in ("", f"{mine}&store_id={OTHER}", f"{mine},{OTHER}", "?store_id=") if whose == STORE else ():
            assert refuses(scene, method, path, headers, "gym_demo", query), (headers, query)
    nothing_in_common = bearer("dashboard_here", person(Role.MANAGER, OTHER))
    for store_id in ("gym_demo", OTHER) if whose != OWN else ():
        assert refuses(scene, method, path, nothing_in_common, store_id, f"?store_id={store_id}")


def test_what_the_tables_do_not_know_is_for_who_is_not_limited(scene: tuple[TestClient, dict[str, Event]]) -> None:
    client, _ = scene
    for path in ("/openapi.json", "/docs", "/nothing"):
        assert client.get(path, headers=bearer("viewer")).status_code in (200, 404)
        assert client.get(path, headers=bearer("viewer_here")).status_code == 403
        assert client.post(path, headers=bearer("manager")).status_code == 403
        assert client.post(path, headers=bearer("edge")).status_code == 403
        assert client.post(path, headers=bearer("admin")).status_code in (404, 405)


def test_each_route_that_answers_pictures_or_a_table_is_written_down(
    scene: tuple[TestClient, dict[str, Event]],
) -> None:
    client, events = scene
    kinds = ("image/", "video/", "text/csv")
    answers = {
        path: methods["get"]["responses"]["200"] for path, methods in operations(client).items() if "get" in methods
    }
    found = {
        path for path, answer in answers.items() if any(kind.startswith(kinds) for kind in answer.get("content", {}))
    }
    assert found >= {"/events/export.csv", "/media/{event_id}", "/cameras/{camera_id}/still"}
    for path in READ:
        assert (WATCHED.fullmatch(address(path, events["gym_demo"])) is not None) == (path in found), path


@given(st.text("storeid_=&%73;gym+,\x00é", max_size=40), st.booleans())
def test_keys_of_a_store_and_the_routes_read_an_address_alike(text: str, hidden: bool) -> None:
    query = text.encode("latin-1", "replace").decode("ascii", "replace")
    query = f"{query}&store_id=gym_demo" if hidden else query
    if store_in(query) == "gym_demo":
        assert QueryParams(text + ("&store_id=gym_demo" if hidden else "")).getlist("store_id") == ["gym_demo"]
