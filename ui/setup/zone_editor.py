"""The zone editor: the camera's still with all zones, the steps that change one, and the file that comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from backend_api.contract.cameras import CameraSetupState
from backend_api.contract.looks import Look
from backend_api.contract.zones import Point
from ui.client.api import BackendApi
from ui.setup.config_file import show_new_file
from ui.setup.editing import DraftKeys, apply_drawn, apply_step, apply_words, keep_draft, open_draft
from ui.setup.look import belongs_to, show_asking, show_seen
from ui.setup.privacy import is_area, keeps_pictures, new_area, privacy_words, zones_of
from ui.setup.zone_draft import (
    KIND_CHARACTERS,
    ZoneDraft,
    choose,
    closed,
    deleted,
    discarded,
    id_of,
    known_kinds,
    obstacles,
    reseeded,
    saved,
    small_zone,
    with_corners,
    without_corners,
    without_last_corner,
)
from ui.setup.zone_picture import show_zone_picture
from ui.setup.zone_saving import show_saving
from ui.text.local_time import Zone
from ui.text.words import plain

_KIND_HELP = "Machines of one kind stand in for each other: the page Usage tells how often one of them was free."
# No machine's id.
_NEW = ""


@dataclass(frozen=True, slots=True)
class EditedCamera:
    """What is known of the camera whose zones are shown: its last look, its still as a JPEG, None where there is none.

    Times are told in the time zone `zone`.
    """

    setup: CameraSetupState
    look: Look | None
    still: bytes | None
    zone: Zone

    @property
    def keys(self) -> DraftKeys:
        """The keys of its draft."""
        return DraftKeys(self.setup.store_id, self.setup.camera_id)

    def in_words(self, draft: ZoneDraft) -> str:
        """Its picture, for who does not see it."""
        names = ", ".join(machine.name for machine in draft.machines) or "none yet"
        return f"Picture of camera {self.setup.camera_id} with the zones of these machines: {names}"


def show_zone_editor(backend: BackendApi, camera: EditedCamera, *, may_change: bool = True) -> None:
    """Draw the editor for `camera`; without `may_change` the picture with its zones is drawn alone."""
    if may_change:
        _edit(backend, camera)
    else:
        _show_picture(backend, camera)


# A fragment: a click draws the editor again and leaves the rest of the page alone.
@st.fragment
def _edit(backend: BackendApi, camera: EditedCamera) -> None:
    keys, setup = camera.keys, camera.setup
    draft = open_draft(keys, zones_of(setup))
    picture_column, edit_column = st.columns([3, 2], gap="medium")
    with edit_column:
        _choose_machine(keys, draft)
        _show_words(keys, draft)
        draft = _show_table(keys, draft)
        _show_obstacles(draft)
        _show_steps(keys, draft)
    if words := privacy_words(setup):
        st.caption(plain(f"Privacy: {words}"))
    with picture_column:
        _show_hint(draft, camera)
        seen = _ask_and_choose(backend, camera)
        show_zone_picture(
            keys.widget("picture"), draft, camera.still, seen, camera.in_words(draft), partial(apply_drawn, keys)
        )
        _show_drawing_steps(keys, draft)
        if seen is not None:
            show_seen(seen, setup, camera.zone)
    if setup.takes_zones:
        show_saving(backend, keys, draft, setup, camera.zone)
    else:
        show_new_file(keys, draft, setup)


def _ask_and_choose(backend: BackendApi, camera: EditedCamera) -> Look | None:
    """Draw the button that asks for a look; the look that is to be drawn into the picture, if one is."""
    show_asking(backend, camera.keys, camera.setup, camera.look)
    is_shown = belongs_to(camera.look, camera.setup) and st.toggle(
        "Who and what was seen", value=True, key=camera.keys.widget("seen")
    )
    return camera.look if is_shown else None


def _show_picture(backend: BackendApi, camera: EditedCamera) -> None:
    """What the edge watches and sees, for a person who may not change it."""
    draft = open_draft(camera.keys, zones_of(camera.setup))
    st.caption(plain(f"Machines: {', '.join(machine.name for machine in draft.machines) or 'none yet'}"))
    seen = _ask_and_choose(backend, camera)
    show_zone_picture(camera.keys.widget("picture"), draft, camera.still, seen, camera.in_words(draft), lambda: None)
    if seen is not None:
        show_seen(seen, camera.setup, camera.zone)
    if words := privacy_words(camera.setup):
        st.caption(plain(f"Privacy: {words}"))


def _choose_machine(keys: DraftKeys, draft: ZoneDraft) -> None:
    is_new_area = draft.chosen is None and is_area(id_of(draft))
    names = {_NEW: "A new black area" if is_new_area else "A new machine"} | {
        machine.machine_id: machine.name for machine in draft.machines
    }
    options = list(names)
    # The options are part of the name: a widget whose options change forgets what was chosen.
    key = keys.widget("machine", draft.chosen, len(options), *(["area"] if is_new_area else []))

    def take_choice() -> None:
        apply_step(keys, partial(choose, machine_id=st.session_state[key] or None))

    st.selectbox(
        "Zone of",
        options,
        index=options.index(draft.chosen or _NEW),
        format_func=names.__getitem__,
        key=key,
        on_change=take_choice,
    )
    st.button(
        "Draw a black area",
        key=keys.widget("area"),
        on_click=apply_step,
        args=(keys, new_area),
        help="A part of the picture that nobody may see: a changing room's door, a desk, a neighbour's window.",
    )


def _show_words(keys: DraftKeys, draft: ZoneDraft) -> None:
    edit, is_new = draft.edit, draft.chosen is None
    if is_area(id_of(draft)):
        st.caption("An area has no name in events. It is black in every picture before that is written or sent.")
        return
    # A new machine's fields begin empty again once the one before was added.
    parts = (draft.chosen, len(draft.machines)) if is_new else (draft.chosen, draft.chosen in draft.edits)
    name_key, id_key, kind_key = (keys.widget(name, *parts) for name in ("name", "id", "kind"))
    take = partial(apply_words, keys, name_key, id_key, kind_key)
    st.text_input("Name", value=edit.name, key=name_key, on_change=take, max_chars=100, placeholder="Leg press 2")
    kinds = known_kinds(draft)
    st.text_input(
        "Kind (optional)",
        value=edit.kind,
        key=kind_key,
        on_change=take,
        max_chars=KIND_CHARACTERS,
        placeholder=kinds[0] if kinds else "treadmill",
        help=plain(_KIND_HELP + (f" Of this camera: {', '.join(kinds)}." if kinds else "")),
    )
    if is_new:
        st.text_input(
            "Id in events",
            value=edit.machine_id,
            key=id_key,
            on_change=take,
            max_chars=64,
            placeholder=id_of(draft) or "leg_press_2",
        )
    else:
        st.caption(plain(f"Id {draft.chosen}. It stays, so that events from before still count for this machine."))


def _show_table(keys: DraftKeys, draft: ZoneDraft) -> ZoneDraft:
    # Streamlit forgets the content of a table that is not drawn, as when the backend is away; the draft has it.
    if draft.seed != draft.edit.corners and keys.widget("table", draft.table) not in st.session_state:
        draft = keep_draft(keys, reseeded(draft))
    with st.expander("Corners as numbers"):
        st.caption("From 0 (left, top) to 1 (right, bottom), in order around the zone.")
        corners = show_corner_table(keys.widget("table", draft.table), draft.seed, "Corners of the zone")
    if corners == draft.edit.corners:
        return draft
    return keep_draft(keys, with_corners(draft, corners, is_open=draft.edit.is_open, source="table"))


def _show_obstacles(draft: ZoneDraft) -> None:
    """Draw what keeps the edit from becoming a machine, once it has enough corners."""
    if draft.edit.is_open and len(draft.edit.corners) < 3:
        return
    if found := obstacles(draft):
        st.warning("  \n".join(plain(text) for text in found))
    elif not is_area(id_of(draft)) and (warning := small_zone(draft)):
        st.warning(plain(warning))


def _show_steps(keys: DraftKeys, draft: ZoneDraft) -> None:
    what = "area" if is_area(id_of(draft)) else "machine"
    can_keep = not obstacles(draft) and (draft.chosen is None or draft.chosen in draft.edits)
    with st.container(horizontal=True):
        st.button(
            "Keep the changes" if draft.chosen else f"Add the {what}",
            key=keys.widget("keep"),
            type="primary",
            disabled=not can_keep,
            on_click=apply_step,
            args=(keys, saved),
        )
        if draft.chosen in draft.edits and draft.chosen is not None:
            st.button("Undo all changes", key=keys.widget("drop"), on_click=apply_step, args=(keys, discarded))
        if draft.chosen is not None:
            st.button(f"Delete the {what}", key=keys.widget("delete"), on_click=apply_step, args=(keys, deleted))


def _show_hint(draft: ZoneDraft, camera: EditedCamera) -> None:
    setup, still = camera.setup, camera.still
    if not keeps_pictures(setup):
        st.info("This camera keeps no pictures, by its privacy setting: enter the corners as numbers.")
    elif still is None:
        st.info(
            "There is no picture of this camera yet: its edge sends one within seconds of its start and then every ten "
            "minutes, once the camera delivers frames. Start the edge, or enter the corners as numbers."
        )
    edit = draft.edit
    if not edit.is_open:
        text = "To draw this zone anew, press Draw anew."
    elif len(edit.corners) < 3:
        what = "what must be black" if is_area(id_of(draft)) else "the floor that a user's feet are on"
        text = f"Click the corners of {what}, one after the other."
    else:
        text = "Click the next corner, or the first one again to close the zone."
    when = f" Picture of {camera.zone.full(setup.still_at)}." if still is not None and setup.still_at else ""
    st.caption(plain(text + when))


def _show_drawing_steps(keys: DraftKeys, draft: ZoneDraft) -> None:
    edit = draft.edit
    with st.container(horizontal=True):
        step = partial(st.button, on_click=apply_step)
        step("Undo last corner", key=keys.widget("undo"), args=(keys, without_last_corner), disabled=not edit.corners)
        step(
            "Close the zone",
            key=keys.widget("close"),
            args=(keys, closed),
            disabled=not edit.is_open or len(edit.corners) < 3,
        )
        step("Draw anew", key=keys.widget("clear"), args=(keys, without_corners), disabled=not edit.corners)


def show_corner_table(key: str, seed: Sequence[Point], alt: str) -> tuple[Point, ...]:
    """Draw the table, which began with `seed` under `key`; the corners that are in it by now."""
    edited = st.data_editor(
        np.array(seed, float).reshape(-1, 2),
        key=key,
        num_rows="dynamic",
        hide_index=True,
        column_config={"0": _share("x"), "1": _share("y")},
        alt=alt,
    )
    return corners_of(edited)


def corners_of(table: npt.NDArray[np.float64]) -> tuple[Point, ...]:
    """The corners in a table of x and y (n x 2); a row that is not filled in yet is none."""
    numbers = np.asarray(table, float)
    return tuple((float(x), float(y)) for x, y in numbers if not np.isnan([x, y]).any())


def _share(label: str) -> ColumnConfig:
    return st.column_config.NumberColumn(label, min_value=0.0, max_value=1.0, step=0.0001, format="%.4f")
