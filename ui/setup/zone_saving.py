"""Saving the drawn zones: the edge takes them into its file; what became of them, and those from before."""

from functools import partial

import streamlit as st

from backend_api.contract.cameras import CameraSetupState
from backend_api.contract.zone_versions import BY_THE_FILE, ZoneChange, ZoneSet, ZoneStatus, ZoneVersion
from ui.client.api import BackendApi, BackendError, Refused
from ui.client.sign_in import signed_in_name
from ui.setup.editing import DraftKeys, apply_step
from ui.setup.privacy import area_of, is_area, zones_of
from ui.setup.zone_draft import Machines, ZoneDraft, restarted, with_machines
from ui.text.local_time import Zone
from ui.text.words import counted, plain

_PRECONDITION_FAILED = 412
_NAME_CHARACTERS = 200


def machines_in(zones: ZoneSet) -> Machines:
    """What the editor draws: machines and, behind them, black areas."""
    return (*zones.machines, *(area_of(number, corners) for number, corners in enumerate(zones.areas, start=1)))


def zones_in(machines: Machines) -> ZoneSet:
    """What is saved of `machines`, those of the editor."""
    return ZoneSet(
        machines=tuple(machine for machine in machines if not is_area(machine.machine_id)),
        areas=tuple(machine.zone for machine in machines if is_area(machine.machine_id)),
    )


def version_words(version: ZoneVersion, zone: Zone) -> str:
    """One version in a line: when, by whom, what became of it."""
    by = "in the file on its edge's computer" if version.who == BY_THE_FILE else f"by {version.who}"
    status = {
        ZoneStatus.WANTED: "waits for the edge",
        ZoneStatus.TAKEN: "taken",
        ZoneStatus.REFUSED: f"refused: {version.problem}",
        ZoneStatus.REPLACED: "replaced before the edge took it",
    }[version.status]
    return f"{zone.full(version.at)}, {by}: {counted(len(version.zones.machines), 'machine')}, {status}"


def show_saving(backend: BackendApi, keys: DraftKeys, draft: ZoneDraft, setup: CameraSetupState, zone: Zone) -> None:
    """Draw the way from the draft to the edge, and the history."""
    st.subheader("Save", anchor=False)
    history = backend.zone_history(setup.store_id, setup.camera_id).items
    newest = history[0] if history else None
    number = newest.version if newest else 0
    base_key = keys.widget("base")
    if draft.is_untouched:
        st.session_state[base_key] = number
    drawn_on = int(st.session_state.setdefault(base_key, number))
    _show_state(newest, zone)
    if drawn_on != number and draft.is_changed:
        _show_overtaken(keys, draft, setup, newest, zone, base_key)
    _show_buttons(backend, keys, draft, setup, drawn_on)
    if notice := st.session_state.get(keys.widget("save_notice")):
        st.error(plain(notice))
    if len(history) > 1:
        _show_history(keys, draft, history, zone)


def _show_state(newest: ZoneVersion | None, zone: Zone) -> None:
    if newest is None:
        return
    if newest.status is ZoneStatus.WANTED:
        st.info(
            plain(f"The zones drawn by {newest.who} at {zone.full(newest.at)} wait for the edge, for some seconds.")
        )
    elif newest.status is ZoneStatus.REFUSED:
        st.error(plain(f"The edge goes on with the zones from before: {newest.problem}."))


def _show_overtaken(
    keys: DraftKeys, draft: ZoneDraft, setup: CameraSetupState, newest: ZoneVersion | None, zone: Zone, base_key: str
) -> None:
    if newest is None or newest.zones == zones_in_or_none(draft.machines):
        return
    st.warning(plain(f"Somebody else changed these zones since you began: {version_words(newest, zone)}."))

    def begin_with_theirs() -> None:
        apply_step(keys, partial(restarted, machines=zones_of(setup)))
        apply_step(keys, partial(with_machines, machines=machines_in(newest.zones)))
        st.session_state[base_key] = newest.version

    def keep_mine() -> None:
        st.session_state[base_key] = newest.version

    with st.container(horizontal=True):
        st.button("Begin with theirs", key=keys.widget("theirs"), on_click=begin_with_theirs)
        st.button("Keep mine, to save over theirs", key=keys.widget("mine"), on_click=keep_mine)


def zones_in_or_none(machines: Machines) -> ZoneSet | None:
    """What would be saved; None when there is no machine."""
    return zones_in(machines) if any(not is_area(machine.machine_id) for machine in machines) else None


def _show_buttons(
    backend: BackendApi, keys: DraftKeys, draft: ZoneDraft, setup: CameraSetupState, drawn_on: int
) -> None:
    zones = zones_in_or_none(draft.machines)
    if zones is None:
        st.markdown("An edge watches at least one machine: draw one.")
    elif draft.edits:
        st.markdown("A drawn zone is saved once you add its machine or keep its changes.")
    elif not draft.is_changed:
        st.markdown("No changes yet: these are the edge's own zones.")

    with st.container(horizontal=True, vertical_alignment="bottom"):
        if signed_in_name() is None:
            st.text_input("Your name", key="zones_who", max_chars=_NAME_CHARACTERS, placeholder="anonymous", width=200)
        st.button(
            "Save to the edge",
            key=keys.widget("save"),
            type="primary",
            disabled=zones is None or not draft.is_changed,
            on_click=_save,
            args=(backend, keys, zones, drawn_on),
            help="The edge takes the zones within seconds. Uses that are going on at its machines end then.",
        )
        if not draft.is_untouched:
            step = partial(restarted, machines=zones_of(setup))
            label = "Discard, and begin with the edge's zones"
            st.button(label, key=keys.widget("again"), on_click=apply_step, args=(keys, step))


def _save(backend: BackendApi, keys: DraftKeys, zones: ZoneSet, drawn_on: int) -> None:
    st.session_state.pop(keys.widget("save_notice"), None)
    who = signed_in_name() or str(st.session_state.get("zones_who") or "").strip() or "anonymous"
    try:
        backend.change_zones(keys.store_id, keys.camera_id, drawn_on, ZoneChange(zones=zones, who=who))
    except BackendError as error:
        # That somebody else was faster, the next drawing says.
        if not (isinstance(error, Refused) and error.status == _PRECONDITION_FAILED):
            st.session_state[keys.widget("save_notice")] = str(error)


def _show_history(keys: DraftKeys, draft: ZoneDraft, history: list[ZoneVersion], zone: Zone) -> None:
    with st.expander("Zones from before"):
        by_number = {version.version: version for version in history}
        chosen = st.selectbox(
            "Version",
            list(by_number)[1:],
            format_func=lambda number: version_words(by_number[number], zone),
            key=keys.widget("version", len(history), history[0].version),
        )
        machines = machines_in(by_number[chosen].zones)
        st.caption(plain(", ".join(machine.name for machine in machines)))
        st.button(
            "Draw these, to save them again",
            key=keys.widget("restore"),
            disabled=machines == draft.machines,
            on_click=apply_step,
            args=(keys, partial(with_machines, machines=machines)),
        )
