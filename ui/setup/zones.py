"""The zones' part of the page: the choice of a camera, and the editor of its zones."""

from collections.abc import Iterator, Sequence
from itertools import count

import streamlit as st

from backend_api.contract.cameras import CameraSetupState, CameraState
from backend_api.contract.people import Permission
from backend_api.contract.zone_versions import ZoneVersion
from ui.client.api import BackendApi, BackendError, Refused
from ui.client.sign_in import may
from ui.setup.cameras import REFRESH_S, Camera, camera_of
from ui.setup.look import find_look
from ui.setup.zone_editor import EditedCamera, show_zone_editor
from ui.text.local_time import Zone

_NOT_FOUND = 404


def show_zones(backend: BackendApi, states: Sequence[CameraState], zone: Zone) -> None:
    """Draw the choice of a camera, which is part of the address, and the editor of its zones."""
    if not states:
        st.markdown("Zones are drawn on a camera's picture. There is none before an edge has reported.")
        return
    cameras = {_label(camera_of(state)): camera_of(state) for state in states}
    chosen = st.selectbox("Camera", list(cameras), key="camera", bind="query-params")
    store_id, camera_id = cameras[chosen]
    setup = _setup(backend, store_id, camera_id)
    _watch_setup(backend, store_id, camera_id, (setup, _wanted(backend, setup)), count())
    if setup is None:
        st.markdown(
            "The edge of this camera has not sent its setup: it is of an earlier release. Update the project "
            "where it runs, and start it again. All else works as before."
        )
        return
    look = find_look(backend, store_id, camera_id) if setup.gives_looks else None
    still = _still(backend, store_id, camera_id)
    show_zone_editor(backend, EditedCamera(setup, look, still, zone), may_change=may(Permission.MANAGE))


def _label(camera: Camera) -> str:
    store_id, camera_id = camera
    return f"{store_id}/{camera_id}"


def _setup(backend: BackendApi, store_id: str, camera_id: str) -> CameraSetupState | None:
    try:
        return backend.setup(store_id, camera_id)
    except Refused as error:
        if error.status != _NOT_FOUND:
            raise
        return None


def _wanted(backend: BackendApi, setup: CameraSetupState | None) -> ZoneVersion | None:
    """The newest version of the zones; None where the edge takes none."""
    if setup is None or not setup.takes_zones:
        return None
    return next(iter(backend.zone_history(setup.store_id, setup.camera_id).items), None)


def _still(backend: BackendApi, store_id: str, camera_id: str) -> bytes | None:
    try:
        return backend.still(store_id, camera_id)
    except Refused as error:
        if error.status != _NOT_FOUND:
            raise
        return None


@st.fragment(run_every=REFRESH_S)
def _watch_setup(
    backend: BackendApi,
    store_id: str,
    camera_id: str,
    shown: tuple[CameraSetupState | None, ZoneVersion | None],
    runs: Iterator[int],
) -> None:
    """Draw the page again when the edge has said something new, or somebody has saved other zones."""
    if next(runs) == 0:
        return  # drawn, and asked for, just now
    try:
        setup = _setup(backend, store_id, camera_id)
        latest = setup, _wanted(backend, setup)
    except BackendError:
        st.rerun()  # the page meets the same error, and shows it
    if latest != shown:
        st.rerun()
