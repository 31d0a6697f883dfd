"""How often a machine of each kind was free: what a gym plans its machines by."""

from collections.abc import Mapping

import streamlit as st

from backend_api.contract.stats import KindFigures, Stats
from ui.widgets.figure_cards import NO_FIGURE

_EXPLAINED = (
    "At peak, 40 to 60 % of a kind's machines free is right: below that people wait, above it there are too many "
    "machines. The share of time in use does not tell this."
)
_NO_KINDS = (
    "Say of which kind each machine is (`kind: treadmill` in the edge's configuration) to see here how often one was "
    "free."
)


def show_kinds(found: Stats, store_names: Mapping[str, str]) -> None:
    """Draw a row for each kind; where no machine is of one, how to say so."""
    if not found.kinds:
        st.markdown(_NO_KINDS)
        return
    st.dataframe(
        kind_rows(found.kinds, store_names),
        hide_index=True,
        column_config={
            "One was free": st.column_config.NumberColumn(format="%.1f %%", help=_help("some_free")),
            "Minutes none was": st.column_config.NumberColumn(format="%.0f", help=_help("none_free_s")),
            "Peak hour": st.column_config.TextColumn(help=_help("peak_hour")),
            "Free at peak": st.column_config.NumberColumn(format="%.0f %%", help=_help("free_at_peak")),
        },
        placeholder=NO_FIGURE,
        key="kinds",
        alt="How often a machine of each kind was free",
    )
    st.caption(_EXPLAINED)


def kind_rows(kinds: list[KindFigures], store_names: Mapping[str, str]) -> list[dict[str, object]]:
    """The table's rows; the gym stands in them where there are several."""
    several = len({kind.store_id for kind in kinds}) > 1
    return [
        {
            **({"Gym": store_names.get(kind.store_id, kind.store_id)} if several else {}),
            "Kind": kind.kind,
            "Machines": kind.machines,
            "One was free": _percent(kind.some_free),
            "Minutes none was": kind.none_free_s / 60,
            "Peak hour": None if kind.peak_hour is None else f"{kind.peak_hour:02d}:00",
            "Free at peak": _percent(kind.free_at_peak),
        }
        for kind in kinds
    ]


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _help(field: str) -> str:
    text = KindFigures.model_fields[field].description or ""
    return text.replace(" / ", " ÷ ").replace("null ", "none ")
