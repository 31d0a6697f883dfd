"""A look now: what a camera sees at this moment, who was detected in it, and what its machines are just then."""

import streamlit as st

from backend_api.contract.cameras import CameraSetupState
from backend_api.contract.looks import LOOK_TIMEOUT_S, Look, LookRequest, LookStatus
from ui.client.api import BackendApi, BackendError, Refused
from ui.client.sign_in import signed_in_name
from ui.setup.editing import DraftKeys
from ui.text.local_time import Zone
from ui.text.seen import people_words, state_words
from ui.text.words import plain

POLL_S = 1.0


def belongs_to(look: Look | None, setup: CameraSetupState) -> bool:
    """Whether `look` is of the picture that is shown: the newest one, or the plain ground of a camera without any."""
    return look is not None and look.status is LookStatus.ANSWERED and look.still_at == setup.still_at


def find_look(backend: BackendApi, store_id: str, camera_id: str) -> Look | None:
    """The camera's last look; None when nobody asked for one, and of a backend of an earlier release."""
    try:
        return backend.look(store_id, camera_id)
    except Refused as error:
        if error.status != 404:
            raise
        return None


def show_asking(backend: BackendApi, keys: DraftKeys, setup: CameraSetupState, look: Look | None) -> None:
    """Draw the button that asks for a look, and what becomes of it."""
    st.button(
        "A look now",
        key=keys.widget("look"),
        on_click=_ask,
        args=(backend, keys),
        disabled=not setup.gives_looks,
        help="The camera's computer sends what it sees within seconds, with who it detects and what it makes of that."
        if setup.gives_looks
        else "Its edge gives no looks: it is of an earlier release, or plays a file at a time or speed of its own.",
    )
    if notice := st.session_state.get(keys.widget("look_notice")):
        st.error(plain(notice))
    number = st.session_state.get(keys.widget("look_asked"))
    if number is None:
        return
    if look is not None and look.number == number and look.status is not LookStatus.WANTED:
        _show_end(look)
    else:
        st.info("The camera's computer is asked for a look.")
        _wait(backend, keys, number)


def _show_end(look: Look) -> None:
    """Draw why there is nothing to be seen, if so."""
    if look.status is LookStatus.OVERDUE:
        st.warning(
            f"The camera's computer did not answer within {LOOK_TIMEOUT_S:g} s. The list of cameras above says what it"
            " reported last."
        )
    elif look.problem is not None:
        st.info(plain(f"There is no picture: {look.problem}."))


def _ask(backend: BackendApi, keys: DraftKeys) -> None:
    st.session_state.pop(keys.widget("look_notice"), None)
    who = signed_in_name() or str(st.session_state.get("zones_who") or "").strip() or "anonymous"
    try:
        asked = backend.ask_look(keys.store_id, keys.camera_id, LookRequest(who=who))
    except BackendError as error:
        st.session_state[keys.widget("look_notice")] = str(error)
        return
    st.session_state[keys.widget("look_asked")] = asked.number


@st.fragment(run_every=POLL_S)
def _wait(backend: BackendApi, keys: DraftKeys, number: int) -> None:
    """Draw the page again once the look is there, or overdue; or nobody waits for it any more."""
    try:
        look = find_look(backend, keys.store_id, keys.camera_id)
    except BackendError:
        st.rerun()  # the page meets the same error, and shows it
    if look is None or look.number != number:
        # The camera was forgotten, or somebody has asked for a later one. Kept, it would be waited for without end.
        st.session_state.pop(keys.widget("look_asked"), None)
    elif look.status is LookStatus.WANTED:
        return
    st.rerun()


def show_seen(look: Look, setup: CameraSetupState, zone: Zone) -> None:
    """Draw in words what is drawn into the picture."""
    names = {machine.machine_id: machine.name for machine in setup.machines}
    at = f"At {zone.full(look.seen_at)}: " if look.seen_at is not None else ""
    states = [f"{names.get(one.machine_id, one.machine_id)}: {state_words(one)}." for one in look.machines]
    st.caption(plain(" ".join([at + people_words(look.people, names), *states])))
