"""A look on the page Setup, against a real backend: asked for, waited for, drawn with who and what was seen."""

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from backend_api.contract.looks import LookAnswer, LookRequest, SeenMachine, SeenPerson, SeenState
from tests.ui.app_driver import click, labels, rerun, words
from tests.ui.gym import STORE, Gym
from tests.ui.setup.machines import BIKE, ROWER
from tests.ui.setup.test_setup_page import SETUP, STILL, WIDGETS, open_setup, with_camera
from tests.ui.setup.test_zone_saving import boxes

LOOKS = SETUP.model_copy(update={"gives_looks": True, "takes_zones": True, "areas": ()})


def person(track_id: int | None = 4, score: float = 0.9, zones: tuple[str, ...] = (BIKE.machine_id,)) -> SeenPerson:
    return SeenPerson(left=0.1, top=0.2, right=0.3, bottom=0.9, score=score, track_id=track_id, zones=zones)


def machine(state: SeenState = SeenState.FREE, **times: float | bool) -> SeenMachine:
    fields: dict[str, Any] = {"for_s": None, "there_s": None, "gone_s": None, "is_attempted": False} | times
    return SeenMachine(machine_id=BIKE.machine_id, state=state, **fields)


def answer(gym: Gym, **fields: object) -> None:
    look = gym.store.looks.find(STORE, "cam_01")
    assert look is not None
    assert gym.store.looks.answer(STORE, "cam_01", LookAnswer(number=look.number, **fields))


def picture(app: AppTest) -> dict[str, Any]:
    shown = [json.loads(one.proto.json) for one in app.get("bidi_component")]
    return next(one for one in shown if "corners" in one)


def test_a_look_is_asked_for_and_drawn_once_it_is_there(gym: Gym) -> None:
    with_camera(gym, LOOKS)
    app = click(open_setup(), f"look/{WIDGETS}")
    assert gym.store.looks.wanted(STORE, "cam_01") is not None
    assert "is asked for a look" in boxes(app)
    assert picture(app)["people"] == []
    in_use = machine(SeenState.IN_USE, for_s=12.0)
    answer(gym, seen_at=gym.clock.now(), picture=STILL, people=(person(), person(None, 0.15, ())), machines=(in_use,))
    app = rerun(app)
    assert "is asked" not in boxes(app)
    drawn = picture(app)
    assert [(one["kind"], one["label"]) for one in drawn["people"]] == [("inside", "4 (0.90)"), ("doubtful", "0.15")]
    assert [(zone["name"], zone["state"]) for zone in drawn["zones"]] == [
        ("Bike 1", "in use for 12 s"),
        (ROWER.name, ""),
    ]
    said = words(app).replace("\\", "")
    assert "1 person was seen: number 4 (0.90) at Bike 1. 1 box too doubtful" in said
    app.toggle(key=f"seen/{WIDGETS}").set_value(False)
    assert picture(rerun(app))["people"] == []
    # The next still is of another moment.
    gym.store.setups.keep_still(STORE, "cam_01", STILL)
    assert "number 4" not in words(rerun(app))


def test_a_camera_whose_computer_does_not_answer_is_said(gym: Gym) -> None:
    with_camera(gym, LOOKS)
    app = click(open_setup(), f"look/{WIDGETS}")
    with gym.store.database.write() as transaction:
        transaction.driver.execute("UPDATE camera_looks SET asked_at_ms = asked_at_ms - 60000")
    assert "did not answer within 10 s" in boxes(rerun(app))


@pytest.mark.parametrize("is_answered", [False, True])
def test_where_somebody_asks_for_a_later_look_nobody_waits_for_the_one_before(gym: Gym, is_answered: bool) -> None:
    """The floor on Now asks once a minute: a page that waits for its own must come to rest all the same."""
    with_camera(gym, LOOKS)
    app = click(open_setup(), f"look/{WIDGETS}")
    answer(gym, problem="the picture could not be decoded")
    with gym.store.database.write() as transaction:
        transaction.driver.execute("UPDATE camera_looks SET asked_at_ms = 0, answered_at_ms = 1")
    assert gym.store.looks.ask(STORE, "cam_01", LookRequest(who="the floor")).number == 2
    if is_answered:
        answer(gym, seen_at=gym.clock.now(), picture=STILL, people=(person(),))
    app = rerun(app)
    assert "is asked for a look" not in boxes(app)
    assert ("number 4" in words(app)) == is_answered


def test_where_the_camera_is_forgotten_nobody_waits(gym: Gym) -> None:
    with_camera(gym, LOOKS)
    app = click(open_setup(), f"look/{WIDGETS}")
    with gym.store.database.write() as transaction:
        transaction.driver.execute("DELETE FROM camera_looks")
    assert "is asked for a look" not in boxes(rerun(app))


def test_a_camera_without_pictures_shows_who_is_where_on_a_plain_ground(gym: Gym) -> None:
    with_camera(gym, LOOKS.model_copy(update={"keeps_pictures": False}), still=None)
    app = click(open_setup(), f"look/{WIDGETS}")
    answer(gym, seen_at=gym.clock.now(), people=(person(),), problem="pictures are turned off")
    app = rerun(app)
    assert "There is no picture: pictures are turned off." in boxes(app)
    assert (picture(app)["picture"], len(picture(app)["people"])) == (None, 1)


def test_an_edge_that_gives_no_looks_is_not_asked(gym: Gym) -> None:
    with_camera(gym)
    app = open_setup()
    assert app.button(key=f"look/{WIDGETS}").disabled
    assert "A look now" in labels(app)


def test_a_refusal_is_said(gym: Gym) -> None:
    with_camera(gym, LOOKS)
    app = open_setup()
    gym.set_up(SETUP)  # an edge of an earlier release was started meanwhile
    app.button(key=f"look/{WIDGETS}").click()
    app.run()
    assert "gives no looks" in boxes(app)
