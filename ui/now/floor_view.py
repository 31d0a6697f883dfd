"""The floor beside the cards: a page of cameras, each asked for a new picture now and then while somebody sees it."""

from pathlib import Path

import streamlit as st

from backend_api.contract.floor import Floor
from ui.client import cache
from ui.client.context import browser_url
from ui.now.cards import cards_of, ended_cameras, titles_of
from ui.now.floor import PictureData, floor_query, picture_of, to_be_asked
from ui.now.snapshot import Snapshot
from ui.text.local_time import Zone
from ui.widgets.over_picture import OVER_PICTURE_CSS

_CURSORS = "floor_cursors"
_FOLDER = Path(__file__).parent
_component = st.components.v2.component(
    "floor",
    html='<div class="floor"></div>',
    css=OVER_PICTURE_CSS + (_FOLDER / "floor.css").read_text(encoding="utf-8"),
    js=(_FOLDER / "floor.js").read_text(encoding="utf-8"),
)


def is_wanted() -> bool:
    """Draw the switch that shows the floor, which is part of the address; whether it is on."""
    return st.toggle(
        "Floor",
        value=True,
        key="floor",
        bind="query-params",
        help="What each camera saw last, with the machines in the colour of their state. While this is open, each"
        " camera is asked for a new picture once a minute.",
    )


def read_floor(store_id: str | None) -> Floor:
    """The page of cameras that is shown, or the last before it with any. Raises BackendError."""
    cursors = _cursors(store_id)
    while cursors:
        if (floor := cache.floor(floor_query(store_id, cursors[-1]))).items:
            return floor
        cursors.pop()  # its cameras were forgotten meanwhile
    return cache.floor(floor_query(store_id, None))


def show_floor(floor: Floor, snapshot: Snapshot, zone: Zone, store_id: str | None) -> None:
    """Draw it, with the way to further cameras, and have old pictures renewed."""
    now = snapshot.at
    cards = cards_of(snapshot.machines, now, zone, ended_cameras(snapshot.cameras))
    titles = titles_of([(camera.store_id, camera.camera_id) for camera in snapshot.cameras])
    pictures: list[PictureData] = [
        picture_of(
            camera,
            cards,
            titles.get((camera.store_id, camera.camera_id), ""),
            None if camera.still_url is None else browser_url(camera.still_url),
            now,
            zone,
        )
        for camera in floor.items
    ]
    _component(key="floor_pictures", data={"cameras": pictures})
    _show_paging(floor, store_id)
    for camera in to_be_asked(floor.items, snapshot.cameras, now):
        cache.ask_for_floor(camera.store_id, camera.camera_id)


def _show_paging(floor: Floor, store_id: str | None) -> None:
    cursors = _cursors(store_id)
    if not cursors and floor.next_cursor is None:
        return
    with st.container(horizontal=True):
        if cursors:
            st.button("Cameras before", key="floor_back", on_click=_go_back, args=(cursors,))
        if floor.next_cursor is not None:
            st.button("More cameras", key="floor_on", on_click=cursors.append, args=(floor.next_cursor,))


def _go_back(cursors: list[str]) -> None:
    cursors.pop()


def _cursors(store_id: str | None) -> list[str]:
    """Where the pages up to the one that is shown began; those of another gym's list are none of this one."""
    kept: tuple[str | None, list[str]] = st.session_state.get(_CURSORS, (store_id, []))
    if kept[0] != store_id:
        kept = (store_id, [])
    st.session_state[_CURSORS] = kept
    return kept[1]
