"""Several gyms side by side: a table that sorts by each of its columns, and the same as a CSV file."""

import csv
import io
from collections.abc import Mapping

import streamlit as st

from backend_api.contract.stats import Stats, StoreFigures
from backend_api.contract.values import format_timestamp
from ui.widgets.figure_cards import NO_FIGURE
from ui.widgets.machine_table import csv_cell

_COLUMNS = {
    "Compliance": st.column_config.NumberColumn(format="%.0f %%", help="Windows cleaned ÷ windows closed."),
    "Windows closed": st.column_config.NumberColumn(format="%d"),
    "Share of time in use": st.column_config.NumberColumn(format="%.1f %%", help="Time in use ÷ time observed."),
    "Sessions": st.column_config.NumberColumn(format="%d"),
    "Minutes not watched": st.column_config.NumberColumn(
        format="%.0f", help="Opening hours up to now, times machines, without the time that was observed."
    ),
}


def show_stores(found: Stats, names: Mapping[str, str]) -> None:
    """Draw the gyms of `found`, which has several, and the button for the CSV."""
    st.header("Gyms side by side", anchor=False)
    st.dataframe(
        store_rows(found, names),
        hide_index=True,
        column_config=_COLUMNS,
        placeholder=NO_FIGURE,
        key="stores",
        alt="Figures of each gym",
    )
    st.download_button(
        "Download CSV of gyms",
        store_csv(found, names),
        file_name=f"gyms-{found.since:%Y%m%dT%H%MZ}-{found.until:%Y%m%dT%H%MZ}.csv",
        mime="text/csv",
        on_click="ignore",
        key="stores_csv",
    )


def store_rows(found: Stats, names: Mapping[str, str]) -> list[dict[str, object]]:
    """The table's rows, by name; a figure that does not exist is None, never 0."""
    rows: list[dict[str, object]] = [
        {
            "Gym": names.get(store.store_id, store.store_id),
            "Compliance": _percent(store.compliance),
            "Windows closed": store.windows_closed,
            "Share of time in use": _percent(store.utilisation),
            "Sessions": store.sessions,
            "Minutes not watched": store.unobserved_s / 60,
        }
        for store in found.stores
    ]
    return sorted(rows, key=lambda row: str(row["Gym"]).casefold())


def store_csv(found: Stats, names: Mapping[str, str]) -> str:
    """The contract's own figures of each store, with its name and the interval; one that does not exist is empty."""
    interval = {"since": format_timestamp(found.since), "until": format_timestamp(found.until), "hours": found.hours}
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, ["name", *StoreFigures.model_fields, *interval])
    table.writeheader()
    for store in found.stores:
        row = {"name": names.get(store.store_id, store.store_id), **store.model_dump(), **interval}
        table.writerow({field: csv_cell(value) for field, value in row.items()})
    return text.getvalue()


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
