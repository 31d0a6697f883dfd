"""A row a machine, in the order of their names; the file holds what the backend says."""

import csv
import io
from datetime import timedelta

from backend_api.contract.stats import Hours, Stats, Unit
from backend_api.contract.values import MachineKey
from tests.ui.made_up import NOON, make_figures, make_machine_figures
from ui.widgets.machine_table import machine_csv, machine_rows

BIKE, ROWER = MachineKey("gym", "cam", "bike"), MachineKey("gym", "cam", "rower")
NAMES = {ROWER: "Rower", BIKE: "=Bike, the 1st", MachineKey("gym", "cam", "new"): "Never used"}
FOUND = Stats(
    since=NOON,
    until=NOON + timedelta(days=1),
    tz="Europe/Berlin",
    by=Unit.DAY,
    hours=Hours.OPEN,
    total=make_figures(),
    peak_hour=None,
    machines=[
        make_machine_figures(BIKE, windows_closed=4, windows_cleaned=3, compliance=0.75, occupied_s=5400.0),
        make_machine_figures(ROWER),
    ],
    stores=[],
    cameras=[],
    sources=[],
    kinds=[],
    buckets=[],
)


def test_the_table_keeps_to_the_names_and_has_no_zero_for_nothing() -> None:
    assert machine_rows(FOUND, NAMES, ["compliance", "windows_closed", "occupied_s"]) == [
        {"Machine": "Rower", "Compliance": None, "Windows closed": 0, "Time in use": 0.0},
        {"Machine": "=Bike, the 1st", "Compliance": 75.0, "Windows closed": 4, "Time in use": 1.5},
    ]


def test_the_file_is_read_back_as_it_was_and_no_cell_is_a_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(machine_csv(FOUND, NAMES), newline="")))
    assert [row["name"] for row in rows] == ["Rower", "'=Bike, the 1st"]
    assert (rows[1]["machine_id"], rows[1]["compliance"], rows[1]["occupied_s"]) == ("bike", "0.75", "5400.0")
    assert rows[0]["compliance"] == ""
    assert (rows[0]["since"], rows[0]["tz"]) == ("2026-01-31T12:00:00.000Z", "Europe/Berlin")
