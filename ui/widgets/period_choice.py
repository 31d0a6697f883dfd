"""The chooser of the days that a page is about; the choice stands in the address."""

from datetime import date, datetime

import streamlit as st

from ui.text.local_time import Zone
from ui.text.words import plain
from ui.widgets.period import MAX_DAYS, Choice, Days


def choose_days(zone: Zone, now: datetime) -> Days:
    """Draw the chooser and, below, which days were chosen and in which zone they are days."""
    today = now.astimezone(zone.info).date()
    # The address holds an option as it is shown.
    choice = st.pills(
        "Period",
        list(Choice),
        default=Choice.LAST_7_DAYS,
        required=True,
        key="period",
        bind="query-params",
        label_visibility="collapsed",
    )
    picked = _pick_days(today) if choice is Choice.DAYS else ()
    days = Days.chosen(choice, picked, today)
    cut = f" Only the last {MAX_DAYS} days are counted." if picked and min(picked) < days.first else ""
    st.caption(plain(f"{days.in_words()}, times in {zone.name}.{cut}"))
    return days


def _pick_days(today: date) -> tuple[date, ...]:
    picked = st.date_input(
        "First and last day",
        value=[],
        max_value=today,
        format="YYYY-MM-DD",
        key="days",
        bind="query-params",
        label_visibility="collapsed",
        width=300,
    )
    return tuple(picked)
