"""Every camera and its health: a block that draws itself again every few seconds."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

import streamlit as st

from backend_api.contract.cameras import CameraState, CameraStatus
from backend_api.contract.people import Permission
from backend_api.contract.queries import StatsQuery
from backend_api.contract.sessions import Machine
from backend_api.contract.stats import CameraFigures, Hours
from ui.client import cache
from ui.client.api import BackendError, Refused
from ui.client.context import api
from ui.client.sign_in import may
from ui.setup.health import ADVICE, STATUS_COLOURS, STATUS_WORDS, UNTOLD, ReportPair, health_facts
from ui.text.commands import EDGE_COMMAND
from ui.text.local_time import Zone
from ui.text.words import plain
from ui.widgets.store_choice import cameras_of

REFRESH_S = 5.0
_PAIRS_KEY = "camera_pairs"
_PROBLEM_KEY = "forget_problem"
_FORGETTABLE = {CameraStatus.GONE, CameraStatus.ENDED}
# Three side by side on a laptop, one on a phone.
_CARD_PX = 376

Camera = tuple[str, str]
"""Store and name."""


@st.fragment(run_every=REFRESH_S)
def show_cameras(zone: Zone, store_id: str | None = None) -> None:
    """Draw the cameras of the gym `store_id`, or all.

    Where the backend cannot answer, the page is drawn again, which says so.
    """
    try:
        states = cameras_of(store_id)
        machines = _names_by_camera(cache.machines().items)
        corrected = _corrected_uses(store_id)
    except BackendError:
        st.rerun()
    if not states:
        st.markdown("No camera has reported yet. Start an edge on a video, from the project's folder:")
        st.code(EDGE_COMMAND, language=None, wrap_lines=True)
        return
    if problem := st.session_state.pop(_PROBLEM_KEY, None):
        st.text(problem)
    pairs = _pair_reports(states)
    with_stores = len({state.store_id for state in states}) > 1
    with st.container(horizontal=True):
        for state in states:
            camera = camera_of(state)
            facts = health_facts(
                pairs[camera],
                machines.get(camera, []),
                zone,
                UNTOLD if corrected is None else corrected.get(camera),
            )
            _show_camera(state, facts, with_store=with_stores)
    st.caption(
        plain(f"Frames are skipped on purpose: an edge analyses detector.fps of them a second. Times in {zone.name}.")
    )


def camera_of(state: CameraState) -> Camera:
    """Which camera the state is of."""
    return state.store_id, state.camera_id


def _corrected_uses(store_id: str | None) -> dict[Camera, CameraFigures] | None:
    """How many of the last days' uses people corrected; None where there are too many machines to tell."""
    try:
        found = cache.stats(StatsQuery(hours=Hours.ALL, store_id=store_id))
    except Refused:
        return None
    return {(camera.store_id, camera.camera_id): camera for camera in found.cameras}


def _show_camera(state: CameraState, facts: Mapping[str, str], *, with_store: bool) -> None:
    with st.container(border=True, width=_CARD_PX, key=f"camera-{state.store_id}-{state.camera_id}", gap="small"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            title = f"{state.camera_id}, {state.store_id}" if with_store else state.camera_id
            st.markdown(f"**{plain(title)}**", width="content")
            st.badge(STATUS_WORDS[state.status], color=STATUS_COLOURS[state.status])
        if state.last_error:
            with st.container(horizontal=True, gap="small"):
                st.badge("Trouble", color="red")
                st.text(state.last_error, width="stretch")
        if state.status in ADVICE:
            st.text(ADVICE[state.status])
        st.html(_definition_list(facts))
        if state.status in _FORGETTABLE and may(Permission.MANAGE):
            _show_forgetting(state)


def _show_forgetting(state: CameraState) -> None:
    """Draw the button that takes the camera off the list, which asks once more."""
    name = f"{state.store_id}-{state.camera_id}"
    with st.popover("Forget", key=f"forget-{name}"):
        st.text(
            f"{state.camera_id} and its machines leave the lists until its edge reports again. "
            "Its events and figures stay."
        )
        st.button("Forget this camera", key=f"forget-now-{name}", type="primary", on_click=_forget, args=(state,))


def _forget(state: CameraState) -> None:
    try:
        api().forget_camera(state.store_id, state.camera_id)
    except BackendError as error:
        st.session_state[_PROBLEM_KEY] = f"{state.camera_id} was not forgotten. {error}"
    cache.forget_answers()


def _definition_list(pairs: Mapping[str, str]) -> str:
    rows = "".join(f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>" for label, text in pairs.items())
    return f'<dl class="facts">{rows}</dl>'


def _names_by_camera(machines: Iterable[Machine]) -> Mapping[Camera, list[str]]:
    names: dict[Camera, list[str]] = {}
    for machine in machines:
        names.setdefault((machine.store_id, machine.camera_id), []).append(machine.name)
    return names


def _pair_reports(states: Sequence[CameraState]) -> Mapping[Camera, ReportPair]:
    """The last two reports of each camera, as far as this browser's session has seen them."""
    before: Mapping[Camera, ReportPair] = st.session_state.get(_PAIRS_KEY, {})
    pairs = {
        camera: before[camera].then(state) if camera in before else ReportPair(state)
        for camera, state in ((camera_of(state), state) for state in states)
    }
    st.session_state[_PAIRS_KEY] = pairs
    return pairs
