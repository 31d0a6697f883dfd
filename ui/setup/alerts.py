"""The alerts' part of the page: each target, whether it answers, and the ledger of what was told."""

from datetime import datetime, timedelta

import streamlit as st

from backend_api.base.clock import SystemClock
from backend_api.contract.alerts import Alert, TargetState
from backend_api.contract.people import Permission
from ui.client import cache
from ui.client.api import BackendApi, BackendError
from ui.client.sign_in import may, signed_in_name
from ui.text.alerts import state_in_words, target_badge, told_in_words
from ui.text.local_time import Zone, moment
from ui.text.words import counted, plain

_NOTICE_KEY = "alert_notice"
# Tomorrow begins when people are at work.
_WAKES_AT_HOUR = 8
_CARD_PX = 376
OPERATOR = "operator"
HOW_TO = """\
targets:
  - name: phone
    url: ntfys://ntfy.sh/${NTFY_TOPIC}"""


def show_alerts(api: BackendApi, zone: Zone, store_id: str | None = None) -> None:
    """Draw the targets, and what was told last of the gym `store_id`, or of all."""
    now = SystemClock().now()
    # Targets are of all gyms.
    if may(Permission.LOOK, everywhere=True):
        _show_targets(api, now, zone)
    # What has lasted for long may lie behind many newer ones.
    found = [*cache.alerts(store_id, lasts=True).items, *cache.alerts(store_id).items]
    _show_ledger(list({alert.id: alert for alert in found}.values()), now, zone)


def _show_targets(api: BackendApi, now: datetime, zone: Zone) -> None:
    targets = api.alert_targets().items
    if notice := st.session_state.pop(_NOTICE_KEY, None):
        (st.success if notice[0] else st.error)(plain(notice[1]))
    if not targets:
        st.markdown("Nobody is told anything yet. Write a target into `backend_api/alerts.yaml`, such as")
        st.code(HOW_TO, language=None)
        st.markdown("and start the backend again with the environment variable set.")
    with st.container(horizontal=True):
        for target in targets:
            _show_target(api, target, now, zone)


def _show_target(api: BackendApi, target: TargetState, now: datetime, zone: Zone) -> None:
    colour, word = target_badge(target)
    with st.container(border=True, width=_CARD_PX, gap="xsmall", key=f"target-{target.name}"):
        st.markdown(f"**{plain(target.name)}** :{colour}-badge[{word}]")
        st.caption(plain(f"{target.way}: {target.limits}"))
        if target.last_at is not None:
            st.markdown(plain(f"{moment(target.last_at, now, zone)}: {target.last_answer or 'on its way'}"))
        if target.waiting:
            st.markdown(plain(f"{counted(target.waiting, 'alert')} not told yet"))
        if target.snoozed_until is not None:
            st.markdown(plain(f"Snoozed until {moment(target.snoozed_until, now, zone)} by {target.snoozed_by}"))
        if not may(Permission.MANAGE, everywhere=True):
            return
        with st.container(horizontal=True, gap="small"):
            st.button("Send a test", key=f"test-{target.name}", on_click=_send_test, args=(api, target.name))
            _show_snooze(api, target, now, zone)


def _show_snooze(api: BackendApi, target: TargetState, now: datetime, zone: Zone) -> None:
    if target.snoozed_until is not None:
        st.button("Wake", key=f"wake-{target.name}", on_click=_snooze, args=(api, target.name, None))
        return
    tomorrow = (now.astimezone(zone.info) + timedelta(days=1)).replace(
        hour=_WAKES_AT_HOUR, minute=0, second=0, microsecond=0
    )
    # The instants are those of the click, not of the drawing.
    for label, key, until in (("Snooze 1 h", "hour", None), ("Until tomorrow", "day", tomorrow)):
        st.button(label, key=f"{key}-{target.name}", on_click=_snooze_for, args=(api, target.name, until))


def _send_test(api: BackendApi, name: str) -> None:
    try:
        answer = api.send_test(name)
        st.session_state[_NOTICE_KEY] = (answer.is_ok, f"{name}: {answer.answer}")
    except BackendError as error:
        st.session_state[_NOTICE_KEY] = (False, str(error))


def _snooze_for(api: BackendApi, name: str, until: datetime | None) -> None:
    _snooze(api, name, until or SystemClock().now() + timedelta(hours=1))


def _snooze(api: BackendApi, name: str, until: datetime | None) -> None:
    try:
        api.snooze(name, until, signed_in_name() or OPERATOR)
    except BackendError as error:
        st.session_state[_NOTICE_KEY] = (False, str(error))


def _show_ledger(alerts: list[Alert], now: datetime, zone: Zone) -> None:
    if not alerts:
        st.caption("Nothing was worth telling yet.")
        return
    rows = [{"When": state_in_words(one, now, zone), "What": one.text, "Told": told_in_words(one)} for one in alerts]
    st.dataframe(rows, hide_index=True, width="stretch", height=min(400, 40 + 35 * len(rows)))
