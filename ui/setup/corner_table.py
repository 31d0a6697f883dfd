"""The corners of a zone as numbers in a table: for whoever draws by keyboard, or to the point."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from backend_api.contract.zones import Point


def show_corner_table(key: str, seed: Sequence[Point], alt: str) -> tuple[Point, ...]:
    """Draw the table, which began with `seed` under `key`; the corners that are in it by now."""
    edited = st.data_editor(
        np.array(seed, float).reshape(-1, 2),
        key=key,
        num_rows="dynamic",
        hide_index=True,
        column_config={"0": _share("x"), "1": _share("y")},
        alt=alt,
    )
    return corners_of(edited)


def corners_of(table: npt.NDArray[np.float64]) -> tuple[Point, ...]:
    """The corners in a table of x and y (n x 2); a row that is not filled in yet is none."""
    numbers = np.asarray(table, float)
    return tuple((float(x), float(y)) for x, y in numbers if not np.isnan([x, y]).any())


def _share(label: str) -> ColumnConfig:
    return st.column_config.NumberColumn(label, min_value=0.0, max_value=1.0, step=0.0001, format="%.4f")
