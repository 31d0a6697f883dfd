"""Versions of a camera's zones: which there were, which its edge uses, and which it is asked to take."""

from enum import StrEnum

from pydantic import Field, field_validator

from backend_api.contract.cameras import MAX_MACHINES, MachineSetup
from backend_api.contract.values import NO_NUL, Count, Name, Timestamp, Value, Who, Zone
from backend_api.contract.zones import zone_problem

MAX_AREAS = 50
MAX_VERSIONS = 50
"""So many of a camera are kept, and told."""
BY_THE_FILE = "the file of its edge"
"""Whose version it is when somebody changed the file on the edge's computer."""


class ZoneSet(Value):
    """All that is drawn in a camera's picture: its machines, and the areas that are black."""

    machines: tuple[MachineSetup, ...] = Field(min_length=1, max_length=MAX_MACHINES)
    areas: tuple[Zone, ...] = Field(default=(), max_length=MAX_AREAS)

    @field_validator("machines")
    @classmethod
    def _check_machines(cls, machines: tuple[MachineSetup, ...]) -> tuple[MachineSetup, ...]:
        seen: set[str] = set()
        for machine in machines:
            if machine.machine_id in seen:
                raise ValueError(f"{machine.machine_id} is the id of several machines; give each its own")
            seen.add(machine.machine_id)
            _check_zone(machine.zone)
        return machines

    @field_validator("areas")
    @classmethod
    def _check_areas(cls, areas: tuple[Zone, ...]) -> tuple[Zone, ...]:
        for area in areas:
            _check_zone(area)
        return areas


class ZoneChange(Value):
    """The zones that a person wants a camera's edge to watch from now on."""

    zones: ZoneSet
    who: Who = "anonymous"


class ZoneStatus(StrEnum):
    """The state of a version: its edge is yet to take it, took it, refused it, or another came first."""

    WANTED = "wanted"
    TAKEN = "taken"
    REFUSED = "refused"
    REPLACED = "replaced"


class ZoneVersion(Value):
    """A version of a camera's zones; versions are counted from 1 on, over all cameras."""

    version: Count
    store_id: Name
    camera_id: Name
    at: Timestamp
    who: str = Field(description="The person who drew it.")
    zones: ZoneSet
    status: ZoneStatus
    problem: str | None = Field(description="Why its edge refused it.")


class ZoneHistory(Value):
    """A camera's versions, the newest first; the last MAX_VERSIONS."""

    items: list[ZoneVersion]


class ZoneRefusal(Value):
    """An edge's word that it cannot take a version."""

    version: Count
    problem: str = Field(min_length=1, max_length=500, pattern=NO_NUL)


def _check_zone(zone: Zone) -> None:
    if problem := zone_problem(zone):
        raise ValueError(f"a zone {problem}")
