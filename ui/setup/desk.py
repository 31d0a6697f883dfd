"""The zones of one camera on the desk of whoever changes them: values, and the steps from one to the next. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from backend_api.contract.cameras import MachineSetup
from backend_api.contract.values import Name
from backend_api.contract.zones import Point, area, zone_problem

Machines = tuple[MachineSetup, ...]
Source = Literal["picture", "table", "page"]

_NAME: TypeAdapter[str] = TypeAdapter(Name)
_NAME_CHARACTERS = 100
# A square of 4.5 % of the picture's width and height: smaller than what feet cover near a camera.
_SMALL_AREA = 0.002


@dataclass(frozen=True, slots=True)
class Work:
    """What is under way for one machine: its corners so far, whether a click adds one, and what is typed."""

    corners: tuple[Point, ...] = ()
    is_open: bool = True
    name: str = ""
    machine_id: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """`machines` as they are by now, those that the edge has (`origin`), and the works under way, by machine_id.

    `chosen` is whom the next step is about: None is a machine that is still to come. `picture` and `table` count the
    changes that these two do not know of because they came from elsewhere; `seed` is what the table began with.
    """

    machines: Machines
    origin: Machines
    chosen: str | None = None
    works: Mapping[str | None, Work] = field(default_factory=dict)
    picture: int = 0
    table: int = 0
    seed: tuple[Point, ...] = ()

    @property
    def machine(self) -> MachineSetup | None:
        """The machine that is chosen; None for a new one."""
        return next((machine for machine in self.machines if machine.machine_id == self.chosen), None)

    @property
    def work(self) -> Work:
        """What is under way for the chosen machine."""
        if (work := self.works.get(self.chosen)) is not None:
            return work
        machine = self.machine
        return Work(machine.zone, False, machine.name, machine.machine_id) if machine else Work()

    @property
    def is_changed(self) -> bool:
        """Whether the machines are others than those that the edge has."""
        return self.machines != self.origin

    @property
    def is_untouched(self) -> bool:
        """Whether nothing would be lost by beginning again."""
        return not self.is_changed and not self.works


def begin(machines: Machines) -> Desk:
    """A desk with the machines that the edge has."""
    return Desk(machines, machines)


def caught_up(desk: Desk, machines: Machines) -> Desk:
    """The desk now that the edge has `machines`: begun again where nothing is lost by that."""
    if desk.is_untouched or (desk.machines == machines and not desk.works):
        return desk if desk.machines == desk.origin == machines else begun_again(desk, machines)
    return desk


def begun_again(desk: Desk, machines: Machines) -> Desk:
    """A desk with the machines that the edge has; what was done on `desk` is given up."""
    return _told(replace(begin(machines), picture=desk.picture, table=desk.table), "page")


def reseeded(desk: Desk) -> Desk:
    """The table begins anew, with the corners that there are."""
    return replace(desk, table=desk.table + 1, seed=desk.work.corners)


def choose(desk: Desk, machine_id: str | None) -> Desk:
    """Turn to another machine; what is under way stays on the desk."""
    return _told(replace(desk, chosen=machine_id), "page")


def with_corners(desk: Desk, corners: tuple[Point, ...], *, is_open: bool, source: Source) -> Desk:
    """The chosen machine's corners are now these, and came from `source`."""
    return _told(_with_work(desk, replace(desk.work, corners=corners, is_open=is_open)), source)


def with_words(desk: Desk, *, name: str, machine_id: str) -> Desk:
    """What is typed for the chosen machine."""
    work = replace(desk.work, name=name, machine_id=machine_id)
    return desk if work == desk.work else _with_work(desk, work)


def without_last_corner(desk: Desk) -> Desk:
    """One corner less, and open for another."""
    return with_corners(desk, desk.work.corners[:-1], is_open=True, source="page")


def without_corners(desk: Desk) -> Desk:
    """The zone is drawn anew."""
    return with_corners(desk, (), is_open=True, source="page")


def closed(desk: Desk) -> Desk:
    """A click adds no further corner."""
    return with_corners(desk, desk.work.corners, is_open=False, source="page")


def kept(desk: Desk) -> Desk:
    """The work becomes the machine, in its place or as a new one at the end; there must be no `obstacles`."""
    work = desk.work
    machine = MachineSetup(machine_id=id_of(desk), name=work.name.strip(), zone=work.corners)
    known = desk.machine
    machines = tuple(machine if other is known else other for other in desk.machines)
    desk = replace(desk, machines=machines if known else (*machines, machine))
    return _told(_without_work(desk), "page")


def dropped(desk: Desk) -> Desk:
    """What is under way for the chosen machine is given up."""
    return _told(_without_work(desk), "page")


def deleted(desk: Desk) -> Desk:
    """The chosen machine is no longer there."""
    machines = tuple(machine for machine in desk.machines if machine is not desk.machine)
    return choose(replace(_without_work(desk), machines=machines), None)


def id_of(desk: Desk) -> str:
    """The chosen machine's id: its own, or for a new one what is typed, or else what its name suggests."""
    return desk.chosen or desk.work.machine_id.strip() or suggested_id(desk.work.name)


def suggested_id(name: str) -> str:
    """An id that a name leads to, e.g. `leg_press_2` for `Leg press 2`; empty when it has no letters for one."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:64]


def obstacles(desk: Desk) -> list[str]:
    """What keeps the work from becoming a machine, each with its cure; nothing when it can."""
    work = desk.work
    who = work.name.strip() or "The zone"
    found = [] if work.name.strip() else ["Give the machine a name."]
    if len(work.name.strip()) > _NAME_CHARACTERS:
        found.append(f"The name has {len(work.name.strip())} characters; use at most {_NAME_CHARACTERS}.")
    if desk.chosen is None and work.name.strip():
        found += _id_problems(desk, id_of(desk))
    if problem := zone_problem(work.corners):
        found.append(f"{who} {problem}.")
    return found


def _id_problems(desk: Desk, machine_id: str) -> list[str]:
    try:
        _NAME.validate_python(machine_id)
    except ValidationError:
        return [
            f"{machine_id!r} is no id; use at most 64 letters (a to z), digits, '_', '-' or '.', "
            "a letter or digit first."
        ]
    taken = [machine.name for machine in desk.machines if machine.machine_id == machine_id]
    return [f"{machine_id} is the id of {taken[0]} already; give another one."] if taken else []


def small_zone(desk: Desk) -> str | None:
    """A warning about a zone that is allowed, but hardly meant."""
    work = desk.work
    share = area(work.corners)
    if zone_problem(work.corners) or share >= _SMALL_AREA:
        return None
    who = work.name.strip() or "The zone"
    return f"{who} covers {share:.2%} of the picture. Is it large enough for somebody's feet?".replace("%", " %")


def _with_work(desk: Desk, work: Work) -> Desk:
    return replace(desk, works={**desk.works, desk.chosen: work})


def _without_work(desk: Desk) -> Desk:
    return replace(desk, works={chosen: work for chosen, work in desk.works.items() if chosen != desk.chosen})


def _told(desk: Desk, source: Source) -> Desk:
    """Let picture and table know of a change, unless it came from them."""
    desk = desk if source == "picture" else replace(desk, picture=desk.picture + 1)
    return desk if source == "table" else reseeded(desk)
