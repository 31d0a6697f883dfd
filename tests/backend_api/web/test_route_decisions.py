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
from backend_api.contract.cameras import CameraSetup
from backend_api.contract.events import Event
from backend_api.media.folder import MediaFolder
from backend_api.store.store import Store
from backend_api.web.audit import WATCHED
from backend_api.web.auth import Keys
from backend_api.web.key_limits import why_not_of_store
from backend_api.web.keys_file import load_keys
from tests.backend_api.reports.test_sessions import make_session
from tests.fake_clock import FakeClock

FILE = """\
keys:
  - {name: office, key: head-office-0123456789, may: write}
  - {name: reader, key: all-reader-0123456789, may: read}
  - {name: desk, key: front-desk-0123456789, may: read, store_id: gym_demo}
  - {name: door, key: door-screen-0123456789, may: figures}
  - {name: door_here, key: door-here-0123456789, may: figures, store_id: gym_demo}
"""
OPEN, FIGURES, BY_STORE, OF_EVENT, ALL_STORES, WRITERS = "open", "figures", "by_store", "of_event", "all", "writers"
# What a limited key may see of each route that is read: OPEN without any key; FIGURES with every key, those of a store
# with store_id; BY_STORE with keys that read, those of a store with store_id; OF_EVENT with keys that read, those of a
# store for its events; ALL_STORES with keys that read everything; WRITERS with keys that may write. Whatever is not
# read is for keys that may write.
READ = {
    "/alerts": ALL_STORES,
    "/alerts/targets": ALL_STORES,
    "/audit": WRITERS,
    "/board": FIGURES,
    "/board/page": OPEN,
    "/cameras": ALL_STORES,
    "/cameras/{camera_id}/look": BY_STORE,
    "/cameras/{camera_id}/setup": BY_STORE,
    "/cameras/{camera_id}/still": BY_STORE,
    "/cameras/{camera_id}/zones": BY_STORE,
    "/cameras/{camera_id}/zones/history": BY_STORE,
    "/events": BY_STORE,
    "/events/export.csv": BY_STORE,
    "/events/stream": ALL_STORES,
    "/events/{event_id}": OF_EVENT,
    "/events/{event_id}/reviews": OF_EVENT,
    "/floor": BY_STORE,
    "/health": OPEN,
    "/machines": BY_STORE,
    "/media/{event_id}": OF_EVENT,
    "/media/{event_id}/frames/{number}": OF_EVENT,
    "/media/{event_id}/thumbnail": OF_EVENT,
    "/metrics": ALL_STORES,
    "/queue": ALL_STORES,
    "/ready": OPEN,
    "/reviews/suggested": ALL_STORES,
    "/sessions": BY_STORE,
    "/sessions/{session_id}/corrections": ALL_STORES,
    "/stats": FIGURES,
    "/stats/agreement": ALL_STORES,
    "/stats/compliance": FIGURES,
    "/stores": ALL_STORES,
}
OTHER = "gym_of_others"


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}-0123456789"}


def events_of(store_id: str, number: int) -> list[Event]:
    return [event.model_copy(update={"store_id": store_id}) for event in make_session(number)]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, dict[str, Event]]]:
    folder: Path = tmp_path_factory.mktemp("routes")
    (folder / "keys.yaml").write_text(FILE)
    (folder / "keys.yaml").chmod(0o600)
    clock = FakeClock()
    store = Store.open(folder / "app.db", clock, create=True)
    events = {store_id: events_of(store_id, number) for number, store_id in enumerate(("gym_demo", OTHER), start=1)}
    for store_id, of_store in events.items():
        store.events.add(of_store)
        machines = [{"machine_id": "bike_1", "name": f"Bike of {store_id}", "zone": [[0, 0], [0.5, 0], [0.5, 0.5]]}]
        setup = CameraSetup.model_validate({"store_id": store_id, "machines": machines, "config": None})
        store.setups.keep("cam_01", setup)
    settings = Settings(keys=Keys.of([], [], {}, load_keys(folder / "keys.yaml")))
    app = create_app(store, MediaFolder.open(folder / "media"), clock, settings)
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client, {store_id: of_store[-1] for store_id, of_store in events.items()}
    store.close()


def operations(client: TestClient) -> dict[str, dict[str, Any]]:
    paths: dict[str, dict[str, Any]] = client.get("/openapi.json", headers=bearer("head-office")).json()["paths"]
    return paths


def address(path: str, event: Event) -> str:
    known = {"event_id": event.event_id, "session_id": event.session_id, "camera_id": "cam_01", "number": 1}
    return path.format(**{name: known.get(name, "1") for name in ("alert_id", "key", "store_id", "name", *known)})


def test_each_route_that_is_read_is_in_the_table(scene: tuple[TestClient, dict[str, Event]]) -> None:
    client, _ = scene
    assert {path for path, methods in operations(client).items() if "get" in methods} == READ.keys()


@pytest.mark.parametrize("path", READ)
def test_each_key_sees_what_is_decided(scene: tuple[TestClient, dict[str, Event]], path: str) -> None:
    client, events = scene
    decision = READ[path]
    if path == "/events/stream":
        # It has no end: what refuses is asked alone.
        assert client.get(path, headers=bearer("front-desk")).status_code == 403
        assert client.get(path, headers=bearer("door-screen")).status_code == 403
        return

    def refuses(key: str, of: str = "gym_demo", query: str = "") -> bool:
        response = client.get(address(path, events[of]) + query, headers=bearer(key))
        assert response.status_code < 500
        if query and response.status_code == 200 and key in ("front-desk", "door-here"):
            assert OTHER not in response.text
        return response.status_code in (401, 403)

    mine, others = "?store_id=gym_demo", f"?store_id={OTHER}"
    assert client.get(address(path, events["gym_demo"])).status_code == (200 if decision == OPEN else 401)
    assert not refuses("head-office")
    assert refuses("all-reader") == (decision == WRITERS)
    assert refuses("door-screen") == (decision not in (OPEN, FIGURES))
    assert refuses("door-here", query=mine) == (decision not in (OPEN, FIGURES))
    assert refuses("front-desk", query=mine) == (decision in (ALL_STORES, WRITERS))
    if decision != OPEN:
        assert refuses("front-desk", of=OTHER, query=others)
        assert refuses("door-here", query=others)
    if decision in (FIGURES, BY_STORE):
        assert refuses("front-desk")
        assert refuses("front-desk", query=f"{mine}&store_id={OTHER}")
        assert refuses("front-desk", query=f"{mine},{OTHER}")


def test_only_keys_that_may_write_change_anything(scene: tuple[TestClient, dict[str, Event]]) -> None:
    client, events = scene
    for path, methods in operations(client).items():
        for method in methods.keys() - {"get"}:
            where = address(path, events["gym_demo"]) + "?store_id=gym_demo"
            for key in ("all-reader", "front-desk", "door-screen", "door-here"):
                assert client.request(method, where, headers=bearer(key)).status_code == 403, (method, path)


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
    if why_not_of_store("/events", query, "gym_demo") is None:
        assert QueryParams(text + ("&store_id=gym_demo" if hidden else "")).getlist("store_id") == ["gym_demo"]
