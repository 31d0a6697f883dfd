"""The zone editor: the camera's still with all zones, the steps that change one, and the file that comes of it."""

from functools import partial

import streamlit as st

from backend_api.contract.cameras import CameraSetupState
from ui.setup.corner_table import show_corner_table
from ui.setup.desk import (
    Desk,
    choose,
    closed,
    deleted,
    dropped,
    id_of,
    kept,
    obstacles,
    reseeded,
    small_zone,
    with_corners,
    without_corners,
    without_last_corner,
)
from ui.setup.editing import DeskKeys, keep_desk, open_desk, take_drawn, take_step, take_words
from ui.setup.new_file import show_new_file
from ui.setup.zone_picture import show_zone_picture
from ui.text.local_time import Zone
from ui.text.markdown import plain

# No machine's id.
_NEW = ""


def show_zone_editor(setup: CameraSetupState, still: bytes | None, zone: Zone) -> None:
    """Draw the editor for the camera of `setup`; `still` is a JPEG, None when there is none."""
    _edit(DeskKeys(setup.store_id, setup.camera_id), setup, still, zone)


# A fragment: a click draws the editor again and leaves the rest of the page alone.
@st.fragment
def _edit(keys: DeskKeys, setup: CameraSetupState, still: bytes | None, zone: Zone) -> None:
    desk = open_desk(keys, setup.machines)
    picture_column, work_column = st.columns([3, 2], gap="medium")
    with work_column:
        _choose_machine(keys, desk)
        _show_words(keys, desk)
        desk = _show_table(keys, desk)
        _show_obstacles(desk)
        _show_steps(keys, desk)
    with picture_column:
        _show_hint(desk, setup, still, zone)
        names = ", ".join(machine.name for machine in desk.machines) or "none yet"
        show_zone_picture(
            keys.widget("picture"),
            desk,
            still,
            f"What camera {setup.camera_id} sees, with the zones of these machines: {names}",
            partial(take_drawn, keys),
        )
        _show_drawing_steps(keys, desk)
    show_new_file(keys, desk, setup)


def _choose_machine(keys: DeskKeys, desk: Desk) -> None:
    names = {_NEW: "A new machine"} | {machine.machine_id: machine.name for machine in desk.machines}
    options = list(names)
    # The options are part of the name: a widget whose options change forgets what was chosen.
    key = keys.widget("machine", desk.chosen, len(options))

    def take_choice() -> None:
        take_step(keys, partial(choose, machine_id=st.session_state[key] or None))

    st.selectbox(
        "Zone of",
        options,
        index=options.index(desk.chosen or _NEW),
        format_func=names.__getitem__,
        key=key,
        on_change=take_choice,
    )


def _show_words(keys: DeskKeys, desk: Desk) -> None:
    work, is_new = desk.work, desk.chosen is None
    # A new machine's fields begin empty again once the one before was added.
    parts = (desk.chosen, len(desk.machines)) if is_new else (desk.chosen, desk.chosen in desk.works)
    name_key, id_key = keys.widget("name", *parts), keys.widget("id", *parts)
    take = partial(take_words, keys, name_key, id_key)
    st.text_input("Name", value=work.name, key=name_key, on_change=take, max_chars=100, placeholder="Leg press 2")
    if is_new:
        st.text_input(
            "Id, which goes into every event",
            value=work.machine_id,
            key=id_key,
            on_change=take,
            max_chars=64,
            placeholder=id_of(desk) or "leg_press_2",
        )
    else:
        st.caption(f"Id {desk.chosen}. It stays, so that events from before still count for this machine.")


def _show_table(keys: DeskKeys, desk: Desk) -> Desk:
    # What was typed into a table is forgotten while it is not drawn, as when the backend is away; the desk knows it.
    if desk.seed != desk.work.corners and keys.widget("table", desk.table) not in st.session_state:
        desk = keep_desk(keys, reseeded(desk))
    with st.expander("Corners as numbers"):
        st.caption("From 0 (left, top) to 1 (right, bottom), in order around the zone.")
        corners = show_corner_table(keys.widget("table", desk.table), desk.seed, "Corners of the zone")
    if corners == desk.work.corners:
        return desk
    return keep_desk(keys, with_corners(desk, corners, is_open=desk.work.is_open, source="table"))


def _show_obstacles(desk: Desk) -> None:
    """What is wrong, once there is something that could be."""
    if desk.work.is_open and len(desk.work.corners) < 3:
        return
    if found := obstacles(desk):
        st.warning("  \n".join(plain(text) for text in found))
    elif warning := small_zone(desk):
        st.warning(plain(warning))


def _show_steps(keys: DeskKeys, desk: Desk) -> None:
    can_keep = not obstacles(desk) and (desk.chosen is None or desk.chosen in desk.works)
    with st.container(horizontal=True):
        st.button(
            "Add the machine" if desk.chosen is None else "Keep the changes",
            key=keys.widget("keep"),
            type="primary",
            disabled=not can_keep,
            on_click=take_step,
            args=(keys, kept),
        )
        if desk.chosen in desk.works and desk.chosen is not None:
            st.button("Undo all changes", key=keys.widget("drop"), on_click=take_step, args=(keys, dropped))
        if desk.chosen is not None:
            st.button("Delete the machine", key=keys.widget("delete"), on_click=take_step, args=(keys, deleted))


def _show_hint(desk: Desk, setup: CameraSetupState, still: bytes | None, zone: Zone) -> None:
    if still is None:
        st.info(
            "There is no picture of this camera yet: its edge sends one within seconds of its start and then every ten "
            "minutes, once the camera delivers frames. Start the edge, or draw in numbers meanwhile."
        )
    work = desk.work
    if not work.is_open:
        text = "To draw this zone anew, press Draw anew."
    elif len(work.corners) < 3:
        text = "Click the corners of the floor that a user's feet are on, one after the other."
    else:
        text = "Click the next corner, or the first one again to close the zone."
    when = f" Picture of {zone.full(setup.still_at)}." if still is not None and setup.still_at else ""
    st.caption(text + when)


def _show_drawing_steps(keys: DeskKeys, desk: Desk) -> None:
    work = desk.work
    with st.container(horizontal=True):
        step = partial(st.button, on_click=take_step)
        step("Undo last corner", key=keys.widget("undo"), args=(keys, without_last_corner), disabled=not work.corners)
        step(
            "Close the zone",
            key=keys.widget("close"),
            args=(keys, closed),
            disabled=not work.is_open or len(work.corners) < 3,
        )
        step("Draw anew", key=keys.widget("clear"), args=(keys, without_corners), disabled=not work.corners)
