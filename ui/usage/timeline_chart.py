"""A day's timeline as a chart: a row a machine, uses as bars, cleaning windows lighter, attempts as marks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import altair as alt

from backend_api.contract.corrections import UseTruth
from backend_api.contract.sessions import Cleaned, Session, SessionOutcome
from backend_api.contract.values import MachineKey
from ui.text.local_time import Zone
from ui.text.machine_names import key_of
from ui.text.words import SESSION_WORDS, counted, duration, outcome_words, percent
from ui.usage.day import DayLine, HourInterval
from ui.usage.gather import UnwatchedTime
from ui.usage.timeline import Attempt, Timeline, TimelineBar
from ui.widgets.charts import Drawing, Palette, current_palette, drawing, show_chart, show_legend

_ROW_PX = 30
Row = dict[str, object]
# A shape as Vega calls it, and a sign that looks like it.
_SHAPES = {
    SessionOutcome.CLEANED: ("circle", "●"),
    SessionOutcome.NOT_CLEANED: ("cross", "✚"),
    SessionOutcome.CANNOT_TELL: ("triangle-up", "▲"),
    SessionOutcome.WAITING: ("diamond", "◆"),
    SessionOutcome.FAILED: ("square", "■"),
    SessionOutcome.NOT_JUDGED: ("triangle-down", "▼"),
}


def show_timeline(
    timeline: Timeline,
    unwatched_times: Mapping[MachineKey, Sequence[UnwatchedTime]],
    names: Mapping[MachineKey, str],
    line: DayLine,
    now: datetime,
) -> None:
    """Draw the chart and what its signs mean; `names` are the rows, `unwatched_times` are of each of them."""
    chart = _chart(timeline, unwatched_times, names, line, now, current_palette())
    show_chart(chart, key="timeline", alt_text=_in_words(timeline, names))
    palette = current_palette()
    show_legend(
        [
            ("■", palette.use, "In use"),
            ("■", palette.window, "Cleaning window"),
            *((_SHAPES[outcome][1], color, SESSION_WORDS[outcome]) for outcome, color in _colors(palette).items()),
            ("■", palette.gap, "Not watched"),
        ]
    )


def _chart(
    timeline: Timeline,
    unwatched_times: Mapping[MachineKey, Sequence[UnwatchedTime]],
    names: Mapping[MachineKey, str],
    line: DayLine,
    now: datetime,
    palette: Palette,
) -> Drawing:
    shown = line.window(timeline.intervals)
    x = _x(line, shown)
    y = alt.Y("machine:N", sort=None, scale=alt.Scale(domain=list(names.values())), axis=_Y_AXIS)
    span = {"x": x, "x2": "end:Q", "y": y}
    told = _tooltip("What", "From", "To", "Lasted", "Cleaning")
    opacity = alt.Opacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0, 1]), legend=None)
    layers: list[Drawing] = [
        drawing(_gap_rows(unwatched_times, names, shown))
        .mark_rect(color=palette.gap)
        .encode(**span, opacity=opacity, tooltip=_tooltip("What")),
        drawing(_rows(timeline.windows, "Cleaning window", names, line.zone))
        .mark_rect(color=palette.window, stroke=palette.use, strokeWidth=0.5, height={"band": 0.6})
        .encode(**span, tooltip=told),
        drawing(_rows(timeline.uses, "In use", names, line.zone))
        .mark_rect(color=palette.use, stroke=palette.use, strokeWidth=1, height={"band": 0.6})
        .encode(**span, tooltip=told),
        _marks(timeline.attempts, names, line.zone, palette).encode(
            x=x, y=y, tooltip=_tooltip("What", "At", "Cleaning")
        ),
    ]
    if line.begin <= now < line.end and shown.begin_h <= line.hours(now) <= shown.end_h:
        rule = drawing([{"begin": 60 * line.hours(now)}]).mark_rule(color=palette.text, strokeDash=[3, 3])
        layers.append(rule.encode(x=x))
    return alt.layer(*layers).properties(height=_ROW_PX * len(names))


_Y_AXIS = alt.Axis(title=None, labelLimit=112, grid=True, ticks=False, domain=False, labelPadding=6, zindex=0)


def _tooltip(*fields: str) -> list[alt.Tooltip]:
    return [alt.Tooltip("machine:N", title="Machine"), *(alt.Tooltip(f"{name}:N") for name in fields)]


def _x(line: DayLine, shown: HourInterval) -> alt.X:
    # Minutes since midnight, with labels from here: a browser would show instants in its own time zone.
    ticks = {round(60 * tick.at_h): tick.label for tick in line.ticks(shown)}
    return alt.X(
        "begin:Q",
        scale=alt.Scale(domain=[60 * shown.begin_h, 60 * shown.end_h], nice=False),
        axis=alt.Axis(
            title=f"Time of day ({line.zone.name})",
            values=list(ticks),
            labelExpr=f"{ {str(at): label for at, label in ticks.items()} }[datum.value]",
            zindex=0,
        ),
    )


def _rows(bars: Iterable[TimelineBar], what: str, names: Mapping[MachineKey, str], zone: Zone) -> Iterator[Row]:
    for item in bars:
        yield {
            **_place(item.session, item.shown, names),
            "What": f"{what}, two people" if item.session.correction is UseTruth.TWO_PEOPLE else what,
            "From": zone.clock(item.begin),
            "To": zone.clock(item.end) if item.end else "now",
            "Lasted": duration((item.end - item.begin).total_seconds()) if item.end else "not over",
            "Cleaning": outcome_words(item.session),
        }


def _gap_rows(
    unwatched_times: Mapping[MachineKey, Sequence[UnwatchedTime]], names: Mapping[MachineKey, str], shown: HourInterval
) -> Iterator[Row]:
    for place, of_machine in unwatched_times.items():
        for gap in of_machine:
            begin_h, end_h = max(gap.shown.begin_h, shown.begin_h), min(gap.shown.end_h, shown.end_h)
            if begin_h < end_h:
                yield {
                    "machine": names[place],
                    "begin": 60 * begin_h,
                    "end": 60 * end_h,
                    "share": gap.share,
                    "What": f"Not watched for {percent(gap.share)} of this time",
                }


def _marks(attempts: Iterable[Attempt], names: Mapping[MachineKey, str], zone: Zone, palette: Palette) -> alt.Chart:
    rows = [
        {
            **_place(item.session, HourInterval(item.at_h, item.at_h), names),
            "outcome": item.outcome,
            "What": "End of use" if item.session.cleaned is Cleaned.BEFORE_LEAVING else "Cleaning attempt",
            "At": zone.clock(item.at),
            "Cleaning": outcome_words(item.session),
        }
        for item in attempts
    ]
    by_outcome = _colors(palette)
    outcomes = list(by_outcome)
    marks: alt.Chart = (
        drawing(rows)
        .mark_point(filled=True, size=70, opacity=1, stroke=palette.paper, strokeWidth=1)
        .encode(
            color=alt.Color(
                "outcome:N", scale=alt.Scale(domain=outcomes, range=list(by_outcome.values())), legend=None
            ),
            shape=alt.Shape(
                "outcome:N",
                scale=alt.Scale(domain=outcomes, range=[_SHAPES[item][0] for item in outcomes]),
                legend=None,
            ),
        )
    )
    return marks


def _place(session: Session, shown: HourInterval, names: Mapping[MachineKey, str]) -> Row:
    name = names.get(key_of(session), session.machine_name)
    return {"machine": name, "begin": 60 * shown.begin_h, "end": 60 * shown.end_h}


def _colors(palette: Palette) -> dict[SessionOutcome, str]:
    shades = (palette.good, palette.bad, palette.unsure, palette.waiting, palette.missing, palette.use)
    return dict(zip(_SHAPES, shades, strict=True))


def _in_words(timeline: Timeline, names: Mapping[MachineKey, str]) -> str:
    return f"Timeline of {counted(len(names), 'machine')}: {counted(len(timeline.uses), 'use')}"
