"""The words on the card of each machine: pure functions from machines to the data of the board."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TypedDict

from backend_api.contract.cameras import CameraState, CameraStatus
from backend_api.contract.sessions import Machine, MachineState
from backend_api.contract.values import MachineKey
from ui.now.ages import lasting
from ui.now.attention import ALARMING
from ui.text.local_time import Zone, moment
from ui.text.machine_names import key_of, names_of
from ui.text.words import CLEANED_WORDS, SESSION_WORDS, Colour

_Camera = tuple[str, str]
STATE_WORDS = {
    MachineState.IN_USE: "In use",
    MachineState.TO_BE_CLEANED: "To be cleaned",
    MachineState.CLEANED: "Cleaned",
    MachineState.FREE: "Free",
    MachineState.UNKNOWN: "No data",
}
STATE_COLOURS: dict[MachineState, Colour] = {
    MachineState.IN_USE: "blue",
    MachineState.TO_BE_CLEANED: "orange",
    MachineState.CLEANED: "green",
    MachineState.FREE: "gray",
    MachineState.UNKNOWN: "red",
}


class CardData(TypedDict):
    """A machine, all in words; `left_s` is for how many seconds it is still to be cleaned, None in other states.

    `note` is what is wrong with its camera or its last use, empty when nothing is; `session` is that use's id.
    """

    name: str
    state: str
    colour: Colour
    note: str
    since: str
    left_s: float | None
    session: str | None


class GroupData(TypedDict):
    """The machines of one camera; `title` is empty when there is one camera alone."""

    title: str
    cards: list[CardData]


def groups_of(
    machines: Iterable[Machine], now: datetime, zone: Zone, ended: Collection[_Camera] = ()
) -> list[GroupData]:
    """The cards by store and camera, by name in each: the same machine is always in the same place.

    The streams of the cameras `ended` came to their end: that they are silent is no fault.
    """
    cameras: dict[_Camera, list[CardData]] = {}
    for key, card in cards_of(machines, now, zone, ended).items():
        cameras.setdefault((key.store_id, key.camera_id), []).append(card)
    titles = titles_of(cameras)
    return [{"title": titles[camera], "cards": cards} for camera, cards in cameras.items()]


def cards_of(
    machines: Iterable[Machine], now: datetime, zone: Zone, ended: Collection[_Camera] = ()
) -> dict[MachineKey, CardData]:
    """The card of each machine, by store and camera, by name in each; names are told apart within a camera."""
    cameras: dict[_Camera, list[Machine]] = {}
    for machine in sorted(machines, key=_camera):
        cameras.setdefault(_camera(machine), []).append(machine)
    cards: dict[MachineKey, CardData] = {}
    for camera, group in cameras.items():
        cards |= _cards(group, now, zone, is_ended=camera in ended)
    return cards


def titles_of(cameras: Collection[_Camera]) -> dict[_Camera, str]:
    """What each camera is called; nothing where there is one alone."""
    if len(cameras) == 1:
        return dict.fromkeys(cameras, "")
    one_store = len({store for store, _ in cameras}) == 1
    return {camera: f"Camera {camera[1]}" if one_store else f"{camera[0]}, camera {camera[1]}" for camera in cameras}


def in_use(machines: Iterable[Machine]) -> int:
    """How many are in use now."""
    return sum(machine.state is MachineState.IN_USE for machine in machines)


def ended_cameras(cameras: Iterable[CameraState]) -> set[_Camera]:
    """Those whose stream came to its end."""
    return {(camera.store_id, camera.camera_id) for camera in cameras if camera.status is CameraStatus.ENDED}


def _camera(machine: Machine) -> _Camera:
    return machine.store_id, machine.camera_id


def _cards(machines: Iterable[Machine], now: datetime, zone: Zone, *, is_ended: bool) -> dict[MachineKey, CardData]:
    by_place = {key_of(machine): machine for machine in machines}
    return {
        place: _card(by_place[place], name, now, zone, is_ended=is_ended)
        for place, name in names_of(by_place.values()).items()
    }


def _card(machine: Machine, name: str, now: datetime, zone: Zone, *, is_ended: bool) -> CardData:
    is_over = is_ended and machine.state is MachineState.UNKNOWN
    return {
        "name": name,
        "state": _state_words(machine),
        "colour": "gray" if is_over else STATE_COLOURS[machine.state],
        "note": f"{machine.camera_id} ended" if is_over else _note(machine),
        "since": _since(machine, now, zone),
        "left_s": None if machine.closes_at is None else max(0.0, (machine.closes_at - now).total_seconds()),
        "session": None if machine.session is None else str(machine.session.session_id),
    }


def _state_words(machine: Machine) -> str:
    session = machine.session
    if machine.state is MachineState.CLEANED and session is not None and session.cleaned is not None:
        return CLEANED_WORDS[session.cleaned]
    return STATE_WORDS[machine.state]


def _note(machine: Machine) -> str:
    session = machine.session
    if machine.state is MachineState.UNKNOWN:
        return f"{machine.camera_id} silent"
    if machine.state is not MachineState.FREE or session is None or session.outcome not in ALARMING:
        return ""
    return SESSION_WORDS[session.outcome]


def _since(machine: Machine, now: datetime, zone: Zone) -> str:
    if machine.since is None:
        return "no report yet" if machine.state is MachineState.UNKNOWN else "never in use"
    return f"since {moment(machine.since, now, zone)}, {lasting(now - machine.since)}"
