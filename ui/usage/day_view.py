"""One day of the gym: its timeline, machine by machine, and the same as a table."""

from collections.abc import Mapping
from datetime import datetime

import streamlit as st

from backend_api.contract.sessions import Machine
from backend_api.contract.stats import Unit
from ui.client import cache
from ui.client.api import BackendApi
from ui.client.queries import StatsQuery
from ui.text.local_time import Zone
from ui.text.machine_names import Place, place_of
from ui.text.words import SESSION_WORDS, duration
from ui.usage.day import DayLine
from ui.usage.day_choice import choose_day, go_to
from ui.usage.gather import MAX_SESSIONS, Gap, gaps, sessions_of
from ui.usage.timeline import Timeline, began, draw_timeline
from ui.usage.timeline_chart import show_timeline
from ui.widgets.refresh import draw_anew_when_changed


def show_day(door: BackendApi, machines: list[Machine], names: Mapping[Place, str], zone: Zone, now: datetime) -> None:
    """Draw the chooser of the day, and the day."""
    line = DayLine.of(choose_day(now.astimezone(zone.info).date()), zone)
    found = sessions_of(door, line, machines)
    timeline = draw_timeline(found.sessions, line, now)
    st.caption(f"{zone.day(line.begin)}, times in {zone.name}")
    if not found.is_complete:
        st.caption(f"Only the first {MAX_SESSIONS} sessions of this day are drawn.")
    if timeline.sessions:
        show_timeline(timeline, _gaps(machines, line, now), names, line, now)
        with st.expander("The same as a table"):
            st.dataframe(
                _rows(timeline, names, zone), hide_index=True, column_config=_COLUMNS, key="day_table", alt="Sessions"
            )
    else:
        _show_nothing(machines, line)
    if line.begin <= now < line.end:
        draw_anew_when_changed(lambda: sessions_of(door, line, machines), found)


def _gaps(machines: list[Machine], line: DayLine, now: datetime) -> dict[Place, list[Gap]]:
    """What nobody watched, of each machine as its camera tells it."""
    cameras = sorted({(machine.store_id, machine.camera_id) for machine in machines})
    by_camera = {
        (store_id, camera_id): gaps(
            cache.stats(
                StatsQuery(line.begin, line.end, line.zone.name, Unit.HOUR, camera_id=camera_id, store_id=store_id)
            ),
            line,
            now,
        )
        for store_id, camera_id in cameras
    }
    return {place_of(machine): by_camera[machine.store_id, machine.camera_id] for machine in machines}


def _rows(timeline: Timeline, names: Mapping[Place, str], zone: Zone) -> list[dict[str, object]]:
    return [
        {
            "Use began": zone.clock(began(session)),
            "Machine": names.get(place_of(session), session.machine_name),
            "In use for": "" if session.occupied_s is None else duration(session.occupied_s),
            "Cleaning": SESSION_WORDS[session.outcome],
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
