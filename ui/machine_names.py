"""Machines by the names that people gave them, told apart where several bear the same. Pure."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from backend_api.contract_sessions import Machine, Session
from backend_api.contract_stats import MachineFigures


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Which machine; names of cameras and machines differ within a store alone."""

    store_id: str
    camera_id: str
    machine_id: str


def place_of(value: Machine | MachineFigures | Session) -> Place:
    """The machine that `value` is of."""
    return Place(value.store_id, value.camera_id, value.machine_id)


def tell_apart(names: Mapping[Place, str]) -> dict[Place, str]:
    """The names, each with as much of camera, store and machine id behind it as it takes to differ from all others."""
    found = dict(names)
    for behind in _BEHIND:
        counts = Counter(found.values())
        found |= {place: f"{names[place]} ({behind(place)})" for place, name in found.items() if counts[name] > 1}
    return found


_BEHIND: tuple[Callable[[Place], str], ...] = (
    lambda place: place.camera_id,
    lambda place: f"{place.store_id}, {place.camera_id}",
    lambda place: f"{place.store_id}, {place.camera_id}, {place.machine_id}",
)
