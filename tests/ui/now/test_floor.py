"""The floor: each camera's picture, its zones in the words of the cards, its age, and who is asked for a new one."""

from datetime import UTC, timedelta
from typing import Any

import pytest

from backend_api.contract.cameras import CameraStatus, MachineSetup
from backend_api.contract.floor import FloorCamera
from backend_api.contract.sessions import Machine, MachineState
from tests.ui.made_up import NOON, make_camera, make_machine
from ui.now.cards import STATE_COLOURS, STATE_WORDS, cards_of
from ui.now.floor import age_words, picture_of, to_be_asked
from ui.text.local_time import Zone

ZONE = Zone("UTC", UTC)
CORNERS = ((0.1, 0.1), (0.9, 0.1), (0.5, 0.9))


def camera(*machines: Machine, **fields: Any) -> FloorCamera:  # noqa: ANN401 - of any kind
    drawn = [MachineSetup(machine_id=one.machine_id, name=one.name, zone=CORNERS) for one in machines]
    known = {
        "store_id": "gym", "camera_id": "cam", "machines": drawn, "areas": (), "still_at": None,
        "still_url": None, "keeps_pictures": True, "gives_looks": True,
    }  # fmt: skip
    return FloorCamera.model_validate(known | fields)


@pytest.mark.parametrize("state", list(MachineState))
def test_a_zone_has_the_words_and_the_colour_of_its_card_and_the_text_says_all(state: MachineState) -> None:
    machine = make_machine("Bike 7", NOON - timedelta(minutes=3), state=state)
    cards = cards_of([machine], NOON, ZONE)
    found = picture_of(camera(machine), cards, "", "/still", NOON, ZONE)
    [card] = cards.values()
    [zone] = found["zones"]
    assert (zone["name"], zone["corners"]) == ("Bike 7", CORNERS)
    assert (zone["state"], zone["colour"]) == (card["state"], card["colour"])
    assert zone["colour"] == STATE_COLOURS[state]
    assert found["alt"] == f"Camera cam: Bike 7 {card['state'].lower()} {card['since']}."
    assert STATE_WORDS[state].lower() in found["alt"]


def test_a_machine_that_is_not_listed_yet_is_left_out() -> None:
    found = picture_of(camera(make_machine("Bike 7")), {}, "Camera cam", None, NOON, ZONE)
    assert (found["zones"], found["alt"]) == ([], "Camera cam: no machines.")


def test_the_age_of_a_picture_is_said() -> None:
    assert age_words(camera(still_at=NOON - timedelta(minutes=3)), NOON, ZONE) == "Picture of 11:57, 3 min ago"
    assert age_words(camera(still_at=NOON + timedelta(seconds=2)), NOON, ZONE) == "Picture of 12:00, just now"
    assert age_words(camera(), NOON, ZONE) == "No picture yet"
    assert age_words(camera(keeps_pictures=False), NOON, ZONE) == "No pictures, by its privacy setting"


@pytest.mark.parametrize(
    ("fields", "status", "is_asked"),
    [
        ({}, CameraStatus.UP, True),
        ({"still_at": NOON - timedelta(seconds=61)}, CameraStatus.UP, True),
        ({"still_at": NOON - timedelta(seconds=59)}, CameraStatus.UP, False),
        ({"gives_looks": False}, CameraStatus.UP, False),
        ({"keeps_pictures": False}, CameraStatus.UP, False),
        ({}, CameraStatus.LATE, False),
        ({}, CameraStatus.NO_SIGNAL, False),
    ],
)
def test_a_camera_is_asked_for_a_new_picture_once_its_last_one_is_old(
    fields: dict[str, Any], status: CameraStatus, is_asked: bool
) -> None:
    one, state = camera(**fields), make_camera(status)
    assert to_be_asked([one], [state], NOON) == ([one] if is_asked else [])
    assert to_be_asked([one], [], NOON) == []
