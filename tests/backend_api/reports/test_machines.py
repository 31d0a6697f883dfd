"""A machine's state now follows from its last session, and from whether its camera is heard of."""

from uuid import UUID

import pytest

from backend_api.contract.cameras import CameraReport, CameraSetup
from backend_api.contract.events import Event, EventType
from backend_api.contract.queries import MachineQuery
from backend_api.contract.sessions import Machine, MachineState, Session
from backend_api.contract.verdicts import Verdict
from backend_api.reports.reports import Reports
from backend_api.store.store import Store
from tests.backend_api.events import START, make_event, make_result
from tests.backend_api.reports.test_sessions import make_session
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases


def machine(store: Store, name: str = "bike_1") -> Machine:
    [found] = Reports(store).machines(MachineQuery(machine_id=name)).items
    return found


def last(found: Machine) -> Session:
    assert found.session is not None
    return found.session


def judge(store: Store, verdict: Verdict) -> None:
    claim = store.enrichments.claim(60)
    assert claim is not None
    store.enrichments.finish(claim, make_result(verdict=verdict))


def report(store: Store, camera_id: str, **said: bool) -> None:
    counts = {"frames_captured": 1, "frames_processed": 1, "frames_skipped": 0, "outbox_depth": 0}
    known = {"store_id": "gym_demo", "media_time_s": 1.0, "version": "1", "started_at": START}
    store.cameras.report(camera_id, CameraReport.model_validate({**counts, **known, **said}))


def test_a_use_goes_through_all_states(store: Store, clock: FakeClock) -> None:
    start, end, window, attempt = make_session(1)
    clock.advance(10)
    store.events.add([start])
    assert (machine(store).state, machine(store).since) == (MachineState.IN_USE, start.ts)
    clock.advance(55)
    store.events.add([end, window])
    found = machine(store)
    assert (found.state, found.since) == (MachineState.TO_BE_CLEANED, window.ts)
    assert found.closes_at == last(found).window_closes_at
    clock.advance(20)
    store.events.add([attempt])
    assert machine(store).state is MachineState.TO_BE_CLEANED
    judge(store, Verdict.CLEANED)
    found = machine(store)
    assert (found.state, found.since, found.closes_at) == (MachineState.CLEANED, attempt.ts, None)
    store.events.add(make_session(1, at_s=100)[:1])
    assert machine(store).state is MachineState.IN_USE


@pytest.mark.parametrize("verdict", [Verdict.NOT_CLEANED, Verdict.CANNOT_TELL])
def test_a_window_that_closed_without_a_good_attempt_leaves_the_machine_free(
    store: Store, clock: FakeClock, verdict: Verdict
) -> None:
    store.events.add(make_session(1))
    judge(store, verdict)
    clock.advance(200)
    store.events.add([make_event(at_s=200, machine_id="bike_2")])
    found = machine(store)
    assert (found.state, found.since) == (MachineState.FREE, last(found).window_closes_at)


def test_a_machine_without_a_window_is_free_when_it_was_left(store: Store) -> None:
    start, end, *_ = make_session(1)
    store.events.add([start, end])
    assert (machine(store).state, machine(store).since) == (MachineState.FREE, end.ts)


def test_a_machine_is_unknown_while_its_camera_is_silent(store: Store, clock: FakeClock) -> None:
    store.events.add([make_session(1)[0], make_session(2, camera_id="cam_02")[0]])
    heard_at = clock.now()
    clock.advance(61)
    report(store, "cam_02")
    assert (machine(store).state, machine(store).since) == (MachineState.UNKNOWN, heard_at)
    assert machine(store, "bike_2").state is MachineState.IN_USE
    report(store, "cam_01")
    assert machine(store).state is MachineState.IN_USE


@pytest.mark.parametrize("said", [{"has_signal": False}, {"is_blind": True}])
def test_a_machine_is_unknown_while_its_camera_reports_but_does_not_watch(
    store: Store, clock: FakeClock, said: dict[str, bool]
) -> None:
    store.events.add([make_session(1)[0]])
    report(store, "cam_01")
    watched_at = clock.now()
    for _ in range(13):
        clock.advance(5)
        report(store, "cam_01", **said)
    assert (machine(store).state, machine(store).since) == (MachineState.UNKNOWN, watched_at)
    report(store, "cam_01")
    assert machine(store).state is MachineState.IN_USE


def test_machines_of_one_name_in_two_places_are_two(store: Store) -> None:
    places = [("gym_1", "cam_1"), ("gym_1", "cam_2"), ("gym_2", "cam_1")]
    events: list[Event] = []
    for store_id, camera_id in places:
        events += make_session(1, store_id=store_id, camera_id=camera_id)
        events += make_session(2, at_s=300, store_id=store_id, camera_id=camera_id)
        events.append(
            make_event(
                event_type=EventType.MACHINE_OCCUPIED_START,
                at_s=500,
                session_id=UUID(int=len(events)),
                machine_id="bike_2",
                store_id=store_id,
                camera_id=camera_id,
            )
        )
    store.events.add(events)
    found = Reports(store).machines(MachineQuery()).items
    names = [(item.store_id, item.camera_id, item.machine_id) for item in found]
    assert names == [(*place, name) for place in places for name in ("bike_1", "bike_2")]
    assert [item.state is MachineState.IN_USE for item in found] == [False, True] * 3
    assert len(Reports(store).machines(MachineQuery(store_id="gym_1")).items) == 4
    assert len(Reports(store).machines(MachineQuery(camera_id="cam_1", machine_id="bike_1")).items) == 2


def test_a_machine_that_nobody_has_used_is_free_while_its_camera_is_heard_of(store: Store, clock: FakeClock) -> None:
    zone = [[0, 0], [0.5, 0], [0.5, 0.5]]
    machines = [{"machine_id": f"bike_{n}", "name": f"Bike {n}", "zone": zone} for n in (2, 1)]
    store.setups.keep(
        "cam_01", CameraSetup.model_validate({"store_id": "gym_demo", "machines": machines, "config": None})
    )
    store.events.add(make_session(1)[:1])
    report(store, "cam_01")
    used, unused = Reports(store).machines(MachineQuery()).items
    assert (used.name, used.state, last(used).machine_name) == ("Bike 1", MachineState.IN_USE, "Bike 1")
    assert (unused.name, unused.state, unused.since, unused.session) == ("Bike 2", MachineState.FREE, None, None)
    assert machine(store, "bike_2") == unused
    heard_at = clock.now()
    clock.advance(61)
    assert (machine(store, "bike_2").state, machine(store, "bike_2").since) == (MachineState.UNKNOWN, heard_at)


def test_a_camera_that_never_reported_leaves_its_machines_unknown(store: Store) -> None:
    machines = [{"machine_id": "bike_1", "name": "Bike", "zone": [[0, 0], [0.5, 0], [0.5, 0.5]]}]
    store.setups.keep("cam_01", CameraSetup.model_validate({"store_id": "a", "machines": machines, "config": None}))
    store.setups.keep("cam_01", CameraSetup.model_validate({"store_id": "b", "machines": machines, "config": None}))
    store.events.add(make_session(1, store_id="b")[:1])
    silent, heard = Reports(store).machines(MachineQuery()).items
    assert (silent.state, silent.since) == (MachineState.UNKNOWN, None)
    assert heard.state is MachineState.IN_USE
