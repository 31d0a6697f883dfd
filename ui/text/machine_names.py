"""Machines by the names that people gave them, told apart where several bear the same. Pure."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from backend_api.contract.sessions import Machine, Session
from backend_api.contract.stats import MachineFigures
from backend_api.contract.values import MachineKey


def key_of(value: Machine | MachineFigures | Session) -> MachineKey:
    """The machine that `value` is of."""
    return MachineKey(value.store_id, value.camera_id, value.machine_id)


def names_of(machines: Iterable[Machine]) -> dict[MachineKey, str]:
    """Each machine's name, told apart, in the order in which people look for them."""
    names = tell_apart({key_of(machine): machine.name for machine in machines})
    return dict(sorted(names.items(), key=lambda item: (natural(item[1]), item[0])))


def tell_apart(names: Mapping[MachineKey, str]) -> dict[MachineKey, str]:
    """The names, each with as much of camera, store and machine id behind it as it takes to differ from all others."""
    found = dict(names)
    for behind in _BEHIND:
        counts = Counter(found.values())
        found |= {place: f"{names[place]} ({behind(place)})" for place, name in found.items() if counts[name] > 1}
    return found


def natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts names as people do: `Bike 2` before `Bike 10`."""
    parts = _DIGITS.split(name.casefold())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


_DIGITS = re.compile(r"(\d+)")
_BEHIND: tuple[Callable[[MachineKey], str], ...] = (
    lambda place: place.camera_id,
    lambda place: f"{place.store_id}, {place.camera_id}",
    lambda place: f"{place.store_id}, {place.camera_id}, {place.machine_id}",
)
