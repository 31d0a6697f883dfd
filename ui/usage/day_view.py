"""One day of the gym: its chooser, its timeline, machine by machine, and the same as a table."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import streamlit as st

from backend_api.contract.queries import StatsQuery
from backend_api.contract.sessions import Machine
from backend_api.contract.stats import Hours, Unit
from backend_api.contract.values import MachineKey
from ui.client import cache
from ui.client.api import BackendApi
from ui.text.local_time import Zone
from ui.text.machine_names import key_of
from ui.text.words import began, duration, outcome_words, plain
from ui.usage.day import DayLine
from ui.usage.gather import MAX_SESSIONS, UnwatchedTime, sessions_of, unwatched_times
from ui.usage.timeline import Timeline, draw_timeline
from ui.usage.timeline_chart import show_timeline
from ui.widgets.refresh import rerun_when_changed

_KEY = "day"


def choose_day(today: date) -> date:
    """Draw the chooser; without a choice it is `today`."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        before = st.empty()
        picked = st.date_input(
            "Day",
            value=today,
            max_value=today,
            format="YYYY-MM-DD",
            key=_KEY,
            bind="query-params",
            label_visibility="collapsed",
            width=150,
        )
        one = timedelta(days=1)
        before.button("Previous", key="day_before", help="The day before", on_click=go_to, args=(picked - one,))
        st.button("Next", key="day_after", disabled=picked >= today, on_click=go_to, args=(picked + one,))
    return picked


def go_to(day: date) -> None:
    """Choose `day`; to be called before the chooser is drawn, as a button's callback is."""
    st.session_state[_KEY] = day


def show_day(
    backend: BackendApi,
    machines: list[Machine],
    names: Mapping[MachineKey, str],
    zone: Zone,
    now: datetime,
    store_id: str | None = None,
) -> None:
    """Draw the chooser of the day, and the day; `machines` are those of the gym `store_id`, or of all."""
    line = DayLine.of(choose_day(now.astimezone(zone.info).date()), zone)
    found = sessions_of(backend, line, machines, store_id)
    timeline = draw_timeline(found.sessions, line, now)
    st.caption(plain(f"{zone.day(line.begin)}, times in {zone.name}"))
    if not found.is_complete:
        st.caption(f"Only the first {MAX_SESSIONS} sessions of this day are drawn.")
    if timeline.sessions:
        show_timeline(timeline, _unwatched(machines, line, now), names, line, now)
        with st.expander("The same as a table"):
            st.dataframe(
                _rows(timeline, names, zone), hide_index=True, column_config=_COLUMNS, key="day_table", alt="Sessions"
            )
    else:
        _show_nothing(machines, line)
    if line.begin <= now < line.end:
        rerun_when_changed(lambda: sessions_of(backend, line, machines, store_id), found)


def _unwatched(machines: list[Machine], line: DayLine, now: datetime) -> dict[MachineKey, list[UnwatchedTime]]:
    """The unwatched times of each machine: those of its camera."""
    query = StatsQuery(since=line.begin, until=line.end, tz=line.zone.name, by=Unit.HOUR, hours=Hours.ALL)
    cameras = sorted({(machine.store_id, machine.camera_id) for machine in machines})
    by_camera = {
        (store_id, camera_id): unwatched_times(
            cache.stats(query.model_copy(update={"store_id": store_id, "camera_id": camera_id})), line, now
        )
        for store_id, camera_id in cameras
    }
    return {key_of(machine): by_camera[machine.store_id, machine.camera_id] for machine in machines}


def _rows(timeline: Timeline, names: Mapping[MachineKey, str], zone: Zone) -> list[dict[str, object]]:
    return [
        {
            "Use began": zone.clock(began(session)),
            "Machine": names.get(key_of(session), session.machine_name),
            "In use for": "" if session.occupied_s is None else duration(session.occupied_s),
            "Cleaning": outcome_words(session),
            "Review": f"review?session={session.session_id}",
        }
        for session in timeline.sessions
    ]


_COLUMNS = {"Review": st.column_config.LinkColumn(display_text="Open")}


def _show_nothing(machines: list[Machine], line: DayLine) -> None:
    with st.container(border=True, key="no_day"):
        st.markdown("No machine was in use on this day.")
        last = max((began(machine.session) for machine in machines if machine.session), default=None)
        if last is not None and not line.begin <= last < line.end:
            local = last.astimezone(line.zone.info)
            label = f"Show the last day with a use: {line.zone.day(last)}"
            st.button(label, key="last_day", on_click=go_to, args=(local.date(),))
