"""Cleaning by day, or by hour of a single day: a line of compliance, and bars of windows by kind."""

from collections.abc import Iterator, Sequence, Sized

import altair as alt
import streamlit as st

from backend_api.contract.stats import Unit
from ui.cleaning.breakdown import KINDS, TrendStep, axis_labels, kind_colours, of_all
from ui.text.meanings import FIGURE_WORDS
from ui.text.words import duration, percent
from ui.widgets.charts import Drawing, Palette, current_palette, drawing, show_chart, show_legend
from ui.widgets.figure_cards import NO_FIGURE

_LINE_PX, _BARS_PX = 190, 170
# Counts beside the line: for so many steps there is room, and below so many windows a share misleads.
_MOST_VALUES, _FEW = 8, 20


def show_trend(steps: Sequence[TrendStep], unit: Unit, zone_name: str) -> None:
    """Draw both charts, and below them the same as a table."""
    table = [_row(index, step) for index, step in enumerate(steps)]
    axis = _axis(steps, f"{'Hour' if unit is Unit.HOUR else 'Day'} ({zone_name})")
    st.markdown("**Compliance, % of windows closed**")
    show_chart(_line(table, axis, current_palette()), key="trend", alt_text=f"Compliance by {unit}")
    st.markdown("**Windows closed, by kind**")
    show_chart(_bars(steps, axis, current_palette()), key="kinds", alt_text=f"Windows closed by {unit}")
    show_legend(("■", color, FIGURE_WORDS[kind]) for kind, color in kind_colours(current_palette()).items())
    with st.expander("The same as a table"):
        st.dataframe([_told(row) for row in table], hide_index=True, key="trend_table")


Row = dict[str, object]


def _told(row: Row) -> Row:
    """The columns of the table for a reader."""
    return {"When": row["moment"]} | {name: row[name] for name in _TOLD}


_TOLD = ("Compliance", "Cleaned of", *(FIGURE_WORDS[kind] for kind in KINDS), "Median time to clean")


def _row(index: int, step: TrendStep) -> Row:
    figures = step.figures
    shown, to_clean_s = figures.compliance is not None, figures.median_to_clean_s
    return {
        "index": index,
        "moment": step.label,
        "compliance": None if figures.compliance is None else 100 * figures.compliance,
        "Compliance": percent(figures.compliance) if figures.compliance is not None else NO_FIGURE,
        "few": of_all(figures.windows_cleaned, figures.windows_closed) if 0 < figures.windows_closed < _FEW else None,
        "Cleaned of": of_all(figures.windows_cleaned, figures.windows_closed) if shown else "",
        **{FIGURE_WORDS[kind]: getattr(figures, kind) for kind in KINDS},
        "Median time to clean": NO_FIGURE if to_clean_s is None else duration(to_clean_s),
    }


def _axis(steps: Sequence[TrendStep], title: str) -> alt.Axis:
    """One place a step, of which so many are labelled as a phone has room for."""
    labels = {index: steps[index].label.split(" ", 1) for index in axis_labels(len(steps))}
    chosen = ", ".join(f"'{index}': {label}" for index, label in labels.items())
    return alt.Axis(
        title=title,
        values=list(labels),
        labelExpr=f"{{{chosen}}}[datum.value]",
        grid=False,
        labelFlush=True,
    )


def _scale(steps: Sized) -> alt.Scale:
    # Numbers instead of instants: a browser would show those in its own time zone.
    return alt.Scale(domain=[-0.5, len(steps) - 0.5], nice=False)


def _line(table: list[Row], axis: alt.Axis, palette: Palette) -> Drawing:
    known = [row for row in table if row["compliance"] is not None]
    y = alt.Y("compliance:Q", axis=alt.Axis(title="%", values=[0, 25, 50, 75, 100]), scale=alt.Scale(domain=[0, 100]))
    tooltip = [
        alt.Tooltip("moment:N", title="When"),
        alt.Tooltip("Compliance:N"),
        alt.Tooltip("Cleaned of:N", title="Cleaned"),
        alt.Tooltip("Median time to clean:N"),
    ]
    x = alt.X("index:Q", axis=axis, scale=_scale(table))
    # Where no window closed there is nothing to draw: the line has a gap there, and no zero.
    line = drawing(table).mark_line(color=palette.good, strokeWidth=2, invalid="break-paths-filter-domains")
    points = drawing(known).mark_point(color=palette.good, filled=True, size=60, opacity=1)
    layers: list[alt.Chart] = [line.encode(x=x, y=y), points.encode(x=x, y=y, tooltip=tooltip)]
    if len(table) <= _MOST_VALUES:
        values = drawing(row for row in known if row["few"]).mark_text(
            dy=-12, color=palette.text, fontSize=12, baseline="bottom"
        )
        layers.append(values.encode(x=x, y=y, text="few:N"))
    return alt.layer(*layers).properties(height=_LINE_PX)


def _bars(steps: Sequence[TrendStep], axis: alt.Axis, palette: Palette) -> Drawing:
    by_kind = [FIGURE_WORDS[kind] for kind in KINDS]
    count = alt.Axis(title="Windows", tickMinStep=1, tickCount=4, format="d")
    bars: Drawing = (
        drawing(_pieces(steps))
        .mark_rect(stroke=palette.paper, strokeWidth=1)
        .encode(
            x=alt.X("from:Q", axis=axis, scale=_scale(steps)),
            x2="to:Q",
            y=alt.Y("bottom:Q", axis=count),
            y2="top:Q",
            color=alt.Color(
                "kind:N", scale=alt.Scale(domain=by_kind, range=list(kind_colours(palette).values())), legend=None
            ),
            tooltip=[
                alt.Tooltip("moment:N", title="When"),
                alt.Tooltip("kind:N", title="What"),
                alt.Tooltip("windows:Q", title="Windows"),
                alt.Tooltip("Cleaned of:N", title="Cleaned"),
            ],
        )
        .properties(height=_BARS_PX)
    )
    return bars


def _pieces(steps: Sequence[TrendStep]) -> Iterator[Row]:
    """The bars' pieces, one on top of the other."""
    for index, step in enumerate(steps):
        bottom = 0
        for kind in KINDS:
            windows = getattr(step.figures, kind)
            if windows:
                place = {"from": index - 0.4, "to": index + 0.4, "bottom": bottom, "top": bottom + windows}
                cleaned = of_all(step.figures.windows_cleaned, step.figures.windows_closed)
                words = {"moment": step.label, "kind": FIGURE_WORDS[kind], "Cleaned of": cleaned}
                yield {**place, **words, "windows": windows}
            bottom += windows
