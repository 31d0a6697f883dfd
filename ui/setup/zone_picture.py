"""A camera's still with all zones drawn over it, on which clicks set the corners of one."""

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import streamlit as st
from pydantic import BaseModel, ValidationError

from backend_api.contract.values import Coordinate
from ui.setup.zone_draft import ZoneDraft

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


def show_zone_picture(key: str, draft: ZoneDraft, still: bytes | None, alt: str, on_drawn: Callable[[], None]) -> None:
    """Draw the picture (JPEG, or a blank one) under `key`; `on_drawn` is called when `read_drawn` has something new."""
    # Declared anew at each drawing: a declaration belongs to the runtime, which tests have many of.
    component = st.components.v2.component(_NAME, html=_HTML, css=_CSS, js=_JS)
    edit = draft.edit
    component(
        key=key,
        data={
            "picture": None if still is None else f"data:image/jpeg;base64,{b64encode(still).decode()}",
            "alt": alt,
            "zones": [
                {"name": machine.name, "corners": machine.zone}
                for machine in draft.machines
                if machine.machine_id != draft.chosen
            ],
            "revision": draft.picture,
            "corners": edit.corners,
            "open": edit.is_open,
            "name": edit.name,
        },
        on_drawn_change=on_drawn,
    )


def read_drawn(key: str) -> Drawn | None:
    """The latest clicks in the picture under `key`; None without any."""
    try:
        return Drawn.model_validate(st.session_state[key].drawn)
    except (KeyError, AttributeError, ValidationError):
        return None
