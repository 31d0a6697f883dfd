"""The page Usage: one day of the gym on a timeline, and how much machines are used over many days."""

import streamlit as st

from backend_api.base.clock import SystemClock
from backend_api.contract.queries import ComplianceQuery, StatsQuery
from backend_api.contract.stats import Unit
from ui.client import cache
from ui.client.context import api, zone
from ui.text.machine_names import names_of
from ui.usage.day_view import show_day
from ui.usage.heat import fold, show_heat
from ui.usage.kinds import show_kinds
from ui.usage.report import corrected_lines, usage_cards
from ui.widgets.chain import is_chain, show_chain
from ui.widgets.figure_cards import show_cards
from ui.widgets.machine_table import show_machines
from ui.widgets.mocked import show_mocked
from ui.widgets.no_machines import show_no_machines
from ui.widgets.period_choice import choose_days
from ui.widgets.sources import show_sources
from ui.widgets.store_choice import cameras_of, choose_store, store_names
from ui.widgets.store_table import show_stores

_FIELDS = ("utilisation", "occupied_s", "observed_s", "sessions", "sessions_corrected", "median_stay_s")


def show_page() -> None:
    """Draw the page. Raises BackendError, with no more than the title drawn, when the backend cannot answer."""
    here, now = zone(), SystemClock().now()
    st.title("Usage", anchor=False)
    st.space("xxsmall")
    machines = cache.machines().items
    if not machines:
        show_no_machines()
        return
    store_id = choose_store()
    show_mocked(cameras_of(store_id))
    machines = [machine for machine in machines if store_id in (None, machine.store_id)]
    if is_chain(store_id, len(machines)):
        show_chain(choose_days(here, now), now)
        return
    names = names_of(machines)
    st.header("One day", anchor=False)
    show_day(api(), machines, names, here, now, store_id)
    st.header("Over many days", anchor=False)
    days = choose_days(here, now)
    interval, earlier = days.interval(here), days.interval_before(here, now)
    query = StatsQuery(since=interval.since, until=interval.until, tz=here.name, by=Unit.HOUR, store_id=store_id)
    found = cache.stats(query)
    before = cache.stats(query.model_copy(update={"since": earlier.since, "until": earlier.until})).total
    stores = store_names(cache.stores().items)
    show_sources(found)
    show_cards(usage_cards(found, before), days.before_in_words(here, now))
    st.subheader("Share of time in use, by hour and weekday", anchor=False)
    show_heat(fold(found.buckets, here), here.name)
    st.subheader("Free machines, by kind", anchor=False)
    show_kinds(found, stores)
    if len(found.stores) > 1:
        corrected = cache.compliance(ComplianceQuery(since=interval.since, until=interval.until, tz=here.name))
        show_stores(found, corrected, stores)
    st.subheader("Uses that people corrected", anchor=False)
    for line in corrected_lines(found):
        st.text(line)
    st.subheader("By machine", anchor=False)
    show_machines(found, names, _FIELDS, "usage")


if __name__ == "__main__":
    show_page()
