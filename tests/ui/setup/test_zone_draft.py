"""The draft of the zones: no step loses an earlier edit, and only good zones become machines."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_api.contract.cameras import CameraSetup
from backend_api.contract.zones import Point, zone_problem
from tests.ui.setup.machines import BIKE, ROWER, TRIANGLE, machines, make_machine
from tests.zones import SQUARE
from ui.setup.zone_draft import (
    Machines,
    ZoneDraft,
    choose,
    closed,
    deleted,
    discarded,
    id_of,
    known_kinds,
    new_draft,
    obstacles,
    saved,
    small_zone,
    suggested_id,
    updated,
    with_corners,
    with_words,
    without_corners,
    without_last_corner,
)

CROSSED = ((0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9))


def drawn(
    draft: ZoneDraft, corners: tuple[Point, ...] = TRIANGLE, name: str = "Leg press 2", machine_id: str = ""
) -> ZoneDraft:
    draft = with_corners(draft, corners, is_open=True, source="picture")
    return with_words(draft, name=name, machine_id=machine_id)


def test_a_new_machine_is_drawn_named_and_kept() -> None:
    draft = saved(closed(drawn(new_draft((BIKE,)))))
    assert [machine.machine_id for machine in draft.machines] == ["bike_01", "leg_press_2"]
    assert (draft.machines[1].name, draft.machines[1].zone) == ("Leg press 2", TRIANGLE)
    assert draft.is_changed
    # The next one begins with nothing.
    assert (draft.chosen, draft.edit.corners, draft.edit.name, draft.edit.is_open) == (None, (), "", True)


def test_the_last_corner_is_taken_back_and_another_may_follow() -> None:
    draft = without_last_corner(closed(drawn(new_draft(()))))
    assert draft.edit.corners == TRIANGLE[:-1]
    assert draft.edit.is_open
    assert without_last_corner(without_corners(draft)).edit.corners == ()


def test_an_old_machine_is_drawn_anew_under_its_own_id() -> None:
    draft = choose(new_draft((BIKE, ROWER)), "bike_01")
    assert (draft.edit.corners, draft.edit.is_open, draft.edit.name) == (SQUARE, False, "Bike 1")
    draft = drawn(without_corners(draft), name="Bike by the window", machine_id="ignored")
    assert id_of(draft) == "bike_01"
    assert draft.machines == (BIKE, ROWER)
    draft = saved(draft)
    assert [(machine.machine_id, machine.name) for machine in draft.machines] == [
        ("bike_01", "Bike by the window"),
        ("rower_01", "Rower by the door"),
    ]
    assert draft.machines[0].zone == TRIANGLE
    assert draft.chosen == "bike_01"


def test_turning_to_another_machine_keeps_what_is_under_way() -> None:
    draft = choose(drawn(new_draft((BIKE,))), "bike_01")
    draft = choose(without_last_corner(draft), None)
    assert (draft.edit.corners, draft.edit.name) == (TRIANGLE, "Leg press 2")
    assert choose(draft, "bike_01").edit.corners == SQUARE[:-1]
    assert choose(discarded(choose(draft, "bike_01")), "bike_01").edit.corners == SQUARE


def test_a_deleted_machine_is_gone_with_what_was_under_way_for_it() -> None:
    draft = deleted(without_last_corner(choose(new_draft((BIKE, ROWER)), "bike_01")))
    assert (draft.machines, draft.chosen, dict(draft.edits)) == ((ROWER,), None, {})


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
    said = obstacles(drawn(new_draft((BIKE,)), corners, name, machine_id))
    assert len(said) == len(found)
    for text, beginning in zip(said, found, strict=True):
        assert text.startswith(beginning)


def test_a_zone_that_is_hardly_meant_is_warned_of() -> None:
    assert small_zone(drawn(new_draft(()), ((0.5, 0.5), (0.52, 0.5), (0.5, 0.52)))) == (
        "Leg press 2 covers 0.02 % of the picture. Is it large enough for somebody's feet?"
    )
    for corners in (TRIANGLE, CROSSED, ()):
        assert small_zone(drawn(new_draft(()), corners)) is None


def test_ids_that_names_suggest() -> None:
    assert suggested_id("  Leg press #2 (left)! ") == "leg_press_2_left"
    assert suggested_id("跑步机") == ""


def test_picture_and_table_hear_of_what_they_did_not_do_themselves() -> None:
    draft = new_draft(())
    by_picture = with_corners(draft, TRIANGLE, is_open=True, source="picture")
    assert (by_picture.picture, by_picture.table, by_picture.seed) == (0, 1, TRIANGLE)
    by_table = with_corners(by_picture, TRIANGLE[:2], is_open=True, source="table")
    assert (by_table.picture, by_table.table, by_table.seed) == (1, 1, TRIANGLE)
    by_page = without_last_corner(by_table)
    assert (by_page.picture, by_page.table, by_page.seed) == (2, 2, TRIANGLE[:1])


def test_a_desk_that_nothing_would_be_lost_from_follows_the_edge() -> None:
    renamed = make_machine(name="Bike by the window")
    followed = updated(choose(new_draft((BIKE,)), "bike_01"), (renamed,))
    assert (followed.machines, followed.is_untouched, followed.chosen) == ((renamed,), True, None)
    assert (followed.picture, followed.table) == (2, 2)
    assert updated(new_draft((BIKE,)), (BIKE,)) == new_draft((BIKE,))
    # The edge was given the new file: what was a change is the present.
    changed = saved(with_words(choose(new_draft((BIKE,)), "bike_01"), name="Bike by the window", machine_id=""))
    assert updated(changed, (renamed,)).is_untouched


def test_a_desk_with_work_on_it_stays_as_it_is() -> None:
    changed = deleted(choose(new_draft((BIKE, ROWER)), "bike_01"))
    under_way = without_last_corner(choose(new_draft((BIKE,)), "bike_01"))
    for draft in (changed, under_way):
        assert updated(draft, (make_machine("other"),)) == draft


@st.composite
def desks(draw: st.DrawFn) -> ZoneDraft:
    """Whatever comes of any steps; machines are kept only when nothing is in the way, as the page does."""
    draft = new_draft(draw(machines))
    corner = st.tuples(st.floats(0, 1), st.floats(0, 1))
    for _ in range(draw(st.integers(0, 12))):
        ids = [None, *(machine.machine_id for machine in draft.machines)]
        step = draw(st.sampled_from(["choose", "corner", "undo", "clear", "words", "keep", "delete", "drop", "close"]))
        match step:
            case "choose":
                draft = choose(draft, draw(st.sampled_from(ids)))
            case "corner":
                corners = (*draft.edit.corners, draw(corner))
                draft = with_corners(draft, corners, is_open=True, source=draw(st.sampled_from(["picture", "table"])))
            case "words":
                draft = with_words(
                    draft,
                    name=draw(st.text(max_size=120)),
                    machine_id=draw(st.text(max_size=5)),
                    kind=draw(st.text(max_size=50)),
                )
            case "keep":
                draft = draft if obstacles(draft) else saved(draft)
            case _:
                steps = {"undo": without_last_corner, "clear": without_corners, "drop": discarded, "close": closed}
                draft = deleted(draft) if step == "delete" and draft.machine else steps.get(step, closed)(draft)
    return draft


@given(desks())
@settings(max_examples=25)
def test_after_any_steps_the_machines_are_ones_that_an_edge_may_watch(draft: ZoneDraft) -> None:
    setup = CameraSetup(store_id="gym", machines=draft.machines, config=None)
    assert CameraSetup.model_validate_json(setup.model_dump_json()) == setup
    assert all(zone_problem(machine.zone) is None for machine in draft.machines)
    assert draft.chosen is None or draft.machine is not None
    assert set(draft.edits) <= {None, *(machine.machine_id for machine in draft.machines)}


@given(desks(), machines)
@settings(max_examples=25)
def test_catching_up_twice_is_as_good_as_once(draft: ZoneDraft, present: Machines) -> None:
    once = updated(draft, present)
    assert updated(once, present) == once
    assert once == draft or once.machines == present


def test_a_kind_is_typed_changed_and_taken_away() -> None:
    draft = choose(new_draft((BIKE,)), "bike_01")
    for typed, kept in (("  bike ", "bike"), ("x" * 40, "x" * 40), (" ", None)):
        changed = saved(with_words(draft, name="Bike", machine_id="", kind=typed))
        assert changed.machines[0].kind == kept
        assert known_kinds(changed) == ([] if kept is None else [kept])
    too_long = with_words(draft, name="Bike", machine_id="", kind="x" * 41)
    assert obstacles(too_long) == ["The kind has 41 characters; use at most 40."]
