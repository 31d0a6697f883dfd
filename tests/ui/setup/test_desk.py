"""The desk of whoever draws zones: no step loses what another began, and only good zones become machines."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_api.contract.cameras import CameraSetup
from backend_api.contract.zones import Point, zone_problem
from tests.ui.setup.machines import BIKE, ROWER, TRIANGLE, machines, make_machine
from tests.zones import SQUARE
from ui.setup.desk import (
    Desk,
    Machines,
    begin,
    caught_up,
    choose,
    closed,
    deleted,
    dropped,
    id_of,
    kept,
    obstacles,
    small_zone,
    suggested_id,
    with_corners,
    with_words,
    without_corners,
    without_last_corner,
)

CROSSED = ((0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9))


def drawn(desk: Desk, corners: tuple[Point, ...] = TRIANGLE, name: str = "Leg press 2", machine_id: str = "") -> Desk:
    desk = with_corners(desk, corners, is_open=True, source="picture")
    return with_words(desk, name=name, machine_id=machine_id)


def test_a_new_machine_is_drawn_named_and_kept() -> None:
    desk = kept(closed(drawn(begin((BIKE,)))))
    assert [machine.machine_id for machine in desk.machines] == ["bike_01", "leg_press_2"]
    assert (desk.machines[1].name, desk.machines[1].zone) == ("Leg press 2", TRIANGLE)
    assert desk.is_changed
    # The next one begins with nothing.
    assert (desk.chosen, desk.work.corners, desk.work.name, desk.work.is_open) == (None, (), "", True)


def test_the_last_corner_is_taken_back_and_another_may_follow() -> None:
    desk = without_last_corner(closed(drawn(begin(()))))
    assert desk.work.corners == TRIANGLE[:-1]
    assert desk.work.is_open
    assert without_last_corner(without_corners(desk)).work.corners == ()


def test_an_old_machine_is_drawn_anew_under_its_own_id() -> None:
    desk = choose(begin((BIKE, ROWER)), "bike_01")
    assert (desk.work.corners, desk.work.is_open, desk.work.name) == (SQUARE, False, "Bike 1")
    desk = drawn(without_corners(desk), name="Bike by the window", machine_id="ignored")
    assert id_of(desk) == "bike_01"
    assert desk.machines == (BIKE, ROWER)
    desk = kept(desk)
    assert [(machine.machine_id, machine.name) for machine in desk.machines] == [
        ("bike_01", "Bike by the window"),
        ("rower_01", "Rower by the door"),
    ]
    assert desk.machines[0].zone == TRIANGLE
    assert desk.chosen == "bike_01"


def test_turning_to_another_machine_keeps_what_is_under_way() -> None:
    desk = choose(drawn(begin((BIKE,))), "bike_01")
    desk = choose(without_last_corner(desk), None)
    assert (desk.work.corners, desk.work.name) == (TRIANGLE, "Leg press 2")
    assert choose(desk, "bike_01").work.corners == SQUARE[:-1]
    assert choose(dropped(choose(desk, "bike_01")), "bike_01").work.corners == SQUARE


def test_a_deleted_machine_is_gone_with_what_was_under_way_for_it() -> None:
    desk = deleted(without_last_corner(choose(begin((BIKE, ROWER)), "bike_01")))
    assert (desk.machines, desk.chosen, dict(desk.works)) == ((ROWER,), None, {})


@pytest.mark.parametrize(
    ("name", "machine_id", "corners", "found"),
    [
        ("Leg press", "", TRIANGLE, []),
        ("  ", "", TRIANGLE, ["Give the machine a name."]),
        ("Leg press", "", TRIANGLE[:2], ["Leg press has 2 points; a zone needs at least 3."]),
        ("Leg press", "", CROSSED, ["Leg press crosses or touches itself (side 1 and side 3)"]),
        ("", "", CROSSED, ["Give the machine a name.", "The zone crosses"]),
        ("Leg press", "", ((0.5, 0.5), (0.5001, 0.5), (0.5, 0.5001)), ["Leg press encloses next to no area"]),
        ("Leg press", "bike_01", TRIANGLE, ["bike_01 is the id of Bike 1 already"]),
        ("Bike 01", "", TRIANGLE, ["bike_01 is the id of Bike 1 already"]),
        ("Leg press", "../x", TRIANGLE, ["'../x' is no id"]),
        ("跑步机", "", TRIANGLE, ["'' is no id"]),
        ("x" * 101, "x", TRIANGLE, ["The name has 101 characters"]),
    ],
)
def test_what_keeps_a_zone_from_becoming_a_machine_is_said(
    name: str, machine_id: str, corners: tuple[Point, ...], found: list[str]
) -> None:
    said = obstacles(drawn(begin((BIKE,)), corners, name, machine_id))
    assert len(said) == len(found)
    for text, beginning in zip(said, found, strict=True):
        assert text.startswith(beginning)


def test_a_zone_that_is_hardly_meant_is_warned_of() -> None:
    assert small_zone(drawn(begin(()), ((0.5, 0.5), (0.52, 0.5), (0.5, 0.52)))) == (
        "Leg press 2 covers 0.02 % of the picture. Is it large enough for somebody's feet?"
    )
    for corners in (TRIANGLE, CROSSED, ()):
        assert small_zone(drawn(begin(()), corners)) is None


def test_ids_that_names_suggest() -> None:
    assert suggested_id("  Leg press #2 (left)! ") == "leg_press_2_left"
    assert suggested_id("跑步机") == ""


def test_picture_and_table_hear_of_what_they_did_not_do_themselves() -> None:
    desk = begin(())
    by_picture = with_corners(desk, TRIANGLE, is_open=True, source="picture")
    assert (by_picture.picture, by_picture.table, by_picture.seed) == (0, 1, TRIANGLE)
    by_table = with_corners(by_picture, TRIANGLE[:2], is_open=True, source="table")
    assert (by_table.picture, by_table.table, by_table.seed) == (1, 1, TRIANGLE)
    by_page = without_last_corner(by_table)
    assert (by_page.picture, by_page.table, by_page.seed) == (2, 2, TRIANGLE[:1])


def test_a_desk_that_nothing_would_be_lost_from_follows_the_edge() -> None:
    renamed = make_machine(name="Bike by the window")
    followed = caught_up(choose(begin((BIKE,)), "bike_01"), (renamed,))
    assert (followed.machines, followed.is_untouched, followed.chosen) == ((renamed,), True, None)
    assert (followed.picture, followed.table) == (2, 2)
    assert caught_up(begin((BIKE,)), (BIKE,)) == begin((BIKE,))
    # The edge was given the new file: what was a change is the present.
    changed = kept(with_words(choose(begin((BIKE,)), "bike_01"), name="Bike by the window", machine_id=""))
    assert caught_up(changed, (renamed,)).is_untouched


def test_a_desk_with_work_on_it_stays_as_it_is() -> None:
    changed = deleted(choose(begin((BIKE, ROWER)), "bike_01"))
    under_way = without_last_corner(choose(begin((BIKE,)), "bike_01"))
    for desk in (changed, under_way):
        assert caught_up(desk, (make_machine("other"),)) == desk


@st.composite
def desks(draw: st.DrawFn) -> Desk:
    """Whatever comes of any steps; machines are kept only when nothing is in the way, as the page does."""
    desk = begin(draw(machines))
    corner = st.tuples(st.floats(0, 1), st.floats(0, 1))
    for _ in range(draw(st.integers(0, 12))):
        ids = [None, *(machine.machine_id for machine in desk.machines)]
        step = draw(st.sampled_from(["choose", "corner", "undo", "clear", "words", "keep", "delete", "drop", "close"]))
        match step:
            case "choose":
                desk = choose(desk, draw(st.sampled_from(ids)))
            case "corner":
                corners = (*desk.work.corners, draw(corner))
                desk = with_corners(desk, corners, is_open=True, source=draw(st.sampled_from(["picture", "table"])))
            case "words":
                desk = with_words(desk, name=draw(st.text(max_size=120)), machine_id=draw(st.text(max_size=5)))
            case "keep":
                desk = desk if obstacles(desk) else kept(desk)
            case _:
                steps = {"undo": without_last_corner, "clear": without_corners, "drop": dropped, "close": closed}
                desk = deleted(desk) if step == "delete" and desk.machine else steps.get(step, closed)(desk)
    return desk


@given(desks())
@settings(max_examples=25)
def test_after_any_steps_the_machines_are_ones_that_an_edge_may_watch(desk: Desk) -> None:
    setup = CameraSetup(store_id="gym", machines=desk.machines, config=None)
    assert CameraSetup.model_validate_json(setup.model_dump_json()) == setup
    assert all(zone_problem(machine.zone) is None for machine in desk.machines)
    assert desk.chosen is None or desk.machine is not None
    assert set(desk.works) <= {None, *(machine.machine_id for machine in desk.machines)}


@given(desks(), machines)
@settings(max_examples=25)
def test_catching_up_twice_is_as_good_as_once(desk: Desk, present: Machines) -> None:
    once = caught_up(desk, present)
    assert caught_up(once, present) == once
    assert once == desk or once.machines == present
