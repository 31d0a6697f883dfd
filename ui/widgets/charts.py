"""The look of all charts: colours for both themes, type that can be read on a phone, and a legend in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape

import altair as alt

# Altair uses pandas as soon as another thread has begun to load it; here it is waited for.
import pandas as pd  # type: ignore[import-untyped]  # noqa: F401
import pyarrow as pa  # type: ignore[import-untyped]
import streamlit as st

Drawing = alt.Chart | alt.LayerChart | alt.FacetChart
_FONT = '"Source Sans", sans-serif'


@dataclass(frozen=True, slots=True)
class Palette:
    """A theme's colours. On its background, marks reach a contrast of 3:1 and text one of 4.5:1 (WCAG AA)."""

    text: str
    line: str
    paper: str
    use: str
    window: str
    gap: str
    good: str
    bad: str
    unsure: str
    waiting: str
    missing: str
    heat: tuple[str, str]


LIGHT = Palette(
    text="#101b1e",
    line="#cfd8d8",
    paper="#ffffff",
    use="#2b6cb0",
    window="#bcd5ee",
    gap="#ccd5d5",
    good="#137a55",
    bad="#bb2d3b",
    unsure="#b86b00",
    waiting="#66757a",
    missing="#7d4aa6",
    heat=("#e6f2f0", "#0b5c50"),
)
DARK = Palette(
    text="#eef3f3",
    line="#3a484b",
    paper="#12191b",
    use="#5fa3e6",
    window="#2f4b69",
    gap="#2f3b3e",
    good="#43b88a",
    bad="#f2727f",
    unsure="#e39b3f",
    waiting="#93a2a6",
    missing="#b48ce0",
    heat=("#1c2b2d", "#6fd3c1"),
)


def current_palette() -> Palette:
    """The colours of the theme that this session's browser shows."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def drawing(rows: Iterable[Mapping[str, object]]) -> alt.Chart:
    """A chart of `rows`, still without marks."""
    # As a table: values within the chart are checked one by one, which takes seconds for thousands.
    return alt.Chart(pa.Table.from_pylist(list(rows)))


def themed(chart: Drawing, palette: Palette) -> Drawing:
    """`chart` in `palette`, without a frame; every label that an axis names is drawn."""
    axis = {"labelFont": _FONT, "titleFont": _FONT, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": 400}
    result: Drawing = (
        chart.properties(background="transparent", padding={"left": 0, "right": 16, "top": 4, "bottom": 6})
        .configure_view(stroke=None)
        .configure_axis(
            **axis,
            labelColor=palette.text,
            titleColor=palette.text,
            gridColor=palette.line,
            domainColor=palette.line,
            tickColor=palette.line,
            labelOverlap=False,
            labelLimit=130,
        )
        .configure_legend(
            labelFont=_FONT, titleFont=_FONT, labelColor=palette.text, titleColor=palette.text, labelFontSize=12
        )
    )
    return result


def show_chart(chart: Drawing, *, key: str, alt_text: str) -> None:
    """Draw a chart as wide as there is room; `alt_text` says, in a few words, what it shows.

    A table beside it says the same for people who cannot see it: every button of the chart repeats `alt_text`.
    """
    st.altair_chart(themed(chart, current_palette()), width="stretch", theme=None, key=key, alt=alt_text)


def show_legend(entries: Iterable[tuple[str, str, str]]) -> None:
    """Draw the meaning of signs: a sign, its colour, and words each."""
    items = "".join(
        f'<li><span style="color: {color}" aria-hidden="true">{escape(sign)}</span> {escape(words)}</li>'
        for sign, color, words in entries
    )
    st.html(f'<ul class="legend">{items}</ul>')
