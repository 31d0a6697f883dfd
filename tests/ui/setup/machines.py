"""Machines and their zones for tests of the page Setup."""

from hypothesis import strategies as st

from backend_api.contract.cameras import MachineSetup
from tests.zones import SQUARE, star_shaped

TRIANGLE = ((0.1, 0.1), (0.4, 0.1), (0.1, 0.4))


def make_machine(machine_id: str = "bike_01", name: str = "Bike 1") -> MachineSetup:
    return MachineSetup(machine_id=machine_id, name=name, zone=SQUARE)


BIKE = make_machine()
ROWER = make_machine("rower_01", "Rower by the door")

machine_ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", fullmatch=True)
machine_names = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=100)
machines = st.lists(
    st.builds(MachineSetup, machine_id=machine_ids, name=machine_names, zone=star_shaped()),
    min_size=1,
    max_size=5,
    unique_by=lambda machine: machine.machine_id,
).map(tuple)
