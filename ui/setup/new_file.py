"""The edge's new configuration file: to copy or download, and where to take it."""

from functools import partial

import streamlit as st

from backend_api.contract.cameras import CameraSetupState
from ui.setup.desk import Desk, begun_again
from ui.setup.editing import DeskKeys, take_step
from ui.setup.new_config import NotYaml, new_config


def show_new_file(keys: DeskKeys, desk: Desk, setup: CameraSetupState) -> None:
    """Draw what comes of the desk."""
    st.subheader("Configuration file", anchor=False)
    if desk.machines != setup.machines and desk.origin != setup.machines:
        st.warning("The edge watches other zones by now than those that you began with.")
    if not desk.machines:
        st.markdown("An edge watches at least one machine: draw one.")
        return
    try:
        text = new_config(setup.config, desk.machines)
    except NotYaml as error:
        st.text(f"{str(error).capitalize()}. Start the edge again, so that it sends a whole one.")
        return
    _show_way(desk, setup)
    with st.container(horizontal=True):
        st.download_button(
            "Download the file",
            text,
            file_name=_file_name(setup),
            mime="application/yaml",
            key=keys.widget("download"),
            on_click="ignore",
            type="primary" if desk.is_changed else "secondary",
        )
        if not desk.is_untouched:
            step = partial(begun_again, machines=setup.machines)
            label = "Begin again with what the edge watches"
            st.button(label, key=keys.widget("again"), on_click=take_step, args=(keys, step))
    with st.expander("Show the file, to copy it"):
        st.code(text, language="yaml", line_numbers=False)


def _show_way(desk: Desk, setup: CameraSetupState) -> None:
    if desk.works:
        st.markdown("What is drawn comes into the file once it is added or kept.")
    if not desk.is_changed:
        st.markdown("As the edge has it: nothing is changed yet.")
        return
    name = _file_name(setup)
    if setup.config is None:
        st.markdown(
            "The edge keeps its file back, because it holds a password or is too long. Put these lines in the place of "
            "the section machines in it, and start the edge again."
        )
        return
    st.markdown(f"Lay {name} where the edge runs, end the edge (Ctrl-C), and start it again with the file:")
    st.code(
        "python edge_service/main.py --video SOURCE "
        f"--camera-id {setup.camera_id} --store-id {setup.store_id} --config {name}",
        language=None,
        wrap_lines=True,
    )
    st.caption("SOURCE and all else are as before. The notes (#) of the old file are not in this one.")


def _file_name(setup: CameraSetupState) -> str:
    return f"{setup.camera_id}.yaml"
