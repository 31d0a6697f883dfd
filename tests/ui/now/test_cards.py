"""What a card says, and that it stays where it is."""

from datetime import UTC, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_api.contract.sessions import Machine, MachineState, SessionOutcome
from tests.ui.made_up import NOON, make_machine, make_session
from ui.now.cards import STATE_COLOURS, STATE_WORDS, CardData, groups_of, in_use
from ui.text.local_time import Zone

ZONE = Zone("UTC", UTC)


def card(machine: Machine) -> CardData:
    ((found,),) = [group["cards"] for group in groups_of([machine], NOON, ZONE)]
    return found


def test_each_state_has_a_word_and_a_color() -> None:
    assert STATE_WORDS.keys() == STATE_COLOURS.keys() == set(MachineState)


def test_a_machine_says_its_state_and_since_when() -> None:
    machine = make_machine("Bike 7", NOON - timedelta(minutes=3), state=MachineState.IN_USE)
    assert machine.session is not None
    assert card(machine) == {
        "name": "Bike 7",
        "state": "In use",
        "colour": "blue",
        "note": "",
        "since": "since 11:57, for 3 min",
        "left_s": None,
        "session": str(machine.session.session_id),
    }


@pytest.mark.parametrize(("left_s", "shown_s"), [(40.0, 40.0), (-3.0, 0.0)])
def test_a_machine_to_be_cleaned_says_for_how_long_there_is_time(left_s: float, shown_s: float) -> None:
    machine = make_machine(state=MachineState.TO_BE_CLEANED, closes_at=NOON + timedelta(seconds=left_s))
    assert card(machine)["left_s"] == shown_s


def test_a_machine_without_data_names_its_camera_and_since_when_it_is_silent() -> None:
    found = card(make_machine(at=NOON - timedelta(minutes=20), state=MachineState.UNKNOWN, camera_id="cam_02"))
    assert (found["state"], found["note"], found["since"]) == ("No data", "cam_02 silent", "since 11:40, for 20 min")


@pytest.mark.parametrize(
    ("state", "outcome", "note"),
    [
        (MachineState.FREE, SessionOutcome.NOT_ATTEMPTED, "No attempt"),
        (MachineState.FREE, SessionOutcome.NOT_CLEANED, "Not cleaned"),
        (MachineState.FREE, SessionOutcome.WAITING, ""),
        (MachineState.IN_USE, SessionOutcome.NOT_CLEANED, ""),
    ],
)
def test_a_free_machine_says_what_is_wrong_with_its_last_use(
    state: MachineState, outcome: SessionOutcome, note: str
) -> None:
    assert card(make_machine(state=state, session=make_session(outcome=outcome)))["note"] == note


@pytest.mark.parametrize(
    ("state", "words"), [(MachineState.FREE, "never in use"), (MachineState.UNKNOWN, "no report yet")]
)
def test_a_machine_that_was_never_in_use_leads_nowhere(state: MachineState, words: str) -> None:
    found = card(make_machine(state=state, since=None, session=None))
    assert (found["since"], found["session"]) == (words, None)


@given(st.permutations(["Bike 1", "Bike 2", "Bike 10", "bike 11", "Treadmill", "7"]))
def test_cards_stand_by_name_with_numbers_in_order_however_they_come(names: list[str]) -> None:
    (group,) = groups_of([make_machine(name) for name in names], NOON, ZONE)
    assert [found["name"] for found in group["cards"]] == [
        "7", "Bike 1", "Bike 2", "Bike 10", "bike 11", "Treadmill",
    ]  # fmt: skip


@given(st.permutations(list(MachineState)))
def test_no_state_moves_a_card(states: list[MachineState]) -> None:
    machines = [make_machine(f"Bike {number}", state=state) for number, state in enumerate(states)]
    (group,) = groups_of(machines, NOON, ZONE)
    assert [found["name"] for found in group["cards"]] == [f"Bike {number}" for number in range(len(states))]


def test_several_cameras_are_groups_with_titles() -> None:
    machines = [make_machine("A", camera_id="cam_2"), make_machine("B", camera_id="cam_1"), make_machine("C")]
    assert [group["title"] for group in groups_of(machines, NOON, ZONE)] == [
        "Camera cam",
        "Camera cam_1",
        "Camera cam_2",
    ]
    assert [group["title"] for group in groups_of(machines[:1], NOON, ZONE)] == [""]
    machines.append(make_machine("D", store_id="other"))
    assert next(group["title"] for group in groups_of(machines, NOON, ZONE)) == "gym, camera cam"
    assert groups_of([], NOON, ZONE) == []


def test_machines_of_one_camera_and_name_are_told_apart() -> None:
    machines = [make_machine("Bike"), make_machine("Bike", machine_id="bike_b")]
    (group,) = groups_of(machines, NOON, ZONE)
    assert [found["name"] for found in group["cards"]] == ["Bike (gym, cam, bike)", "Bike (gym, cam, bike_b)"]


def test_those_in_use_are_counted() -> None:
    assert in_use([make_machine(state=state) for state in (*MachineState, MachineState.IN_USE)]) == 2


def test_the_machines_of_a_camera_that_ended_are_no_alarm() -> None:
    machines = [make_machine(state=MachineState.UNKNOWN), make_machine("Rower", camera_id="other")]
    [of_cam, of_other] = groups_of(machines, NOON, ZONE, {("gym", "cam"), ("gym", "other")})
    assert [(card["state"], card["colour"], card["note"]) for card in of_cam["cards"]] == [
        ("No data", "gray", "cam ended")
    ]
    assert of_other["cards"][0]["state"] == "Free"
