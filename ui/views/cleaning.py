"""The page Cleaning: how often machines were cleaned after use, when, where, and which uses were left uncleaned."""

from collections.abc import Mapping
from datetime import datetime

import streamlit as st

from backend_api.base.clock import SystemClock
from backend_api.contract.people import Permission
from backend_api.contract.queries import ComplianceQuery, StatsQuery
from backend_api.contract.stats import Unit
from backend_api.contract.values import MachineKey
from ui.cleaning.breakdown import KINDS, counts, trend_steps
from ui.cleaning.corrected import corrected_card, show_corrected
from ui.cleaning.report import after_hours_line, agreement_lines, cleaning_cards, not_judged_line, nothing_words
from ui.cleaning.trend import show_trend
from ui.cleaning.uncleaned import show_uncleaned
from ui.client import cache
from ui.client.context import api, zone
from ui.client.sign_in import may
from ui.text.local_time import Zone
from ui.text.machine_names import names_of
from ui.widgets.chain import is_chain, show_chain
from ui.widgets.figure_cards import show_cards
from ui.widgets.machine_table import show_machines
from ui.widgets.mocked import show_mocked
from ui.widgets.no_machines import show_no_machines
from ui.widgets.period import Days
from ui.widgets.period_choice import choose_days
from ui.widgets.refresh import rerun_when_changed
from ui.widgets.sources import show_sources
from ui.widgets.store_choice import cameras_of, choose_store, store_names
from ui.widgets.store_table import show_stores

_FIELDS = ("compliance", "windows_closed", *KINDS, "median_to_clean_s")


def show_page() -> None:
    """Draw the page. Raises BackendError when the backend cannot answer."""
    here, now = zone(), SystemClock().now()
    st.title("Cleaning", anchor=False)
    st.space("xxsmall")
    machines = cache.machines().items
    if not machines:
        show_no_machines()
        return
    store_id = choose_store()
    machines = [machine for machine in machines if store_id in (None, machine.store_id)]
    show_mocked(cameras_of(store_id), cache.latest_model(store_id))
    days = choose_days(here, now)
    names, interval = names_of(machines), days.interval(here)
    if is_chain(store_id, len(machines)):
        show_chain(days, now)
    else:
        _show_figures(days, names, here, now, store_id)
    st.header("Uncleaned uses", anchor=False)
    show_uncleaned(api(), interval, names, here, store_id)
    if may(Permission.LOOK, everywhere=True):
        st.header("People and the model", anchor=False)
        for line in agreement_lines(api().agreement()):
            st.text(line)


def _show_figures(days: Days, names: Mapping[MachineKey, str], zone: Zone, now: datetime, store_id: str | None) -> None:
    unit = Unit.HOUR if days.count == 1 else Unit.DAY
    interval, earlier = days.interval(zone), days.interval_before(zone, now)
    query = StatsQuery(since=interval.since, until=interval.until, tz=zone.name, by=unit, store_id=store_id)
    found = cache.stats(query)
    before = cache.stats(query.model_copy(update={"since": earlier.since, "until": earlier.until})).total
    if found.total.windows_closed > 0:
        corrected = cache.compliance(
            ComplianceQuery(since=interval.since, until=interval.until, tz=zone.name, store_id=store_id)
        )
        show_sources(found)
        first, *others = cleaning_cards(found.total, before)
        show_cards([first, corrected_card(corrected), *others], days.before_in_words(zone, now))
        if found.total.windows_after_hours:
            st.caption(after_hours_line(found.total))
        if found.total.windows_not_judged:
            st.caption(not_judged_line(found.total))
        show_trend(trend_steps(found.buckets, unit, zone), unit, zone.name)
        if len(found.stores) > 1:
            show_stores(found, corrected, store_names(cache.stores().items))
        st.header("Corrected by reviews", anchor=False)
        show_corrected(api(), corrected)
        st.header("By machine", anchor=False)
        show_machines(found, names, _FIELDS, "cleaning")
    else:
        with st.container(border=True, key="nothing"):
            st.markdown(nothing_words(found.total))
    if interval.since <= now < interval.until:
        rerun_when_changed(lambda: counts(cache.stats(query).total), counts(found.total))


if __name__ == "__main__":
    show_page()
