"""The page Now, drawn anew every few seconds: what needs attention first, then the day, then each machine."""

import streamlit as st

from backend_api.base.clock import SystemClock
from ui.client.api import BackendError
from ui.now.attention import ALARMING, SHOWN_ITEMS, Item, items_of
from ui.now.board import show_board
from ui.now.cards import groups_of
from ui.now.look import Look, take_look
from ui.now.today import in_figures
from ui.text.commands import EDGE_COMMAND
from ui.text.local_time import Zone
from ui.text.machine_names import names_of
from ui.text.markdown import plain
from ui.text.words import SESSION_WORDS

REFRESH_S = 5.0
REVIEW = "views/review.py"
SETUP = "views/setup.py"


@st.fragment(run_every=REFRESH_S)
def show_now(zone: Zone) -> None:
    """Draw the page as it is now. When the backend cannot answer any more, the page is run again, and says so."""
    now = SystemClock().now()
    try:
        look = take_look(now, zone)
    except BackendError:
        st.rerun()
    st.caption(f"{zone.day(now)}, times in {zone.name}")
    if not look.machines and not look.cameras:
        _show_nothing()
        return
    _show_attention(look, zone)
    _show_today(look)
    if picked := show_board(groups_of(look.machines, now, zone)):
        st.switch_page(REVIEW, query_params={"session": picked})


def _show_nothing() -> None:
    st.header("No machines yet", anchor=False)
    st.markdown("Let the edge watch a video, from the project's folder:")
    st.code(EDGE_COMMAND, language=None, wrap_lines=True)
    st.caption("This page fills by itself.")


def _show_attention(look: Look, zone: Zone) -> None:
    items = items_of(look.cameras, look.sessions, names_of(look.machines), look.at, zone)
    with st.container(border=True, key="attention" if items else "calm", gap="xsmall"):
        if not items:
            st.markdown(":green-badge[All well] Nothing of the last 24 hours needs attention.")
            return
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.header("Needs attention", anchor=False, width="content")
            if look.sessions:
                _show_way_to_all(has_more=len(look.sessions) > SHOWN_ITEMS)
        with st.container(key="attention_items"):
            for item in items:
                _show_item(item)


def _show_way_to_all(*, has_more: bool) -> None:
    query = {"outcome": [SESSION_WORDS[outcome] for outcome in ALARMING], "reviewed": "Not reviewed"}
    st.page_link(REVIEW, label="More, all in Review" if has_more else "All in Review", query_params=query)


def _show_item(item: Item) -> None:
    page, query = (SETUP, None) if item.session_id is None else (REVIEW, {"session": str(item.session_id)})
    label = f":{item.color}-badge[{item.what}] **{plain(item.where)}** {item.when}"
    st.page_link(page, label=label, query_params=query, width="stretch")


def _show_today(look: Look) -> None:
    figures = [f"**{figure}** {what}" for figure, what in in_figures(look.machines, look.today)]
    with st.container(horizontal=True, gap="medium", key="today"):
        for figure in figures:
            st.markdown(figure, width="content")
