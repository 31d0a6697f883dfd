"""Saving drawn zones on the page Setup, against a real backend: what waits, who was faster, and what was before."""

from streamlit.testing.v1 import AppTest

from backend_api.contract.zone_versions import ZoneChange, ZoneRefusal, ZoneSet, ZoneStatus
from tests.ui.app_driver import click, rerun
from tests.ui.gym import STORE, Gym
from tests.ui.setup.machines import BIKE
from tests.ui.setup.test_setup_page import DRAFT, SETUP, WIDGETS, draw_triangle, open_setup, with_camera

FOLLOWS = SETUP.model_copy(update={"takes_zones": True, "areas": ()})


def versions(gym: Gym) -> list[tuple[str, ZoneStatus, list[str]]]:
    return [
        (version.who, version.status, [machine.name for machine in version.zones.machines])
        for version in gym.store.zone_versions.history(STORE, "cam_01")
    ]


def boxes(app: AppTest) -> str:
    """The text of the coloured boxes on the page."""
    return "\n".join(str(box.value) for box in (*app.info, *app.warning, *app.error)).replace("\\", "")


def save_triangle(app: AppTest, who: str = "Ann") -> AppTest:
    app = click(draw_triangle(app), f"keep/{WIDGETS}")
    app.text_input(key="zones_who").set_value(who)
    return click(app, f"save/{WIDGETS}")


def test_drawn_zones_are_saved_and_waited_for_until_the_edge_has_them(gym: Gym) -> None:
    with_camera(gym, FOLLOWS)
    app = open_setup()
    assert app.button(key=f"save/{WIDGETS}").disabled
    app = save_triangle(app)
    assert versions(gym)[0] == ("Ann", ZoneStatus.WANTED, ["Bike 1", "Rower by the door", "Leg press"])
    assert "The zones drawn by Ann at" in boxes(app)
    machines = gym.store.zone_versions.history(STORE, "cam_01")[0].zones.machines
    gym.set_up(FOLLOWS.model_copy(update={"machines": machines}))
    app = rerun(app)
    assert "wait for the edge" not in boxes(app)
    assert app.button(key=f"save/{WIDGETS}").disabled


def test_of_two_editors_the_slower_one_sees_what_the_other_did(gym: Gym) -> None:
    with_camera(gym, FOLLOWS)
    app = click(draw_triangle(open_setup()), f"keep/{WIDGETS}")
    theirs = ZoneSet(machines=(BIKE,))
    gym.store.zone_versions.ask(
        STORE,
        "cam_01",
        gym.store.zone_versions.history(STORE, "cam_01")[0].version,
        ZoneChange(zones=theirs, who="Bob"),
    )
    app = click(app, f"save/{WIDGETS}")
    assert versions(gym)[0][0] == "Bob"
    assert "Somebody else changed these zones since you began" in boxes(app)
    mine = click(app, f"mine/{WIDGETS}")
    click(mine, f"save/{WIDGETS}")
    assert [who for who, _, _ in versions(gym)[:2]] == ["anonymous", "Bob"]


def test_theirs_can_be_begun_with(gym: Gym) -> None:
    with_camera(gym, FOLLOWS)
    app = click(draw_triangle(open_setup()), f"keep/{WIDGETS}")
    number = gym.store.zone_versions.history(STORE, "cam_01")[0].version
    gym.store.zone_versions.ask(STORE, "cam_01", number, ZoneChange(zones=ZoneSet(machines=(BIKE,)), who="Bob"))
    app = click(rerun(app), f"theirs/{WIDGETS}")
    assert [machine.name for machine in app.session_state[DRAFT].machines] == ["Bike 1"]
    assert "Somebody else" not in boxes(app)


def test_a_refusal_is_told_and_zones_from_before_are_drawn_again(gym: Gym) -> None:
    with_camera(gym, FOLLOWS)
    app = save_triangle(open_setup())
    newest = gym.store.zone_versions.history(STORE, "cam_01")[0].version
    gym.store.zone_versions.refuse(STORE, "cam_01", ZoneRefusal(version=newest, problem="the disk is full"))
    app = rerun(app)
    assert "The edge goes on with the zones from before: the disk is full." in boxes(app)
    app = click(app, f"restore/{WIDGETS}")
    assert [machine.name for machine in app.session_state[DRAFT].machines] == ["Bike 1", "Rower by the door"]
