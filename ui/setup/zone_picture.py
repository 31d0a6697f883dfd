"""A camera's still with all zones drawn over it, on which clicks set the corners of one."""

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import streamlit as st
from pydantic import BaseModel, ValidationError

from backend_api.contract.cameras import MachineSetup
from backend_api.contract.looks import Look, SeenPerson
from backend_api.contract.values import Coordinate
from ui.setup.zone_draft import ZoneDraft
from ui.text.seen import state_words
from ui.widgets.over_picture import OVER_PICTURE_CSS

_NAME = "zone_picture"
_CSS, _JS = (Path(__file__).with_name(name).read_text(encoding="utf-8") for name in (f"{_NAME}.css", f"{_NAME}.js"))
_HTML = """\
<div class="stage empty">
  <img hidden>
  <svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true"></svg>
  <div class="marks" aria-hidden="true"></div>
</div>
"""


class Drawn(BaseModel):
    """The clicked corners of the zone, whether it is still open, and the revision of the page that it followed."""

    revision: int
    corners: tuple[tuple[Coordinate, Coordinate], ...]
    open: bool


def show_zone_picture(
    key: str, draft: ZoneDraft, still: bytes | None, seen: Look | None, alt: str, on_drawn: Callable[[], None]
) -> None:
    """Draw the picture (JPEG, or a blank one) under `key`; `on_drawn` is called when `read_drawn` has something new.

    Who and what was `seen` in it is drawn over it.
    """
    # Declared anew at each drawing: a declaration belongs to the runtime, which tests have many of.
    component = st.components.v2.component(_NAME, html=_HTML, css=OVER_PICTURE_CSS + _CSS, js=_JS)
    edit = draft.edit
    component(
        key=key,
        data={
            "picture": None if still is None else f"data:image/jpeg;base64,{b64encode(still).decode()}",
            "alt": alt,
            "zones": [
                {"name": machine.name, "state": _state(machine, seen), "corners": machine.zone}
                for machine in draft.machines
                if machine.machine_id != draft.chosen
            ],
            "revision": draft.picture,
            "corners": edit.corners,
            "open": edit.is_open,
            "name": edit.name,
            "state": "" if draft.machine is None else _state(draft.machine, seen),
            "people": [] if seen is None else [_person(person) for person in seen.people],
        },
        on_drawn_change=on_drawn,
    )


def _state(machine: MachineSetup, seen: Look | None) -> str:
    """A machine's state where that was seen, else nothing."""
    states = [] if seen is None else [one for one in seen.machines if one.machine_id == machine.machine_id]
    return "".join(map(state_words, states))


def _person(person: SeenPerson) -> dict[str, object]:
    kind = "doubtful" if person.track_id is None else "inside" if person.zones else "outside"
    label = f"{person.score:.2f}" if person.track_id is None else f"{person.track_id} ({person.score:.2f})"
    return {"box": (person.left, person.top, person.right, person.bottom), "kind": kind, "label": label}


def read_drawn(key: str) -> Drawn | None:
    """The latest clicks in the picture under `key`; None without any."""
    try:
        return Drawn.model_validate(st.session_state[key].drawn)
    except (KeyError, AttributeError, ValidationError):
        return None
