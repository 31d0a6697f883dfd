"""Figures by machine: a table of some of them, and a CSV file of all."""

import csv
import io
from collections.abc import Mapping, Sequence

import streamlit as st

from backend_api.contract.stats import MachineFigures, Stats
from backend_api.contract.values import MachineKey, format_timestamp
from ui.text.machine_names import key_of
from ui.text.meanings import FIGURE_WORDS, meaning
from ui.widgets.figure_cards import NO_FIGURE
from ui.widgets.sources import detectors_of

# How a field is shown, and what it is multiplied with for that; counts are shown as they are.
_UNITS = {
    "compliance": ("%.0f %%", 100),
    "utilisation": ("%.1f %%", 100),
    "median_to_clean_s": ("%.0f s", 1),
    "median_stay_s": ("%.1f min", 1 / 60),
    "occupied_s": ("%.1f h", 1 / 3600),
    "observed_s": ("%.1f h", 1 / 3600),
}
# What a spreadsheet takes for the beginning of a formula (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001


def show_machines(found: Stats, names: Mapping[MachineKey, str], fields: Sequence[str], what: str) -> None:
    """Draw `fields` of Figures in the order of `names`, and the button for the CSV, whose name says `what`."""
    columns = {
        FIGURE_WORDS[field]: st.column_config.NumberColumn(
            format=_UNITS[field][0] if field in _UNITS else None, help=meaning(field)
        )
        for field in fields
    }
    st.dataframe(
        machine_rows(found, names, fields),
        hide_index=True,
        column_config=columns,
        placeholder=NO_FIGURE,
        key="machines",
        alt=f"Figures of {what} by machine",
    )
    st.download_button(
        "Download CSV",
        machine_csv(found, names),
        file_name=f"{what}-{found.since:%Y%m%dT%H%MZ}-{found.until:%Y%m%dT%H%MZ}.csv",
        mime="text/csv",
        on_click="ignore",
        key="csv",
    )


def machine_rows(found: Stats, names: Mapping[MachineKey, str], fields: Sequence[str]) -> list[dict[str, object]]:
    """The table's rows; a figure that does not exist is None, never 0."""
    names = _all_names(found, names)
    return [
        {"Machine": names[key_of(machine)]} | {FIGURE_WORDS[field]: _shown(machine, field) for field in fields}
        for machine in _in_order(found, names)
    ]


def machine_csv(found: Stats, names: Mapping[MachineKey, str]) -> str:
    """The contract's own figures of each machine, with its name and the interval; one that does not exist is empty."""
    names = _all_names(found, names)
    interval = {"since": format_timestamp(found.since), "until": format_timestamp(found.until), "tz": found.tz}
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, ["name", *MachineFigures.model_fields, "detectors", *interval])
    table.writeheader()
    for machine in _in_order(found, names):
        here = (machine.store_id, machine.camera_id)
        detectors = detectors_of(each for each in found.sources if (each.store_id, each.camera_id) == here)
        row = {"name": names[key_of(machine)], **machine.model_dump(), "detectors": detectors, **interval}
        table.writerow({field: csv_cell(value) for field, value in row.items()})
    return text.getvalue()


def _in_order(found: Stats, names: Mapping[MachineKey, str]) -> list[MachineFigures]:
    by_place = {key_of(machine): machine for machine in found.machines}
    return [by_place[place] for place in names if place in by_place]


def _all_names(found: Stats, names: Mapping[MachineKey, str]) -> Mapping[MachineKey, str]:
    """`names`, and the ids of machines that are no longer listed, as those of a forgotten camera."""
    gone = {key_of(machine): machine.machine_id for machine in found.machines if key_of(machine) not in names}
    return {**names, **{place: f"{name} (no longer listed)" for place, name in sorted(gone.items())}}


def _shown(machine: MachineFigures, field: str) -> float | None:
    value: float | None = getattr(machine, field)
    return value if value is None or field not in _UNITS else value * _UNITS[field][1]


def csv_cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
