"""The page Review without a browser, against a real backend: its list, its filters, its links."""

from datetime import timedelta

import pytest

from backend_api.base.clock import SystemClock
from backend_api.contract.events import EventType
from backend_api.contract.sessions import SessionOutcome
from tests.backend_api.events import make_event
from tests.ui.app_driver import click, open_app, rerun, words
from tests.ui.gym import Gym
from tests.ui.review.page import marked, outcomes, rows, session_of
from ui.text.words import plain


def begin_sessions(gym: Gym, count: int, *, ago_s: float = 0.0) -> None:
    """Uses of a machine each that began a second apart, the last of them `ago_s` ago: m0, m1, ..."""
    now = SystemClock().now() - timedelta(seconds=ago_s + count)
    events = [
        make_event(
            event_type=EventType.MACHINE_OCCUPIED_START, ts=now + timedelta(seconds=number), machine_id=f"m{number}"
        )
        for number in range(count)
    ]
    gym.store.events.add([event.model_copy(update={"session_id": event.event_id}) for event in events])


def test_without_sessions_it_says_which_command_makes_some_and_fills_by_itself(gym: Gym) -> None:
    app = open_app()
    assert "No sessions yet" in words(app)
    assert "python edge_service/main.py" in words(app)
    gym.add_session(SessionOutcome.IN_USE, machine_id="bike_01")
    assert [row["name"] for row in rows(rerun(app))] == ["bike_01"]


def test_sessions_are_found_by_what_became_of_them_where_and_when(gym: Gym) -> None:
    long_ago = SystemClock().now() - timedelta(seconds=90_000)
    gym.add_session(SessionOutcome.NOT_CLEANED, at=long_ago, machine_id="bike_01")
    gym.add_session(SessionOutcome.CLEANED, ago_s=900, machine_id="bike_01")
    gym.add_session(SessionOutcome.NOT_ATTEMPTED, ago_s=600, machine_id="bike_02")
    app = open_app()
    assert outcomes(app) == ["No attempt", "Cleaned in the window", "Not cleaned"]
    app.multiselect(key="outcome").set_value([SessionOutcome.CLEANED, SessionOutcome.NOT_CLEANED])
    assert outcomes(rerun(app)) == ["Cleaned in the window", "Not cleaned"]
    app.selectbox(key="machine").select("bike_02")
    assert "No session matches these filters" in words(rerun(app))
    click(app, "clear")
    assert len(rows(app)) == 3
    app.selectbox(key="reviewed").select("Reviewed")
    assert rows(rerun(app)) == []
    click(app, "clear")
    app.selectbox(key="period").select("Other days")
    rerun(app)
    app.date_input(key="days").set_value((long_ago.date(), long_ago.date()))
    assert outcomes(rerun(app)) == ["Not cleaned"]


def test_a_link_carries_its_filters_and_its_session(gym: Gym) -> None:
    cleaned = gym.add_session(SessionOutcome.CLEANED, ago_s=900, machine_id="bike_01")
    gym.add_session(SessionOutcome.NOT_CLEANED, ago_s=600, machine_id="bike_01")
    gym.add_session(SessionOutcome.CLEANED, ago_s=300, machine_id="bike_02")
    app = open_app(outcome="Not cleaned", reviewed="Not reviewed", machine="bike_01", session=session_of(cleaned))
    assert outcomes(app) == ["Not cleaned"]
    assert [header.value for header in app.header] == [plain("bike_01")]  # the link's, though not on the list
    assert marked(app) == session_of(cleaned)
    click(app, "close")
    assert app.query_params == {"outcome": "Not cleaned", "reviewed": "Not reviewed", "machine": "bike_01"}


def test_machines_are_told_apart_by_their_cameras_which_can_be_chosen(gym: Gym) -> None:
    gym.add_session(SessionOutcome.CLEANED, ago_s=900, camera_id="cam_01")
    gym.add_session(SessionOutcome.NOT_CLEANED, ago_s=600, camera_id="cam_02")
    app = open_app(camera="cam_02")
    assert outcomes(app) == ["Not cleaned"]
    click(app, "next")
    app = open_app(machine="treadmill_01 (cam_01)")
    assert outcomes(app) == ["Cleaned in the window"]


def test_paging_goes_to_older_sessions_and_back(gym: Gym) -> None:
    begin_sessions(gym, 120)
    app = open_app()
    assert [row["name"] for row in rows(app)] == [f"m{number}" for number in range(119, 69, -1)]
    assert app.button(key="newer").disabled
    click(app, "older")
    click(app, "older")
    assert [row["name"] for row in rows(app)] == [f"m{number}" for number in range(19, -1, -1)]
    assert app.button(key="older").disabled
    click(app, "newer")
    assert [row["name"] for row in rows(app)] == [f"m{number}" for number in range(69, 19, -1)]
    click(app, "previous")
    click(app, "previous")  # from the page's first row to the last of the page before
    assert [header.value for header in app.header] == ["m70"]
    assert len(rows(app)) == 50
    assert rows(app)[0]["name"] == "m119"


def test_what_arrives_waits_behind_a_button_and_leaves_the_open_session_open(gym: Gym) -> None:
    begin_sessions(gym, 3, ago_s=100)
    app = open_app()
    click(app, "next")
    opened = marked(app)
    begin_sessions(gym, 2)
    rerun(app)
    assert [row["name"] for row in rows(app)] == ["m2", "m1", "m0"]
    assert app.button(key="show_new").label == "Show 2 new"
    click(app, "show_new")
    assert [row["name"] for row in rows(app)] == ["m1", "m0", "m2", "m1", "m0"]
    assert marked(app) == opened
    assert app.button(key="show_new").disabled


def test_whoever_comes_back_from_another_page_finds_what_is_new(gym: Gym) -> None:
    begin_sessions(gym, 1, ago_s=100)
    app = open_app()
    begin_sessions(gym, 1)
    app.switch_page("views/now.py")
    rerun(app)
    app.switch_page("views/review.py")
    assert len(rows(rerun(app))) == 2


def test_what_became_of_a_session_changes_in_its_row(gym: Gym) -> None:
    gym.add_session(SessionOutcome.WAITING)
    app = open_app()
    assert outcomes(app) == ["Waiting for verdict"]
    gym.give_up("no answer")
    assert outcomes(rerun(app)) == ["No verdict"]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("session", "nonsense", "asks for the session 'nonsense', which is no id"),
        ("event", "42b1e5b8-19c4-4f2c-86ac-a71b698af3a5", "holds no event of the id"),
    ],
)
def test_a_link_to_nothing_says_so_and_can_be_left(gym: Gym, name: str, value: str, reason: str) -> None:
    gym.add_session(SessionOutcome.CLEANED)
    app = open_app(**{name: value})
    assert reason in words(app)
    assert outcomes(app) == ["Cleaned in the window"]
    click(app, "leave")
    assert "There is no such session" not in words(app)
    assert app.query_params == {}
