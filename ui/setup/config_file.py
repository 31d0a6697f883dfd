"""The edge's configuration file with other machines in it, all else as it was: to copy, or to download."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st
import yaml

from backend_api.contract.cameras import CameraSetupState, MachineSetup
from ui.setup.editing import DraftKeys, apply_step
from ui.setup.privacy import is_area, with_areas, zones_of
from ui.setup.zone_draft import Machines, ZoneDraft, restarted
from ui.text.words import plain

# The edge cuts names to this length before it sends them.
_NAME_CHARACTERS = 100


class NotYaml(ValueError):
    """The configuration that the edge sent cannot be read."""


def new_config(config: str | None, machines: Machines) -> str:
    """`config`, the edge's present one as YAML, with `machines` in the place of its own; each keeps its own rules.

    Those among them that are black areas become `privacy.areas`.

    Of an edge with several cameras `config` is this one's part: then it is an entry of its section `cameras`. Without
    `config` it is the section `machines` alone. Raises NotYaml.
    """
    settings = _read(config)
    known = {entry.get("machine_id"): entry for entry in settings.get("machines") or []}
    settings["machines"] = [
        _entry(machine, known.get(machine.machine_id, {})) for machine in machines if not is_area(machine.machine_id)
    ]
    settings = with_areas(settings, machines)
    file = [settings] if _is_one_of_several(settings) else settings
    return yaml.safe_dump(file, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100)


def _read(config: str | None) -> dict[str, Any]:
    try:
        settings = yaml.safe_load(config) if config else {}
    except yaml.YAMLError as error:
        raise NotYaml(f"the configuration that the edge sent is no YAML: {error}") from error
    if not isinstance(settings, dict):
        raise NotYaml("the configuration that the edge sent has no sections")
    return settings


def _is_one_of_several(settings: Mapping[str, Any]) -> bool:
    """Whether these are the settings of one of an edge's cameras, not those of an edge."""
    return "camera_id" in settings


def _entry(machine: MachineSetup, known: Mapping[str, Any]) -> dict[str, Any]:
    # A long name was cut on its way here: as long as nobody changes it, the file keeps it whole.
    is_same_name = str(known.get("name", ""))[:_NAME_CHARACTERS] == machine.name
    return {
        "machine_id": machine.machine_id,
        "name": known["name"] if is_same_name else machine.name,
        **({} if machine.kind is None else {"kind": machine.kind}),
        "zone": [list(corner) for corner in machine.zone],
        **{key: value for key, value in known.items() if key not in {"machine_id", "name", "kind", "zone"}},
    }


def show_new_file(keys: DraftKeys, draft: ZoneDraft, setup: CameraSetupState) -> None:
    """Draw the file with the draft's machines, and the way to the edge."""
    st.subheader("Configuration file", anchor=False)
    present = zones_of(setup)
    if draft.machines != present and draft.origin != present:
        st.warning("The edge's zones have changed since you began.")
    if all(is_area(machine.machine_id) for machine in draft.machines):
        st.markdown("An edge watches at least one machine: draw one.")
        return
    try:
        text = new_config(setup.config, draft.machines)
    except NotYaml as error:
        st.text(f"{str(error).capitalize()}. Start the edge again: it sends its configuration when it starts.")
        return
    is_one_of_several = _is_one_of_several(_read(setup.config))
    _show_way(draft, setup, is_one_of_several=is_one_of_several)
    with st.container(horizontal=True):
        st.download_button(
            "Download the entry" if is_one_of_several else "Download the file",
            text,
            file_name=_file_name(setup),
            mime="application/yaml",
            key=keys.widget("download"),
            on_click="ignore",
            type="primary" if draft.is_changed else "secondary",
        )
        if not draft.is_untouched:
            step = partial(restarted, machines=present)
            label = "Discard, and begin with the edge's zones"
            st.button(label, key=keys.widget("again"), on_click=apply_step, args=(keys, step))
    with st.expander("Show the file, to copy it"):
        st.code(text, language="yaml", line_numbers=False)


def _show_way(draft: ZoneDraft, setup: CameraSetupState, *, is_one_of_several: bool) -> None:
    if draft.edits:
        st.markdown("A drawn zone enters the file when you add its machine or keep its changes.")
    if not draft.is_changed:
        st.markdown("No changes yet: this is the edge's own configuration.")
        return
    if is_one_of_several:
        st.markdown(
            f"The edge watches several cameras. In its configuration put these lines in the place of the entry of "
            f"{plain(setup.camera_id)} in `cameras`, keep the entry's line `video`, and start the edge again."
        )
        return
    name = _file_name(setup)
    if setup.config is None:
        st.markdown(
            "The edge does not send its file, because it holds a password or is too long. Replace its sections of "
            "these names by these lines, and start the edge again."
        )
        return
    st.markdown(f"Copy {plain(name)} to the edge's computer, stop the edge (Ctrl-C), and start it again with the file:")
    st.code(
        "python edge_service/main.py --video SOURCE "
        f"--camera-id {setup.camera_id} --store-id {setup.store_id} --config {name}",
        language=None,
        wrap_lines=True,
    )
    st.caption("SOURCE and the other flags stay as they were. Comments (#) of the old file are not kept.")


def _file_name(setup: CameraSetupState) -> str:
    return f"{setup.camera_id}.yaml"
