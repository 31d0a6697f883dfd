"""The draft of each camera, kept for as long as the browser's session lasts, and the steps that widgets take on it."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from ui.setup.zone_draft import Machines, ZoneDraft, new_draft, updated, with_corners, with_words
from ui.setup.zone_picture import read_drawn


@dataclass(frozen=True, slots=True)
class DraftKeys:
    """Under which names a camera's draft and its widgets are kept; names of cameras hold no slash."""

    store_id: str
    camera_id: str

    @property
    def draft(self) -> str:
        """The draft."""
        return f"draft/{self.store_id}/{self.camera_id}"

    def widget(self, name: str, *parts: object) -> str:
        """A widget of this camera's; another `parts` makes another one, which begins anew."""
        return "/".join(map(str, (name, self.store_id, self.camera_id, *parts)))


def open_draft(keys: DraftKeys, machines: Machines) -> ZoneDraft:
    """The camera's draft, caught up with the `machines` that the edge has."""
    draft: ZoneDraft | None = st.session_state.get(keys.draft)
    return keep_draft(keys, new_draft(machines) if draft is None else updated(draft, machines))


def keep_draft(keys: DraftKeys, draft: ZoneDraft) -> ZoneDraft:
    """Keep `draft`, and return it."""
    st.session_state[keys.draft] = draft
    return draft


def apply_step(keys: DraftKeys, step: Callable[[ZoneDraft], ZoneDraft]) -> None:
    """Replace the draft by what `step` makes of it."""
    keep_draft(keys, step(st.session_state[keys.draft]))


def apply_drawn(keys: DraftKeys) -> None:
    """Take over the clicked corners, unless another step has changed the zone meanwhile."""
    draft: ZoneDraft = st.session_state[keys.draft]
    drawn = read_drawn(keys.widget("picture"))
    if drawn is not None and drawn.revision == draft.picture:
        keep_draft(keys, with_corners(draft, drawn.corners, is_open=drawn.open, source="picture"))


def apply_words(keys: DraftKeys, name_key: str, id_key: str, kind_key: str) -> None:
    """Take over the typed words."""
    draft: ZoneDraft = st.session_state[keys.draft]
    machine_id = st.session_state.get(id_key, draft.edit.machine_id)
    keep_draft(
        keys, with_words(draft, name=st.session_state[name_key], machine_id=machine_id, kind=st.session_state[kind_key])
    )
