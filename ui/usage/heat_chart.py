"""The week's hours as a map: the darker a cell, the more of the time machines were in use."""

from collections.abc import Iterator, Sequence

import altair as alt
import streamlit as st

from ui.text.words import percent
from ui.usage.heat import HOURS, WEEKDAYS, Cell, busiest
from ui.widgets.charts import Drawing, Ink, drawing, ink, show_chart

_ROW_PX = 26
_LABELLED_HOURS = range(0, 24, 3)


def show_heat(cells: Sequence[Cell], zone_name: str) -> None:
    """Draw the map, its scale in words, and the same as a table."""
    top = busiest(cells)
    if top is None:
        st.markdown("No machine was in use in these days.")
        return
    show_chart(_chart(cells, top, zone_name, ink()), key="heat", alt_text=_in_words(top))
    _show_scale(top, ink())
    with st.expander("The same as a table"):
        st.dataframe(heat_rows(cells), hide_index=True, key="heat_table", alt="The week by hour")


def heat_rows(cells: Sequence[Cell]) -> list[dict[str, str]]:
    """A row an hour, a column a weekday; what was not observed is empty."""
    shares = {(cell.weekday, cell.hour): cell.share for cell in cells}
    return [
        {"Hour": f"{hour:02d}:00"}
        | {name: _percent(shares.get((weekday, hour))) for weekday, name in enumerate(WEEKDAYS)}
        for hour in HOURS
    ]


def _percent(share: float | None) -> str:
    return "" if share is None else percent(share)


def _chart(cells: Sequence[Cell], top: Cell, zone_name: str, colors: Ink) -> Drawing:
    labels = ", ".join(f"'{hour}': '{hour:02d}:00'" for hour in _LABELLED_HOURS)
    x_axis = alt.Axis(
        title=f"Hour of the day ({zone_name})",
        values=list(_LABELLED_HOURS),
        labelExpr=f"{{{labels}}}[datum.value]",
        labelAngle=0,
        ticks=False,
        domain=False,
    )
    chart: Drawing = (
        drawing(_rows(cells))
        .mark_rect(stroke=colors.paper, strokeWidth=1)
        .encode(
            x=alt.X("hour:O", scale=alt.Scale(domain=list(HOURS)), axis=x_axis),
            y=alt.Y(
                "day:O",
                sort=None,
                scale=alt.Scale(domain=list(WEEKDAYS)),
                axis=alt.Axis(title=None, ticks=False, domain=False, labelExpr="slice(datum.label, 0, 3)"),
            ),
            color=alt.Color(
                "share:Q", scale=alt.Scale(domain=[0, top.share or 1], range=list(colors.heat)), legend=None
            ),
            tooltip=[alt.Tooltip("When:N"), alt.Tooltip("In use:N"), alt.Tooltip("Sessions:Q")],
        )
        .properties(height=_ROW_PX * len(WEEKDAYS))
    )
    return chart


def _rows(cells: Sequence[Cell]) -> Iterator[dict[str, object]]:
    for cell in cells:
        if cell.share is not None:
            yield {
                "day": WEEKDAYS[cell.weekday],
                "hour": cell.hour,
                "share": cell.share,
                "When": _when(cell),
                "In use": percent(cell.share),
                "Sessions": cell.sessions,
            }


def _when(cell: Cell) -> str:
    return f"{WEEKDAYS[cell.weekday]} {cell.hour:02d}:00 to {(cell.hour + 1) % 24:02d}:00"


def _in_words(top: Cell) -> str:
    return f"Share of time in use by hour and weekday, most on {_when(top)}: {percent(top.share or 0)}"


def _show_scale(top: Cell, colors: Ink) -> None:
    ramp = f"background: linear-gradient(to right, {colors.heat[0]}, {colors.heat[1]})"
    st.html(
        f'<p class="ramp"><span style="{ramp}" aria-hidden="true"></span> 0 to {percent(top.share or 0)} of the time '
        "observed; empty: not observed</p>"
    )
