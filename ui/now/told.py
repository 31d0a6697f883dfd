"""What was told lately, and to whom, with a button that says that somebody has seen it."""

from datetime import datetime, timedelta

import streamlit as st

from backend_api.contract.alerts import Alert
from backend_api.contract.people import Permission
from ui.client import cache
from ui.client.api import BackendError
from ui.client.context import api
from ui.client.sign_in import may, signed_in_name
from ui.text.alerts import alert_badge, state_in_words, told_in_words
from ui.text.local_time import Zone
from ui.text.words import plain

SETUP = "views/setup.py"
SHOWN = 6
REACH = timedelta(hours=24)
ANONYMOUS = "operator"
_NAME_KEY = "seen_by"


def worth_showing(alerts: list[Alert], now: datetime) -> list[Alert]:
    """What lasts, first, and what was told within REACH, the newest first; each once. Pure."""
    recent = {one.id: one for one in alerts if one.lasts or (one.over_at or one.at) > now - REACH}
    return sorted(recent.values(), key=lambda one: not one.lasts or one.acknowledged_at is not None)


def show_told(now: datetime, zone: Zone, store_id: str | None) -> None:
    """Draw it; nothing while nothing was told."""
    # What has lasted for long may lie behind many newer ones.
    found = worth_showing([*cache.alerts(store_id, lasts=True).items, *cache.alerts(store_id).items], now)
    shown = found[:SHOWN]
    if not shown:
        return
    with st.container(border=True, key="told", gap="xsmall"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.header("Alerts", anchor=False, width="content")
            if may(Permission.MANAGE, everywhere=True) and not any(alert.told for alert in shown):
                st.page_link(SETUP, label="Nobody is told: choose who is, in Setup")
            elif len(found) > SHOWN:
                st.page_link(SETUP, label="More in Setup")
        for alert in shown:
            _show(alert, now, zone)


def _show(alert: Alert, now: datetime, zone: Zone) -> None:
    colour, word = alert_badge(alert)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        with st.container(gap=None):
            st.markdown(f":{colour}-badge[{word}] {plain(alert.text)}")
            st.caption(plain(f"{state_in_words(alert, now, zone)}; {told_in_words(alert)}"))
        # What is of the whole installation is acknowledged by who sees all of it.
        is_theirs = may(Permission.REVIEW, everywhere=alert.store_id is None)
        if alert.acknowledged_at is None and alert.over_at is None and is_theirs:
            with st.popover("Seen", width="content", key=f"seen-{alert.id}"):
                st.caption("It is not told again.")
                if signed_in_name() is None:
                    st.text_input("Seen by", key=f"{_NAME_KEY}-{alert.id}", placeholder=ANONYMOUS, max_chars=200)
                st.button("Mark as seen", key=f"acknowledge-{alert.id}", on_click=_acknowledge, args=(alert.id,))


def _acknowledge(alert_id: int) -> None:
    typed = str(st.session_state.get(f"{_NAME_KEY}-{alert_id}") or "").strip()
    try:
        api().acknowledge(alert_id, signed_in_name() or typed or ANONYMOUS)
    except BackendError as error:
        st.toast(plain(str(error)))
    cache.forget_answers()
