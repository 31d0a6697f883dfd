"""The page Now, drawn anew every few seconds: what needs attention first, then the day, then each machine."""

from pathlib import Path

import streamlit as st

from backend_api.base.clock import SystemClock
from backend_api.contract.floor import Floor
from ui.client.api import BackendError
from ui.now.attention import ALARMING, SHOWN_ITEMS, Item, items_of
from ui.now.cards import GroupData, ended_cameras, groups_of
from ui.now.floor_view import is_wanted, read_floor, show_floor
from ui.now.snapshot import Snapshot, in_figures, take_snapshot
from ui.now.told import show_told
from ui.text.commands import EDGE_COMMAND
from ui.text.local_time import Zone
from ui.text.machine_names import names_of
from ui.text.words import SESSION_WORDS, plain
from ui.widgets.mocked import show_mocked

REFRESH_S = 5.0
REVIEW = "views/review.py"
SETUP = "views/setup.py"
_FOLDER = Path(__file__).parent
_board = st.components.v2.component(
    "machine_board",
    html='<div class="board"></div>',
    css=(_FOLDER / "board.css").read_text(encoding="utf-8"),
    js=(_FOLDER / "board.js").read_text(encoding="utf-8"),
)


@st.fragment(run_every=REFRESH_S)
def show_now(zone: Zone, store_id: str | None = None) -> None:
    """Draw the page as it is now. When the backend cannot answer any more, the page is run again, and says so."""
    now = SystemClock().now()
    try:
        snapshot = take_snapshot(now, zone, store_id)
    except BackendError:
        st.rerun()
    st.caption(plain(f"{zone.day(now)}, times in {zone.name}"))
    if not snapshot.machines and not snapshot.cameras:
        _show_nothing()
        return
    show_mocked(snapshot.cameras, snapshot.model)
    _show_attention(snapshot, zone)
    try:
        show_told(now, zone, store_id)
    except BackendError:
        st.rerun()
    _show_today(snapshot)
    try:
        floor = read_floor(store_id) if is_wanted() else Floor(items=[])
    except BackendError:
        st.rerun()
    board, beside = st.columns(2, gap="medium") if floor.items else (st.container(), st.container())
    with beside:
        if floor.items:
            show_floor(floor, snapshot, zone, store_id)
    with board:
        picked = _show_board(groups_of(snapshot.machines, now, zone, ended_cameras(snapshot.cameras)))
    if picked:
        st.switch_page(REVIEW, query_params={"session": picked})


def _show_nothing() -> None:
    st.header("No machines yet", anchor=False)
    st.markdown("Start an edge on a video, from the project's folder:")
    st.code(EDGE_COMMAND, language=None, wrap_lines=True)
    st.caption("This page fills by itself.")


def _show_attention(snapshot: Snapshot, zone: Zone) -> None:
    items = items_of(
        snapshot.cameras, snapshot.sessions, names_of(snapshot.machines), snapshot.at, zone, snapshot.storage
    )
    with st.container(border=True, key="attention" if items else "calm", gap="xsmall"):
        if not items:
            st.markdown(":green-badge[All well] Nothing of the last 24 hours needs attention.")
            return
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.header("Needs attention", anchor=False, width="content")
            if snapshot.sessions:
                _show_way_to_all(has_more=len(snapshot.sessions) > SHOWN_ITEMS)
        with st.container(key="attention_items"):
            for item in items:
                _show_item(item)


def _show_way_to_all(*, has_more: bool) -> None:
    query = {"outcome": [SESSION_WORDS[outcome] for outcome in ALARMING], "reviewed": "Not reviewed"}
    st.page_link(REVIEW, label="More, all in Review" if has_more else "All in Review", query_params=query)


def _show_item(item: Item) -> None:
    page, query = (SETUP, None) if item.session_id is None else (REVIEW, {"session": str(item.session_id)})
    label = f":{item.colour}-badge[{item.what}] **{plain(item.where)}** {item.when}"
    st.page_link(page, label=label, query_params=query, width="stretch")


def _show_today(snapshot: Snapshot) -> None:
    figures = [f"**{figure}** {what}" for figure, what in in_figures(snapshot.machines, snapshot.today)]
    with st.container(horizontal=True, gap="medium", key="today"):
        for figure in figures:
            st.markdown(figure, width="content")


def _show_board(groups: list[GroupData]) -> str | None:
    """Draw the cards; the id of the session whose card was clicked just now, if one was."""
    result = _board(key="board", data={"groups": groups}, on_picked_change=lambda: None)
    picked: str | None = result.picked
    return picked
