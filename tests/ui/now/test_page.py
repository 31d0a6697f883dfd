"""The page Now, run without a browser against a real backend."""

import json
from typing import Any
from urllib.parse import parse_qs

from streamlit.testing.v1 import AppTest

from backend_api.contract.cameras import CameraSetup, MachineSetup
from backend_api.contract.looks import LookAnswer
from backend_api.contract.sessions import SessionOutcome
from backend_api.contract.verdicts import Review
from backend_api.store.db.settings import SettingName
from tests.ui.app_driver import click, open_app, rerun, words
from tests.ui.gym import STORE, Gym, make_picture
from ui.client.api import BackendApi
from ui.dashboard import PAGES
from ui.now.floor import SHOWN_CAMERAS

ZONE = ((0.1, 0.1), (0.2, 0.1), (0.2, 0.2))
TIMELESS = {"since", "left_s"}


def links(app: AppTest) -> list[tuple[str, str, dict[str, list[str]]]]:
    """Page, label and address of each link below those that lead to the pages, in order."""
    protos = [link.proto for link in app.get("page_link")][len(PAGES) :]
    return [(proto.page, proto.label, parse_qs(proto.query_string)) for proto in protos]


def cards(app: AppTest) -> list[dict[str, Any]]:
    """What each card says, but for its times."""
    found = [json.loads(one.proto.json) for one in app.get("bidi_component")]
    groups = next(one["groups"] for one in found if "groups" in one)
    return [
        {name: said for name, said in card.items() if name not in TIMELESS}
        for group in groups
        for card in group["cards"]
    ]


def test_without_machines_it_says_which_command_makes_some(gym: Gym) -> None:
    app = open_app("now")
    assert "No machines yet" in words(app)
    assert "python edge_service/main.py" in words(app)
    gym.report()
    gym.add_session(SessionOutcome.IN_USE)
    rerun(app)
    assert [card["name"] for card in cards(app)] == ["treadmill_01"]
    assert "Nothing of the last 24 hours needs attention" in words(app)
    assert links(app) == []


def test_each_thing_to_look_at_leads_to_its_session_the_newest_first(gym: Gym) -> None:
    gym.report()
    gym.report("cam_02", ago_s=600)
    wrong = [
        SessionOutcome.NOT_ATTEMPTED,
        SessionOutcome.NOT_CLEANED,
        SessionOutcome.CANNOT_TELL,
        SessionOutcome.FAILED,
    ]
    last = [
        gym.add_session(outcome, ago_s=3600 * (number + 1), machine_id=f"bike_{outcome}")
        for number, outcome in enumerate(wrong)
    ]
    gym.add_session(SessionOutcome.CLEANED, machine_id="bike_fine")
    gym.add_session(SessionOutcome.NOT_CLEANED, ago_s=25 * 3600, machine_id="bike_of_yesterday")
    app = open_app("now")
    everything, camera, *sessions, told = links(app)
    # That a verdict was given up is an alert, and no target is set up.
    assert told[:2] == ("setup", "Nobody is told: choose who is, in Setup")
    assert (camera[0], camera[2]) == ("setup", {})
    assert "Camera cam\\_02" in camera[1]
    assert [(page, address) for page, _, address in sessions] == [
        ("review", {"session": [str(event.session_id)]}) for event in last
    ]
    said = ["No attempt", "Not cleaned", "Cannot tell", "No verdict"]
    assert [label.split("[")[1].split("]")[0] for _, label, _ in sessions] == said
    assert everything[2] == {"outcome": said, "reviewed": ["Not reviewed"]}

    BackendApi(gym.url).review(last[1].event_id, Review(agree="yes"))
    assert [label.split("[")[1].split("]")[0] for _, label, _ in links(rerun(app))[2:-1]] == [said[0], *said[2:]]


def test_a_card_a_machine_by_the_names_that_people_gave_them(gym: Gym) -> None:
    machines = [("rower", "Rower"), ("bike_1", "Bike 1"), ("bike_10", "Bike 10"), ("bike_2", "Bike 2")]
    setups = tuple(MachineSetup(machine_id=machine_id, name=name, zone=ZONE) for machine_id, name in machines)
    gym.report()
    gym.set_up(CameraSetup(store_id=STORE, machines=setups, config=None))
    in_use = gym.add_session(SessionOutcome.IN_USE, machine_id="bike_2")
    dirty = gym.add_session(SessionOutcome.NOT_ATTEMPTED, machine_id="bike_10")
    open_window = gym.add_session(SessionOutcome.WINDOW_OPEN, machine_id="rower")
    app = open_app("now")
    assert cards(app) == [
        {"name": "Bike 1", "state": "Free", "colour": "gray", "note": "", "session": None},
        {"name": "Bike 2", "state": "In use", "colour": "blue", "note": "", "session": str(in_use.session_id)},
        {"name": "Bike 10", "state": "Free", "colour": "gray", "note": "No attempt", "session": str(dirty.session_id)},
        {
            "name": "Rower",
            "state": "To be cleaned",
            "colour": "orange",
            "note": "",
            "session": str(open_window.session_id),
        },
    ]
    assert "**1 of 4** machines in use now" in words(app)
    assert "times in UTC" in words(app)


def test_a_machine_whose_camera_is_silent_has_no_data(gym: Gym) -> None:
    gym.add_session(SessionOutcome.IN_USE, ago_s=1200, silent=True)
    gym.report(ago_s=900)
    app = open_app("now")
    assert [(card["state"], card["colour"]) for card in cards(app)] == [("No data", "red")]
    assert [page for page, *_ in links(app)] == ["setup"]


def test_a_link_to_an_event_from_before_leads_on_to_review(gym: Gym) -> None:
    event = gym.add_session(SessionOutcome.NOT_CLEANED)
    app = open_app("now", event=str(event.event_id))
    assert [title.value for title in app.title] == ["Review"]
    assert app.query_params == {"event": str(event.event_id)}


def test_what_is_wrong_with_the_storage_comes_first_and_leads_to_setup(gym: Gym) -> None:
    gym.report("cam_02", ago_s=600)
    gym.add_session(SessionOutcome.NOT_CLEANED)
    gym.store.settings.keep(SettingName.REMOVAL_HELD_BACK, "the clips of 8 of 9 events are too old")
    app = open_app("now")
    _, storage, camera, _ = links(app)
    assert storage[:2] == (
        "setup",
        ":orange-badge[Storage] **Old clips or events** are kept until you say that they may go",
    )
    assert "Camera" in camera[1]
    gym.media.folder.rename(gym.media.folder.with_name("elsewhere"))
    assert links(rerun(app))[1][:2] == ("setup", ":red-badge[Storage] **The backend** cannot store anything")


def with_floor(gym: Gym, *camera_ids: str, **fields: object) -> None:
    for camera_id in camera_ids:
        machines = (MachineSetup(machine_id=f"bike_{camera_id}", name=f"Bike of {camera_id}", zone=ZONE),)
        setup = CameraSetup.model_validate({"store_id": STORE, "machines": machines, "config": None} | fields)
        gym.report(camera_id, ago_s=0)
        gym.set_up(setup, camera_id)


def floor(app: AppTest) -> list[dict[str, Any]]:
    """What the floor shows of each camera; nothing where there is none."""
    found = [json.loads(one.proto.json) for one in app.get("bidi_component")]
    return next((one["cameras"] for one in found if "cameras" in one), [])


def test_the_floor_shows_each_camera_and_asks_it_for_a_picture_once(gym: Gym) -> None:
    with_floor(gym, "cam_01", gives_looks=True)
    app = open_app("now")
    assert [(one["title"], one["picture"], one["age"]) for one in floor(app)] == [("", None, "No picture yet")]
    assert [(zone["name"], zone["state"], zone["colour"]) for zone in floor(app)[0]["zones"]] == [
        ("Bike of cam_01", "Free", "gray")
    ]
    look = gym.store.looks.find(STORE, "cam_01")
    assert look is not None
    assert gym.store.looks.answer(STORE, "cam_01", LookAnswer(number=look.number, picture=make_picture()))
    [shown] = floor(rerun(app))
    assert shown["age"].endswith("just now")
    assert gym.http.get(shown["picture"].replace("localhost", "127.0.0.1")).content == make_picture()
    rerun(app)
    again = gym.store.looks.find(STORE, "cam_01")
    assert again is not None
    assert again.number == look.number
    app.toggle(key="floor").set_value(False)
    assert floor(rerun(app)) == []


def test_many_cameras_have_several_pages_and_only_those_that_are_shown_are_asked(gym: Gym) -> None:
    names = [f"cam_{number:02}" for number in range(SHOWN_CAMERAS + 2)]
    with_floor(gym, *names, gives_looks=True)
    app = open_app("now")
    assert [one["title"] for one in floor(app)] == [f"Camera {name}" for name in names[:SHOWN_CAMERAS]]
    assert gym.store.looks.find(STORE, names[SHOWN_CAMERAS]) is None
    app = click(app, "floor_on")
    assert [one["title"] for one in floor(app)] == [f"Camera {name}" for name in names[SHOWN_CAMERAS:]]
    assert gym.store.looks.find(STORE, names[SHOWN_CAMERAS]) is not None
    assert floor(click(app, "floor_back"))[0]["title"] == "Camera cam_00"


def test_where_the_cameras_of_a_page_are_forgotten_the_one_before_is_shown(gym: Gym) -> None:
    names = [f"cam_{number:02}" for number in range(SHOWN_CAMERAS + 1)]
    with_floor(gym, *names)
    app = click(open_app("now"), "floor_on")
    assert len(floor(app)) == 1
    assert gym.store.cameras.forget(STORE, names[-1])
    assert len(floor(rerun(app))) == SHOWN_CAMERAS
    assert "floor_back" not in [button.key for button in app.button]


def test_an_edge_of_an_earlier_release_is_not_asked(gym: Gym) -> None:
    with_floor(gym, "cam_01")
    assert len(floor(open_app("now"))) == 1
    assert gym.store.looks.find(STORE, "cam_01") is None
