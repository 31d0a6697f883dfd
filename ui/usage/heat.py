"""Hours of many days folded into one week, and drawn as a map: the darker a cell, the more machines were in use."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import altair as alt
import streamlit as st

from backend_api.contract.stats import BucketFigures
from ui.text.local_time import Zone
from ui.text.words import percent
from ui.widgets.charts import Drawing, Palette, current_palette, drawing, show_chart

_ROW_PX = 26
_LABELLED_HOURS = range(0, 24, 3)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS = range(24)


@dataclass(frozen=True, slots=True)
class Cell:
    """An hour of the clock (0 to 23) on a weekday (0 is Monday), over all its days; seconds are of all machines."""

    weekday: int
    hour: int
    occupied_s: float = 0.0
    observed_s: float = 0.0
    sessions: int = 0

    @property
    def share(self) -> float | None:
        """Time in use of the time observed, 0 to 1; None when nothing was observed."""
        return self.occupied_s / self.observed_s if self.observed_s > 0 else None


def fold(hours: Iterable[BucketFigures], zone: Zone) -> list[Cell]:
    """All cells of the week, weekday by weekday; `hours` are buckets of hours of `zone`.

    An hour belongs to the clock's reading at its beginning: one that comes twice counts twice, one that clocks skip
    does not at all.
    """
    sums: dict[tuple[int, int], list[BucketFigures]] = defaultdict(list)
    for bucket in hours:
        local = bucket.begin.astimezone(zone.info)
        sums[local.weekday(), local.hour].append(bucket)
    return [_cell(weekday, hour, sums[weekday, hour]) for weekday in range(len(WEEKDAYS)) for hour in HOURS]


def busiest(cells: Iterable[Cell]) -> Cell | None:
    """The cell with the largest share of time in use, of equal ones the first; None when nothing was in use."""
    used = [cell for cell in cells if cell.share]
    return max(used, key=lambda cell: cell.share or 0.0, default=None)


def _cell(weekday: int, hour: int, buckets: list[BucketFigures]) -> Cell:
    return Cell(
        weekday,
        hour,
        sum(bucket.occupied_s for bucket in buckets),
        sum(bucket.observed_s for bucket in buckets),
        sum(bucket.sessions for bucket in buckets),
    )


def show_heat(cells: Sequence[Cell], zone_name: str) -> None:
    """Draw the map, its scale in words, and the same as a table."""
    top = busiest(cells)
    if top is None:
        st.markdown("No machine was in use in these days.")
        return
    show_chart(_chart(cells, top, zone_name, current_palette()), key="heat", alt_text=_in_words(top))
    _show_scale(top, current_palette())
    with st.expander("The same as a table"):
        st.dataframe(heat_rows(cells), hide_index=True, key="heat_table", alt="The week by hour")


def heat_rows(cells: Sequence[Cell]) -> list[dict[str, str]]:
    """A row an hour, a column a weekday; an unobserved hour is empty."""
    shares = {(cell.weekday, cell.hour): cell.share for cell in cells}
    return [
        {"Hour": f"{hour:02d}:00"}
        | {name: _percent(shares.get((weekday, hour))) for weekday, name in enumerate(WEEKDAYS)}
        for hour in HOURS
    ]


def _percent(share: float | None) -> str:
    return "" if share is None else percent(share)


def _chart(cells: Sequence[Cell], top: Cell, zone_name: str, palette: Palette) -> Drawing:
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
        .mark_rect(stroke=palette.paper, strokeWidth=1)
        .encode(
            x=alt.X("hour:O", scale=alt.Scale(domain=list(HOURS)), axis=x_axis),
            y=alt.Y(
                "day:O",
                sort=None,
                scale=alt.Scale(domain=list(WEEKDAYS)),
                axis=alt.Axis(title=None, ticks=False, domain=False, labelExpr="slice(datum.label, 0, 3)"),
            ),
            color=alt.Color(
                "share:Q", scale=alt.Scale(domain=[0, top.share or 1], range=list(palette.heat)), legend=None
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


def _show_scale(top: Cell, palette: Palette) -> None:
    ramp = f"background: linear-gradient(to right, {palette.heat[0]}, {palette.heat[1]})"
    st.html(
        f'<p class="ramp"><span style="{ramp}" aria-hidden="true"></span> 0 to {percent(top.share or 0)} of the time '
        "observed; empty: not observed</p>"
    )
