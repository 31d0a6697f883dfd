"""All gyms of a chain that is too large for figures of any span: whole days that are over, by gym and by day."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from http import HTTPStatus
from zoneinfo import ZoneInfo

import streamlit as st

from backend_api.contract.queries import MAX_CHAIN_MACHINES, SETTLED, DaysQuery
from backend_api.contract.stats import DayStats
from backend_api.contract.stores import StoreState
from ui.client import cache
from ui.client.api import Refused
from ui.widgets.period import Days
from ui.widgets.refresh import REFRESH_S, rerun_when_changed
from ui.widgets.store_choice import store_names
from ui.widgets.store_table import figure_cells, show_figures


def is_chain(store_id: str | None, machines: int) -> bool:
    """Whether figures of so many machines, of one gym or of all (None), are to be had by whole days alone."""
    return store_id is None and machines > MAX_CHAIN_MACHINES


def show_chain(days: Days, now: datetime) -> None:
    """Draw the figures of those of `days` that are over. Raises BackendError."""
    st.header("All gyms", anchor=False)
    stores = cache.stores().items
    last = min(days.last, newest_day(stores, now))
    st.caption(
        "Whole days that are over, each by its gym's own clock: today is not among them. Choose a gym for its "
        "machines, hours, medians and compliance corrected by reviews."
    )
    if days.first > last:
        st.info(f"None of these days is over in every gym, for an hour at least. The last one that is: {last}.")
        return
    query = DaysQuery(first_day=days.first, last_day=last)
    try:
        found = cache.days(query)
    except Refused as error:
        if error.status != HTTPStatus.SERVICE_UNAVAILABLE:
            raise
        st.info(f"Figures are still being computed. This page asks again by itself every {REFRESH_S:g} seconds.")
        st.text(str(error))
        rerun_when_changed(lambda: cache.days(query), None)
        return
    show_figures(gym_rows(found, store_names(stores)), key="chain_gyms", alt="Figures of each gym")
    show_figures(day_rows(found), key="chain_days", alt="Figures of all gyms by day")


def newest_day(stores: Iterable[StoreState], now: datetime) -> date:
    """The last day that is given of all stores: of those without a time zone it is one of UTC."""
    zones = {store.settings.tz if store.settings else "UTC" for store in stores} or {"UTC"}
    return min((now - SETTLED).astimezone(ZoneInfo(zone)).date() for zone in zones) - timedelta(days=1)


def gym_rows(found: DayStats, names: Mapping[str, str]) -> list[dict[str, object]]:
    """A row for all gyms together, and one for each, by name; a figure that does not exist is None, never 0."""
    rows = [{"Gym": names.get(of.store_id, of.store_id), **figure_cells(of)} for of in found.stores]
    return [{"Gym": "All gyms", **figure_cells(found.total)}, *sorted(rows, key=lambda row: str(row["Gym"]).casefold())]


def day_rows(found: DayStats) -> list[dict[str, object]]:
    """A row for each day, the newest first."""
    return [{"Day": of.day, **figure_cells(of)} for of in reversed(found.days)]
