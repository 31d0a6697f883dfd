"""The machines that are known: whatever sessions and setups come to, each has its name and its last session."""

from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend_api.checks.derived import check_derived
from backend_api.checks.finding import Kind
from backend_api.contract.cameras import CameraSetup
from backend_api.contract.events import Event, EventType
from backend_api.store.store import Store
from backend_api.store.uses.machines import setup_names
from tests.backend_api.events import make_event

pytestmark = pytest.mark.both_databases

ZONE = [[0, 0], [1, 0], [1, 1]]


def use(number: int, at_s: int, machine_id: str = "bike_1", **fields: object) -> Event:
    kind = EventType.MACHINE_OCCUPIED_START
    return make_event(event_type=kind, at_s=at_s, session_id=UUID(int=number), machine_id=machine_id, **fields)


def name(store: Store, names: dict[str, str]) -> None:
    machines = [{"machine_id": machine_id, "name": called, "zone": ZONE} for machine_id, called in names.items()]
    store.setups.keep(
        "cam_01", CameraSetup.model_validate({"store_id": "gym_demo", "machines": machines, "config": None})
    )


def known(store: Store) -> list[tuple[object, ...]]:
    """Each machine's id, the session that is its last, and its name; nothing differs from what is stored."""
    query = (
        "SELECT machines.machine_id, sessions.session_id, machines.name FROM machines "
        "LEFT JOIN sessions ON sessions.seq = machines.last_seq ORDER BY 1"
    )
    assert [finding for finding in check_derived(store.database) if finding.kind is Kind.DIFFERENT_MACHINE] == []
    with store.database.read() as connection:
        rows = connection.exec_driver_sql(query).all()
    return [(machine_id, session_id and UUID(session_id).int, called) for machine_id, session_id, called in rows]


def test_a_machine_has_its_latest_session_in_whatever_order_they_come(store: Store) -> None:
    store.events.add([use(1, 100), use(2, 300), use(3, 200)])
    assert known(store) == [("bike_1", 2, None)]
    store.events.add([use(4, 250), use(5, 400, "bike_2")])
    assert known(store) == [("bike_1", 2, None), ("bike_2", 5, None)]


def test_a_last_session_that_turns_out_to_have_begun_earlier_may_be_the_last_no_more(store: Store) -> None:
    end = make_event(event_type=EventType.MACHINE_OCCUPIED_END, at_s=500, session_id=UUID(int=2), machine_id="bike_1")
    store.events.add([use(1, 100), end])
    assert known(store) == [("bike_1", 2, None)]
    store.events.add([use(2, 50)])
    assert known(store) == [("bike_1", 1, None)]


def test_a_session_that_is_hidden_leaves_the_one_before_it_or_nothing(store: Store) -> None:
    first, last = use(1, 100), use(2, 200)
    store.events.add([first, last])
    store.hidden_events.hide(last.event_id, "absurd", "ann")
    assert known(store) == [("bike_1", 1, None)]
    store.hidden_events.hide(first.event_id, "absurd", "ann")
    assert known(store) == []
    store.hidden_events.show(last.event_id)
    assert known(store) == [("bike_1", 2, None)]


def test_the_last_setup_names_machines_and_takes_names_away(store: Store) -> None:
    name(store, {"bike_1": "Bike 1", "rower": "Rower"})
    store.events.add([use(1, 100)])
    assert known(store) == [("bike_1", 1, "Bike 1"), ("rower", None, "Rower")]
    name(store, {"bike_2": "Bike 2"})
    assert known(store) == [("bike_1", 1, None), ("bike_2", None, "Bike 2")]


CHANGE = st.one_of(
    st.tuples(st.just("use"), st.integers(1, 4), st.integers(0, 5), st.sampled_from(["bike_1", "bike_2"])),
    st.tuples(st.just("hide"), st.integers(0, 9), st.booleans()),
    st.tuples(
        st.just("name"), st.dictionaries(st.sampled_from(["bike_1", "bike_2", "rower"]), st.just("A"), max_size=3)
    ),
)


@pytest.mark.sqlite_alone
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(CHANGE, max_size=12))
def test_whatever_happens_they_are_what_sessions_and_setups_come_to(
    store: Store, changes: list[tuple[object, ...]]
) -> None:
    """One store for all examples: each goes on from what the others left."""
    events: list[Event] = []
    for change in changes:
        match change:
            case ("use", int(number), int(at_s), str(machine_id)):
                events.append(use(number, at_s, machine_id))
                store.events.add(events[-1:])
            case ("hide", int(number), bool(is_hidden)) if events:
                event_id = events[number % len(events)].event_id
                if is_hidden:
                    store.hidden_events.hide(event_id, "absurd", "ann")
                else:
                    store.hidden_events.show(event_id)
            case ("name", dict(names)):
                name(store, names)
    known(store)


DAMAGES = {
    "another session": "UPDATE machines SET last_seq = 1, last_ms = 0",
    "no session": "UPDATE machines SET last_seq = NULL",
    "another name": "UPDATE machines SET name = 'Nobody'",
    "a machine that is gone": "DELETE FROM machines",
    "a machine that nobody knows": "INSERT INTO machines (store_id, camera_id, machine_id) VALUES ('a', 'b', 'c')",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_differs_is_found_and_made_anew(store: Store, damage: str) -> None:
    name(store, {"bike_1": "Bike 1", "rower": "Rower"})
    store.events.add([use(1, 100), use(2, 200)])
    before = known(store)
    with store.database.write() as transaction:
        transaction.driver.execute(DAMAGES[damage])
    found = [finding for finding in check_derived(store.database) if finding.kind is Kind.DIFFERENT_MACHINE]
    assert found
    for finding in found:
        assert finding.repair is not None
        finding.repair()
        finding.repair()
    assert known(store) == before


@pytest.mark.parametrize(
    "body", [None, "[]", "{}", '{"machines": 5}', '{"machines": [7, {"machine_id": 1, "name": "A"}, {"name": "B"}]}']
)
def test_a_setup_of_another_release_names_what_it_can(body: str | None) -> None:
    assert setup_names(body) == {}
