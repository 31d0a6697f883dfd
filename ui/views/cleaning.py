"""The page Cleaning: how often machines were cleaned after use, when, where, and which uses were left uncleaned."""

import streamlit as st

from backend_api.clock import SystemClock
from backend_api.contract_stats import Unit
from ui import glance
from ui.cleaning.agreement import agreement_lines
from ui.cleaning.breakdown import KINDS, moments
from ui.cleaning.report import cleaning_cards
from ui.cleaning.trend import show_trend
from ui.cleaning.uncleaned import show_uncleaned
from ui.commands import EDGE_COMMAND
from ui.figure_cards import show_cards
from ui.machine_names import names_of
from ui.machine_table import show_machines
from ui.period_choice import choose_days
from ui.queries import StatsQuery
from ui.session import api, zone

_FIELDS = ("compliance", "windows_closed", *KINDS, "median_to_clean_s")


def show_page() -> None:
    """Draw the page. Raises BackendError, with nothing but the choice of days drawn, when the backend cannot answer."""
    here, now = zone(), SystemClock().now()
    st.title("Cleaning", anchor=False)
    days = choose_days(here, now)
    unit = Unit.HOUR if days.count == 1 else Unit.DAY
    span, earlier = days.span(here), days.span_before(here, now)
    query = StatsQuery(span.since, span.until, here.name, unit)
    found = glance.stats(query)
    before = glance.stats(StatsQuery(earlier.since, earlier.until, here.name)).total
    agreement = api().agreement()
    names = names_of(glance.machines().items)
    if found.total.windows_closed == 0:
        _show_nothing(bool(names))
    else:
        show_cards(cleaning_cards(found.total, before))
        st.caption(f"Changes are against {days.before_in_words(here, now)}.")
        show_trend(moments(found.buckets, unit, here), unit, here.name)
        st.subheader("By machine", anchor=False)
        show_machines(found, names, _FIELDS, "cleaning")
    st.subheader("Uncleaned uses", anchor=False)
    show_uncleaned(api(), span, names, here)
    st.subheader("People and the model", anchor=False)
    for line in agreement_lines(agreement):
        st.text(line)


def _show_nothing(any_machine: bool) -> None:
    with st.container(border=True, key="nothing"):
        st.subheader("No cleaning window closed in these days", anchor=False)
        if any_machine:
            st.text("There is nothing to measure yet: choose other days above.")
        else:
            st.text("No machine was in use so far. Start a camera's program from the project's folder:")
            st.code(EDGE_COMMAND, language=None, wrap_lines=True)


if __name__ == "__main__":
    show_page()
