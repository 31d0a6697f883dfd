"""The gyms' part of the page: name, time zone and opening hours of each."""

from zoneinfo import available_timezones

import streamlit as st

from backend_api.contract.people import Permission
from backend_api.contract.stores import StoreState
from ui.client import cache
from ui.client.api import BackendApi, BackendError
from ui.client.sign_in import may
from ui.setup.hours_text import WEEKDAYS, NotUnderstood, hours_text, read_settings, special_text
from ui.text.local_time import Zone
from ui.text.words import plain
from ui.widgets.store_choice import store_names

_NOTICE_KEY = "store_notice"
# Seven side by side on a laptop, two on a phone.
_DAY_PX = 140


def show_store_editor(api: BackendApi, stores: list[StoreState], zone: Zone) -> None:
    """Draw the choice of a gym where there are several, and the form that describes it."""
    if not stores:
        st.markdown("A gym is known as soon as one of its cameras has reported.")
        return
    names = store_names(stores)
    by_id = {store.store_id: store for store in stores}
    chosen = by_id[_choose(names)] if len(stores) > 1 else stores[0]
    if notice := st.session_state.pop(_NOTICE_KEY, None):
        (st.success if notice[0] else st.error)(plain(notice[1]))
    if may(Permission.MANAGE):
        _show_form(api, chosen, zone)
    else:
        _show_settings(chosen)
    if chosen.changed_at is not None:
        by = f" by {chosen.changed_by}" if chosen.changed_by else ""
        st.caption(plain(f"Changed{by} at {zone.full(chosen.changed_at)}."))


def _show_settings(store: StoreState) -> None:
    """What is known of the gym, for a person who may not change it."""
    settings = store.settings
    if settings is None:
        st.markdown("Nobody has described it yet.")
        return
    st.text(f"{settings.name}, times in {settings.tz}")
    if settings.hours is None:
        st.text("No opening hours: all hours count in the figures.")
        return
    for day, openings in zip(WEEKDAYS, settings.hours.days, strict=True):
        st.text(f"{day.capitalize()}: {hours_text(openings)}")
    if special := special_text(settings.special_days):
        st.text(special)


def _choose(names: dict[str, str]) -> str:
    ordered = sorted(names, key=lambda store_id: names[store_id].casefold())
    return st.selectbox("Gym to describe", ordered, format_func=names.__getitem__, key="described", width=300)


def _show_form(api: BackendApi, store: StoreState, zone: Zone) -> None:
    settings, of = store.settings, store.store_id
    hours = settings.hours if settings else None
    with st.form(f"store-{of}", border=True):
        left, right = st.columns(2)
        left.text_input("People call it", settings.name if settings else of, max_chars=100, key=f"store_name-{of}")
        zones = sorted(available_timezones())
        tz = settings.tz if settings else zone.name
        right.selectbox("Time zone", zones, index=zones.index(tz) if tz in zones else None, key=f"store_tz-{of}")
        st.markdown("Opening hours, such as 06:00-22:00, 16:00-02:00 over midnight, or closed; several with commas.")
        with st.container(horizontal=True, gap="small"):
            for day, openings in zip(WEEKDAYS, hours.days if hours else [None] * 7, strict=True):
                text = "" if openings is None else hours_text(openings)
                st.text_input(day.capitalize(), text, key=f"store_{day}-{of}", width=_DAY_PX)
        special = special_text(settings.special_days) if settings else ""
        st.text_area(
            "Special days, one a line", special, placeholder="2026-12-24: 10:00-14:00", key=f"store_special-{of}"
        )
        st.caption("Without any hours all hours count in the figures.")
        st.form_submit_button("Save", on_click=_save, args=(api, of))


def _save(api: BackendApi, store_id: str) -> None:
    def typed(name: str) -> str:
        return str(st.session_state.get(f"store_{name}-{store_id}") or "")

    try:
        days = {day: typed(day) for day in WEEKDAYS}
        api.put_store(store_id, read_settings(typed("name"), typed("tz"), days, typed("special")))
        st.session_state[_NOTICE_KEY] = (True, "Saved. The figures count these hours from now on, past days included.")
    except (NotUnderstood, BackendError) as error:
        st.session_state[_NOTICE_KEY] = (False, str(error))
    cache.forget_answers()
