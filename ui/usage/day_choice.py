"""The chooser of a single day, which stands in the address, with the way to the day before and the next."""

from datetime import date, timedelta

import streamlit as st

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
