"""Every machine has a name of its own, as short as can be."""

from hypothesis import given
from hypothesis import strategies as st

from backend_api.contract.values import MachineKey
from tests.ui.made_up import make_session
from ui.text.machine_names import key_of, natural, tell_apart

IDS = st.sampled_from(["a", "b", "c"])
PLACES = st.builds(MachineKey, IDS, IDS, IDS)


def test_names_that_differ_stay_as_they_are() -> None:
    names = {MachineKey("gym", "cam", "a"): "Bike 1", MachineKey("gym", "cam", "b"): "Bike 2"}
    assert tell_apart(names) == names


def test_the_same_name_is_told_apart_by_camera_then_store_then_id() -> None:
    names = {
        MachineKey("gym", "cam_1", "a"): "Bike",
        MachineKey("gym", "cam_2", "a"): "Bike",
        MachineKey("gym_2", "cam_2", "a"): "Bike",
        MachineKey("gym", "cam_3", "x"): "Bike",
        MachineKey("gym", "cam_3", "y"): "Bike",
    }
    assert list(tell_apart(names).values()) == [
        "Bike (cam_1)",
        "Bike (gym, cam_2)",
        "Bike (gym_2, cam_2)",
        "Bike (gym, cam_3, x)",
        "Bike (gym, cam_3, y)",
    ]


@given(st.dictionaries(PLACES, st.sampled_from(["Bike", "Rower", "Bench"])))
def test_no_two_are_called_the_same(names: dict[MachineKey, str]) -> None:
    apart = tell_apart(names)
    assert len(set(apart.values())) == len(names)
    assert all(apart[place].startswith(name) for place, name in names.items())


def test_a_session_says_of_which_machine_it_is() -> None:
    assert key_of(make_session(machine_id="rower")) == MachineKey("gym", "cam", "rower")


def test_numbers_in_names_count_as_numbers() -> None:
    names = ["Bike 10", "bike 2", "Rower", "Bike 1b", "10", "Bike ²", "Bike"]
    assert sorted(names, key=natural) == ["10", "Bike", "Bike 1b", "bike 2", "Bike 10", "Bike ²", "Rower"]
