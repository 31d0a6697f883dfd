"""The page Cleaning, run without a browser against a real backend."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from backend_api.contract.sessions import SessionOutcome
from tests.ui.app_driver import click, open_app, words
from tests.ui.gym import Gym
from ui.cleaning import uncleaned

MISSES = (SessionOutcome.NOT_ATTEMPTED, SessionOutcome.NOT_CLEANED, SessionOutcome.CANNOT_TELL, SessionOutcome.FAILED)
RECENT = "Last 7 days"


def uses(app: AppTest) -> list[str]:
    """Machine and outcome of each row of the list of uncleaned uses."""
    rows = re.findall(
        r"<tr><td>.*?</td><td>(.*?)</td><td class=\"wide\">.*?</td><td><span.*?</span> (.*?)</td></tr>", words(app)
    )
    return [f"{machine}: {outcome}" for machine, outcome in rows]


def test_without_machines_it_says_which_command_makes_some(gym: Gym) -> None:
    app = open_app("cleaning")
    assert "python edge_service/main.py" in words(app)
    assert not app.pills


def test_days_without_a_closed_window_have_no_figure(gym: Gym) -> None:
    gym.add_session(SessionOutcome.WINDOW_OPEN)
    app = open_app("cleaning", period="Today")
    assert "No cleaning window closed in these days" in words(app)
    assert "0 %" not in words(app)
    assert "left uncleaned" in words(app)
    assert "Nobody has reviewed a verdict yet" in words(app)


def test_figures_trend_machines_and_the_uses_that_were_left(gym: Gym) -> None:
    for number, outcome in enumerate((SessionOutcome.CLEANED, *MISSES)):
        gym.add_session(outcome, ago_s=3600 + 600 * number, machine_id=f"bike_{number % 2}")
    app = open_app("cleaning", period=RECENT)
    said = words(app)
    assert "1 of 5 windows" in said
    assert "1 no attempt, 1 not cleaned, 1 cannot tell, 1 no verdict" in said
    assert "times in UTC" in said
    _, by_machine = app.dataframe
    assert list(by_machine.value["Machine"]) == ["bike_0", "bike_1"]
    assert list(by_machine.value["Windows closed"]) == [3, 2]
    assert uses(app) == ["bike_1: No attempt", "bike_0: Not cleaned", "bike_1: Cannot tell", "bike_0: No verdict"]
    assert len(re.findall(r"href=\"review\?session=[0-9a-f-]{36}\"", said)) == len(MISSES)


def test_the_kind_and_the_page_of_the_list(gym: Gym, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uncleaned, "PAGE_ITEMS", 2)
    for number in range(3):
        gym.add_session(SessionOutcome.NOT_ATTEMPTED, ago_s=3600 + 600 * number, machine_id=f"bike_{number}")
    gym.add_session(SessionOutcome.NOT_CLEANED, ago_s=600, machine_id="rower")
    app = open_app("cleaning", period=RECENT, kind="No attempt")
    assert uses(app) == ["bike_0: No attempt", "bike_1: No attempt"]
    gym.add_session(SessionOutcome.NOT_ATTEMPTED, ago_s=500, machine_id="new")
    click(app, "uncleaned_older")
    assert uses(app) == ["bike_2: No attempt"]
    assert app.button(key="uncleaned_older").disabled
    click(app, "uncleaned_newer")
    assert uses(app) == ["new: No attempt", "bike_0: No attempt"]


def test_what_is_read_stays_until_it_is_asked_for_anew(gym: Gym) -> None:
    gym.add_session(SessionOutcome.NOT_ATTEMPTED, ago_s=3600)
    app = open_app("cleaning", period=RECENT)
    gym.add_session(SessionOutcome.NOT_ATTEMPTED, ago_s=500, machine_id="new")
    app.run()
    assert uses(app) == ["treadmill_01: No attempt"]
    click(app, "uncleaned_refresh")
    assert uses(app) == ["new: No attempt", "treadmill_01: No attempt"]
