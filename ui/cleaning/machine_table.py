"""Cleaning by machine: a table, and the same figures as a CSV file."""

import csv
import io
from collections.abc import Mapping

import streamlit as st

from backend_api.contract_stats import MachineFigures, Stats
from backend_api.contract_types import format_timestamp
from ui.cleaning.breakdown import KINDS
from ui.machine_names import Place, place_of
from ui.meanings import FIGURE_WORDS, meaning

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001


def show_machines(found: Stats, names: Mapping[Place, str]) -> None:
    """Draw the table in the order of `names`, and the button that downloads the CSV."""
    rows = machine_rows(found, names)
    formats = {"compliance": "%.0f %%", "median_to_clean_s": "%.0f s"}
    columns = {
        FIGURE_WORDS[field]: st.column_config.NumberColumn(format=formats.get(field), help=meaning(field))
        for field in ("compliance", "windows_closed", *KINDS, "median_to_clean_s")
    }
    st.dataframe(rows, hide_index=True, column_config=columns, key="machines", alt="Cleaning by machine")
    st.download_button(
        "Download CSV",
        machine_csv(found, names),
        file_name=f"cleaning-{found.since:%Y%m%dT%H%MZ}-{found.until:%Y%m%dT%H%MZ}.csv",
        mime="text/csv",
        on_click="ignore",
        key="csv",
    )


def machine_rows(found: Stats, names: Mapping[Place, str]) -> list[dict[str, object]]:
    """The table's rows in the order of `names`; a figure that does not exist is None, never 0."""
    by_place = {place_of(machine): machine for machine in found.machines}
    known = [by_place[place] for place in names if place in by_place]
    return [
        {
            "Machine": names[place_of(machine)],
            FIGURE_WORDS["compliance"]: None if machine.compliance is None else 100 * machine.compliance,
            FIGURE_WORDS["windows_closed"]: machine.windows_closed,
            **{FIGURE_WORDS[kind]: getattr(machine, kind) for kind in KINDS},
            FIGURE_WORDS["median_to_clean_s"]: machine.median_to_clean_s,
        }
        for machine in known
    ]


def machine_csv(found: Stats, names: Mapping[Place, str]) -> str:
    """The contract's own figures of each machine, with its name and the span; one that does not exist is empty."""
    span = {"since": format_timestamp(found.since), "until": format_timestamp(found.until), "tz": found.tz}
    by_place = {place_of(machine): machine for machine in found.machines}
    rows = [{"name": names[place], **by_place[place].model_dump(), **span} for place in names if place in by_place]
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, ["name", *MachineFigures.model_fields, *span])
    table.writeheader()
    table.writerows({field: _cell(value) for field, value in row.items()} for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula (https://owasp.org/www-community/attacks/CSV_Injection)."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
