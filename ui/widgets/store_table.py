"""Several gyms side by side: a table that sorts by each of its columns, and the same as a CSV file."""

import csv
import io
from collections.abc import Mapping, Sequence

import streamlit as st

from backend_api.contract.compliance import Compliance, Corrected, TooFewReviews
from backend_api.contract.stats import Stats, StoreFigures, SummedFigures
from backend_api.contract.values import format_timestamp
from ui.text.words import percent
from ui.widgets.figure_cards import NO_FIGURE
from ui.widgets.machine_table import csv_cell
from ui.widgets.sources import detectors_of

_COLUMNS = {
    "Compliance": st.column_config.NumberColumn(format="%.0f %%", help="Windows cleaned ÷ windows closed."),
    "Corrected": st.column_config.NumberColumn(
        format="%.0f %%",
        help="Compliance corrected for the model's mistakes by people's reviews, as if it errs equally often in every "
        "gym.",
    ),
    "Windows closed": st.column_config.NumberColumn(format="%d"),
    "Share of time in use": st.column_config.NumberColumn(format="%.1f %%", help="Time in use ÷ time observed."),
    "Sessions": st.column_config.NumberColumn(format="%d"),
    "Minutes not watched": st.column_config.NumberColumn(
        format="%.0f", help="Opening hours up to now, times machines, without the time that was observed."
    ),
}


def show_stores(found: Stats, corrected: Compliance, names: Mapping[str, str]) -> None:
    """Draw the gyms of `found`, which has several, with their `corrected` compliance, and the button for the CSV."""
    st.header("Gyms side by side", anchor=False)
    show_figures(store_rows(found, corrected, names), key="stores", alt="Figures of each gym")
    st.download_button(
        "Download CSV of gyms",
        store_csv(found, corrected, names),
        file_name=f"gyms-{found.since:%Y%m%dT%H%MZ}-{found.until:%Y%m%dT%H%MZ}.csv",
        mime="text/csv",
        on_click="ignore",
        key="stores_csv",
    )


def show_figures(rows: Sequence[Mapping[str, object]], *, key: str, alt: str) -> None:
    """Draw a table of `rows`, whose columns are some of those that gyms have."""
    st.dataframe(rows, hide_index=True, column_config=_COLUMNS, placeholder=NO_FIGURE, key=key, alt=alt)


def figure_cells(of: SummedFigures) -> dict[str, object]:
    """The cells of figures that add up, from compliance on; one that does not exist is None, never 0."""
    return {
        "Compliance": _percent(of.compliance),
        "Windows closed": of.windows_closed,
        "Share of time in use": _percent(of.utilisation),
        "Sessions": of.sessions,
        "Minutes not watched": of.unobserved_s / 60,
    }


def store_rows(found: Stats, corrected: Compliance, names: Mapping[str, str]) -> list[dict[str, object]]:
    """The table's rows, by name; a figure that does not exist is None, never 0."""
    of_store = {each.store_id: each.corrected for each in corrected.stores}
    rows: list[dict[str, object]] = [
        {
            "Gym": names.get(store.store_id, store.store_id),
            # Filled in below, by figure_cells: here it has its place.
            "Compliance": None,
            "Corrected": _percent(_value(of_store.get(store.store_id))),
            "95 % interval": _interval(of_store.get(store.store_id)),
            **figure_cells(store),
        }
        for store in found.stores
    ]
    return sorted(rows, key=lambda row: str(row["Gym"]).casefold())


def store_csv(found: Stats, corrected: Compliance, names: Mapping[str, str]) -> str:
    """The contract's own figures of each store, with its name and the interval; one that does not exist is empty."""
    interval = {"since": format_timestamp(found.since), "until": format_timestamp(found.until), "hours": found.hours}
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, ["name", *StoreFigures.model_fields, *_CORRECTED, "detectors", *interval])
    table.writeheader()
    of_store = {each.store_id: each.corrected for each in corrected.stores}
    for store in found.stores:
        detectors = detectors_of(each for each in found.sources if each.store_id == store.store_id)
        more = {**_corrected_cells(of_store.get(store.store_id)), "detectors": detectors, **interval}
        row = {"name": names.get(store.store_id, store.store_id), **store.model_dump(), **more}
        table.writerow({field: csv_cell(value) for field, value in row.items()})
    return text.getvalue()


_CORRECTED = ("compliance_corrected", "compliance_corrected_low", "compliance_corrected_high", "missing_reviews")


def _corrected_cells(figure: Corrected | None) -> dict[str, object]:
    if figure is None:
        return {}
    if isinstance(figure, TooFewReviews):
        return {"missing_reviews": figure.missing_reviews}
    return dict(zip(_CORRECTED, (figure.value, figure.low, figure.high), strict=False))


def _value(figure: Corrected | None) -> float | None:
    return None if figure is None or isinstance(figure, TooFewReviews) else figure.value


def _interval(figure: Corrected | None) -> str | None:
    if figure is None:
        return None
    if isinstance(figure, TooFewReviews):
        return "too few reviews to say"
    return f"{100 * figure.low:.0f} to {percent(figure.high)}"


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
