"""Versions of zones: one wish at a time, drawn on the newest, and what edges say of it."""

import pytest

from backend_api.contract.cameras import MachineSetup
from backend_api.contract.zone_versions import BY_THE_FILE, MAX_VERSIONS, ZoneChange, ZoneRefusal, ZoneSet, ZoneStatus
from backend_api.store.store import Store
from backend_api.store.zone_versions import Outdated

PLACE = ("gym_demo", "cam_01")

pytestmark = pytest.mark.both_databases


def zones(left: float) -> ZoneSet:
    corners = ((left, 0.1), (0.9, 0.1), (0.5, 0.9))
    return ZoneSet(machines=(MachineSetup(machine_id="bike_01", name="Bike", zone=corners),), areas=(corners,))


def told(store: Store) -> list[tuple[str, ZoneStatus, ZoneSet]]:
    return [(version.who, version.status, version.zones) for version in store.zone_versions.history(*PLACE)]


def ask(store: Store, drawn_on: int, left: float, who: str = "ann") -> None:
    store.zone_versions.ask(*PLACE, drawn_on, ZoneChange(zones=zones(left), who=who))


def number(store: Store) -> int:
    newest = store.zone_versions.newest(*PLACE)
    return newest.version if newest else 0


def test_what_the_edge_uses_is_a_version_once(store: Store) -> None:
    for left in (0.1, 0.1, 0.2, 0.2):
        store.zone_versions.note_in_use(*PLACE, zones(left))
    assert told(store) == [
        (BY_THE_FILE, ZoneStatus.TAKEN, zones(0.2)),
        (BY_THE_FILE, ZoneStatus.TAKEN, zones(0.1)),
    ]
    assert store.zone_versions.newest("gym_demo", "cam_02") is None


def test_a_wish_waits_until_the_edge_uses_it(store: Store) -> None:
    store.zone_versions.note_in_use(*PLACE, zones(0.1))
    ask(store, number(store), 0.2)
    store.zone_versions.note_in_use(*PLACE, zones(0.1))
    assert told(store)[0] == ("ann", ZoneStatus.WANTED, zones(0.2))
    store.zone_versions.note_in_use(*PLACE, zones(0.2))
    assert told(store) == [("ann", ZoneStatus.TAKEN, zones(0.2)), (BY_THE_FILE, ZoneStatus.TAKEN, zones(0.1))]


def test_of_two_editors_the_slower_one_is_told(store: Store) -> None:
    store.zone_versions.note_in_use(*PLACE, zones(0.1))
    seen = number(store)
    ask(store, seen, 0.2, "ann")
    with pytest.raises(Outdated):
        ask(store, seen, 0.3, "bob")
    assert told(store)[0] == ("ann", ZoneStatus.WANTED, zones(0.2))
    ask(store, number(store), 0.3, "bob")
    assert [(who, status) for who, status, _ in told(store)[:2]] == [
        ("bob", ZoneStatus.WANTED),
        ("ann", ZoneStatus.REPLACED),
    ]


def test_a_refusal_is_kept_and_what_is_still_used_is_no_new_version(store: Store) -> None:
    store.zone_versions.note_in_use(*PLACE, zones(0.1))
    ask(store, number(store), 0.2)
    refusal = ZoneRefusal(version=number(store), problem="the disk is full")
    assert store.zone_versions.refuse(*PLACE, refusal)
    assert not store.zone_versions.refuse(*PLACE, refusal)
    store.zone_versions.note_in_use(*PLACE, zones(0.1))
    assert [status for _, status, _ in told(store)] == [ZoneStatus.REFUSED, ZoneStatus.TAKEN]
    newest = store.zone_versions.newest(*PLACE)
    assert newest is not None
    assert newest.problem == "the disk is full"
    ask(store, newest.version, 0.3)
    assert told(store)[0][1] is ZoneStatus.WANTED


def test_a_file_that_changed_while_a_wish_was_refused_is_a_version(store: Store) -> None:
    store.zone_versions.note_in_use(*PLACE, zones(0.1))
    ask(store, number(store), 0.2)
    store.zone_versions.refuse(*PLACE, ZoneRefusal(version=number(store), problem="changed"))
    store.zone_versions.note_in_use(*PLACE, zones(0.4))
    assert told(store)[0] == (BY_THE_FILE, ZoneStatus.TAKEN, zones(0.4))


def test_what_the_edge_has_already_is_no_wish(store: Store) -> None:
    store.zone_versions.note_in_use(*PLACE, zones(0.1))
    ask(store, number(store), 0.1)
    assert len(told(store)) == 1


def test_the_first_wish_is_drawn_on_nothing_and_old_versions_go(store: Store) -> None:
    with pytest.raises(Outdated):
        ask(store, 7, 0.2)
    ask(store, 0, 0.2)
    for step in range(MAX_VERSIONS + 5):
        ask(store, number(store), 0.2 + step / 1000, f"ann {step}")
    assert len(told(store)) == MAX_VERSIONS
    assert told(store)[-1][0] == "ann 5"
