"""The desk of each camera, kept for as long as the browser's session lasts, and the steps that widgets take on it."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from ui.setup.desk import Desk, Machines, begin, caught_up, with_corners, with_words
from ui.setup.zone_picture import read_drawn


@dataclass(frozen=True, slots=True)
class DeskKeys:
    """Under which names a camera's desk and its widgets are kept; names of cameras hold no slash."""

    store_id: str
    camera_id: str

    @property
    def desk(self) -> str:
        """The desk."""
        return f"desk/{self.store_id}/{self.camera_id}"

    def widget(self, name: str, *parts: object) -> str:
        """A widget of this camera's; another `parts` makes another one, which begins anew."""
        return "/".join(map(str, (name, self.store_id, self.camera_id, *parts)))


def open_desk(keys: DeskKeys, machines: Machines) -> Desk:
    """The camera's desk, caught up with the `machines` that the edge has."""
    desk: Desk | None = st.session_state.get(keys.desk)
    return keep_desk(keys, begin(machines) if desk is None else caught_up(desk, machines))


def keep_desk(keys: DeskKeys, desk: Desk) -> Desk:
    """Keep `desk`, and return it."""
    st.session_state[keys.desk] = desk
    return desk


def take_step(keys: DeskKeys, step: Callable[[Desk], Desk]) -> None:
    """Replace the desk by what `step` makes of it."""
    keep_desk(keys, step(st.session_state[keys.desk]))


def take_drawn(keys: DeskKeys) -> None:
    """Take over what was clicked, unless something else has changed the zone meanwhile."""
    desk: Desk = st.session_state[keys.desk]
    drawn = read_drawn(keys.widget("picture"))
    if drawn is not None and drawn.revision == desk.picture:
        keep_desk(keys, with_corners(desk, drawn.corners, is_open=drawn.open, source="picture"))


def take_words(keys: DeskKeys, name_key: str, id_key: str) -> None:
    """Take over what was typed."""
    desk: Desk = st.session_state[keys.desk]
    machine_id = st.session_state.get(id_key, desk.work.machine_id)
    keep_desk(keys, with_words(desk, name=st.session_state[name_key], machine_id=machine_id))
