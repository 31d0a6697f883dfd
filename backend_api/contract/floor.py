"""The floor: what each camera sees, as its last picture and the zones in it."""

from pydantic import Field

from backend_api.contract.cameras import MAX_MACHINES, MachineSetup
from backend_api.contract.values import Name, Timestamp, Value, Zone


class FloorCamera(Value):
    """A camera's picture and what is drawn in it; the states of its machines are in the list of machines."""

    store_id: Name
    camera_id: Name
    machines: tuple[MachineSetup, ...] = Field(max_length=MAX_MACHINES)
    areas: tuple[Zone, ...] = Field(description="The areas of the picture that are always black.")
    still_at: Timestamp | None = Field(description="When its picture came; null without one.")
    still_url: str | None = Field(
        description="Where its picture is, relative to this server, and another for each picture. Where keys are "
        "used it is signed, and works without one until it expires."
    )
    keeps_pictures: bool
    gives_looks: bool


class Floor(Value):
    """A page of the cameras that have sent a setup, by store and name."""

    items: list[FloorCamera]
    next_cursor: str | None = Field(default=None, description="Where the next page begins; null on the last page.")
