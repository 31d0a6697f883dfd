"""Stores are described by people, and listed with all that is known otherwise."""

from fastapi.testclient import TestClient

from backend_api.contract.cameras import CameraReport, CameraSetup
from backend_api.contract.stores import StoreList, StoreSettings, StoreState
from backend_api.store.store import Store
from tests.backend_api.api import JSON, fields, problem
from tests.backend_api.contract.test_bounds import REPORT
from tests.backend_api.reports.test_sessions import make_session
from tests.fake_clock import FakeClock

SETTINGS = StoreSettings.model_validate(
    {
        "name": "Am Markt",
        "tz": "Europe/Berlin",
        "hours": {"friday": [{"opens": "22:00", "closes": "02:00"}]},
        "special_days": [{"on": "2026-12-24", "openings": []}],
    }
)


def stores(client: TestClient) -> list[StoreState]:
    return StoreList.model_validate_json(client.get("/stores").content).items


def test_a_store_is_described_again_and_again(client: TestClient, clock: FakeClock) -> None:
    assert stores(client) == []
    first = client.put("/stores/gym_1", content=SETTINGS.model_dump_json(), headers=JSON)
    assert first.status_code == 200, first.text
    clock.advance(5)
    content = '{"name": "Bahnhof", "tz": "UTC"}'
    second = StoreState.model_validate_json(client.put("/stores/gym_1", content=content, headers=JSON).content)
    assert stores(client) == [second]
    assert second.settings == StoreSettings(name="Bahnhof", tz="UTC")
    assert second.changed_at == clock.now()
    assert client.get("/stores", headers={"If-None-Match": client.get("/stores").headers["etag"]}).status_code == 304


def test_stores_of_events_and_cameras_are_listed_too(client: TestClient, store: Store) -> None:
    store.events.add(make_session(1, store_id="of_events"))
    store.setups.keep("cam", CameraSetup(store_id="of_cameras", machines=(), config=None))
    client.put("/stores/described", content=SETTINGS.model_dump_json(), headers=JSON)
    found = {state.store_id: state.settings for state in stores(client)}
    assert found == {"described": SETTINGS, "of_cameras": None, "of_events": None}


def test_a_store_is_listed_with_the_first_report_of_its_camera(client: TestClient, store: Store) -> None:
    store.cameras.report("cam_01", CameraReport.model_validate(REPORT | {"store_id": "new"}))
    assert [item["store_id"] for item in client.get("/stores").json()["items"]] == ["new"]


def test_a_mistake_is_named(client: TestClient) -> None:
    content = '{"name": "", "tz": "Mars", "hours": {"monday": [{"opens": "7", "closes": "24:01"}]}}'
    found = problem(client.put("/stores/gym", content=content, headers=JSON), 422)
    assert set(fields(found)) >= {"name", "tz"}
    assert "Mars" in found.detail
    problem(client.put("/stores/no name", content="{}", headers=JSON), 422)
    problem(client.put("/stores/gym", content="{}", headers={"Content-Type": "text/plain"}), 415)
