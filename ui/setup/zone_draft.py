"""The draft of one camera's zones: values, and the steps from one to the next. Pure."""

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
KIND_CHARACTERS = 40
# A square of 4.5 % of the picture's width and height: smaller than what feet cover near a camera.
_SMALL_AREA = 0.002


@dataclass(frozen=True, slots=True)
class Edit:
    """The unfinished edit of one machine: its corners so far, whether a click adds one, and the typed words."""

    corners: tuple[Point, ...] = ()
    is_open: bool = True
    name: str = ""
    machine_id: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class ZoneDraft:
    """`machines` as they are by now, those that the edge has (`origin`), and the edits under way, by machine_id.

    `chosen` is the machine that the next step concerns, None a new one. `picture` and `table` count the changes that
    came from elsewhere than these two; `seed` are the corners with which the table began.
    """

    machines: Machines
    origin: Machines
    chosen: str | None = None
    edits: Mapping[str | None, Edit] = field(default_factory=dict)
    picture: int = 0
    table: int = 0
    seed: tuple[Point, ...] = ()

    @property
    def machine(self) -> MachineSetup | None:
        """The machine that is chosen; None for a new one."""
        return next((machine for machine in self.machines if machine.machine_id == self.chosen), None)

    @property
    def edit(self) -> Edit:
        """The edit of the chosen machine."""
        if (edit := self.edits.get(self.chosen)) is not None:
            return edit
        machine = self.machine
        if machine is None:
            return Edit()
        return Edit(machine.zone, False, machine.name, machine.machine_id, machine.kind or "")

    @property
    def is_changed(self) -> bool:
        """Whether the machines are others than those that the edge has."""
        return self.machines != self.origin

    @property
    def is_untouched(self) -> bool:
        """Whether nothing would be lost by beginning again."""
        return not self.is_changed and not self.edits


def new_draft(machines: Machines) -> ZoneDraft:
    """A draft with the machines that the edge has."""
    return ZoneDraft(machines, machines)


def updated(draft: ZoneDraft, machines: Machines) -> ZoneDraft:
    """The draft now that the edge has `machines`: begun again where nothing is lost by that."""
    if draft.is_untouched or (draft.machines == machines and not draft.edits):
        return draft if draft.machines == draft.origin == machines else restarted(draft, machines)
    return draft


def restarted(draft: ZoneDraft, machines: Machines) -> ZoneDraft:
    """A draft with the machines that the edge has; what was done on `draft` is given up."""
    return _with_revision(replace(new_draft(machines), picture=draft.picture, table=draft.table), "page")


def with_machines(draft: ZoneDraft, machines: Machines) -> ZoneDraft:
    """A draft with these machines, such as those of an earlier time; edits under way are given up."""
    return _with_revision(replace(draft, machines=machines, chosen=None, edits={}), "page")


def reseeded(draft: ZoneDraft) -> ZoneDraft:
    """The table begins anew, with the corners that there are."""
    return replace(draft, table=draft.table + 1, seed=draft.edit.corners)


def choose(draft: ZoneDraft, machine_id: str | None) -> ZoneDraft:
    """Turn to another machine; edits stay in the draft."""
    return _with_revision(replace(draft, chosen=machine_id), "page")


def with_corners(draft: ZoneDraft, corners: tuple[Point, ...], *, is_open: bool, source: Source) -> ZoneDraft:
    """The chosen machine's corners are now these, and came from `source`."""
    return _with_revision(_with_edit(draft, replace(draft.edit, corners=corners, is_open=is_open)), source)


def with_words(draft: ZoneDraft, *, name: str, machine_id: str, kind: str | None = None) -> ZoneDraft:
    """The typed words of the chosen machine; its kind stays where none is given."""
    edit = draft.edit
    edit = replace(edit, name=name, machine_id=machine_id, kind=edit.kind if kind is None else kind)
    return draft if edit == draft.edit else _with_edit(draft, edit)


def without_last_corner(draft: ZoneDraft) -> ZoneDraft:
    """One corner less, and open for another."""
    return with_corners(draft, draft.edit.corners[:-1], is_open=True, source="page")


def without_corners(draft: ZoneDraft) -> ZoneDraft:
    """The zone is drawn anew."""
    return with_corners(draft, (), is_open=True, source="page")


def closed(draft: ZoneDraft) -> ZoneDraft:
    """A click adds no further corner."""
    return with_corners(draft, draft.edit.corners, is_open=False, source="page")


def saved(draft: ZoneDraft) -> ZoneDraft:
    """The edit becomes the machine, in its place or as a new one at the end; there must be no `obstacles`."""
    edit = draft.edit
    known = draft.machine
    kind = edit.kind.strip() or None
    machine = MachineSetup(machine_id=id_of(draft), name=edit.name.strip(), kind=kind, zone=edit.corners)
    machines = tuple(machine if other is known else other for other in draft.machines)
    draft = replace(draft, machines=machines if known else (*machines, machine))
    return _with_revision(_without_edit(draft), "page")


def discarded(draft: ZoneDraft) -> ZoneDraft:
    """The edit of the chosen machine is given up."""
    return _with_revision(_without_edit(draft), "page")


def deleted(draft: ZoneDraft) -> ZoneDraft:
    """The chosen machine is no longer there."""
    machines = tuple(machine for machine in draft.machines if machine is not draft.machine)
    return choose(replace(_without_edit(draft), machines=machines), None)


def known_kinds(draft: ZoneDraft) -> list[str]:
    """The kinds of the camera's machines, in order: who types one of them means the same."""
    return sorted({machine.kind for machine in draft.machines if machine.kind}, key=str.casefold)


def id_of(draft: ZoneDraft) -> str:
    """The chosen machine's id: its own, or for a new one what is typed, or else what its name suggests."""
    return draft.chosen or draft.edit.machine_id.strip() or suggested_id(draft.edit.name)


def suggested_id(name: str) -> str:
    """An id that a name leads to, e.g. `leg_press_2` for `Leg press 2`; empty when it has no letters for one."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:64]


def obstacles(draft: ZoneDraft) -> list[str]:
    """The obstacles to a machine from this edit, each with its cure; none when it can become one."""
    edit = draft.edit
    subject = edit.name.strip() or "The zone"
    found = [] if edit.name.strip() else ["Give the machine a name."]
    if len(edit.name.strip()) > _NAME_CHARACTERS:
        found.append(f"The name has {len(edit.name.strip())} characters; use at most {_NAME_CHARACTERS}.")
    if len(edit.kind.strip()) > KIND_CHARACTERS:
        found.append(f"The kind has {len(edit.kind.strip())} characters; use at most {KIND_CHARACTERS}.")
    if draft.chosen is None and edit.name.strip():
        found += _id_problems(draft, id_of(draft))
    if problem := zone_problem(edit.corners):
        found.append(f"{subject} {problem}.")
    return found


def _id_problems(draft: ZoneDraft, machine_id: str) -> list[str]:
    try:
        _NAME.validate_python(machine_id)
    except ValidationError:
        return [
            f"{machine_id!r} is no id; use at most 64 letters (a to z), digits, '_', '-' or '.', "
            "a letter or digit first."
        ]
    taken = [machine.name for machine in draft.machines if machine.machine_id == machine_id]
    return [f"{machine_id} is the id of {taken[0]} already; give another one."] if taken else []


def small_zone(draft: ZoneDraft) -> str | None:
    """A warning about a zone that is allowed, but hardly meant."""
    edit = draft.edit
    share = area(edit.corners)
    if zone_problem(edit.corners) or share >= _SMALL_AREA:
        return None
    subject = edit.name.strip() or "The zone"
    return f"{subject} covers {share:.2%} of the picture. Is it large enough for somebody's feet?".replace("%", " %")


def _with_edit(draft: ZoneDraft, edit: Edit) -> ZoneDraft:
    return replace(draft, edits={**draft.edits, draft.chosen: edit})


def _without_edit(draft: ZoneDraft) -> ZoneDraft:
    return replace(draft, edits={chosen: edit for chosen, edit in draft.edits.items() if chosen != draft.chosen})


def _with_revision(draft: ZoneDraft, source: Source) -> ZoneDraft:
    """Let picture and table know of a change, unless it came from them."""
    draft = draft if source == "picture" else replace(draft, picture=draft.picture + 1)
    return draft if source == "table" else reseeded(draft)
