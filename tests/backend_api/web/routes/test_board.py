"""GET /board in a chain: of one gym it is the gym's, of too many machines it is refused with the cure."""

from uuid import UUID

from fastapi.testclient import TestClient

from backend_api.contract.events import EventType
from backend_api.contract.values import MAX_PAGE_ITEMS
from backend_api.store.store import Store
from tests.backend_api.events import make_event


def add_machine(store: Store, store_id: str, number: int) -> None:
    names = {"store_id": store_id, "machine_id": f"bike_{number:03d}", "session_id": UUID(int=number + 1)}
    store.events.add([make_event(event_type=EventType.MACHINE_OCCUPIED_START, **names)])


def test_a_board_of_too_many_machines_is_refused_and_one_gyms_is_not(client: TestClient, store: Store) -> None:
    for number in range(MAX_PAGE_ITEMS):
        add_machine(store, "large", number)
    assert len(client.get("/board").json()["machines"]) == MAX_PAGE_ITEMS
    add_machine(store, "small", MAX_PAGE_ITEMS)
    refused = client.get("/board")
    assert refused.status_code == 422
    assert "at most 500 machines: ask with store_id" in refused.text
    for store_id, expected in (("large", MAX_PAGE_ITEMS), ("small", 1)):
        assert len(client.get("/board", params={"store_id": store_id}).json()["machines"]) == expected
