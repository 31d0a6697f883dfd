"""The page Usage, run without a browser against a real backend."""

from datetime import UTC, date, datetime, time, timedelta

from backend_api.contract.cameras import CameraSetup, MachineSetup
from backend_api.contract.sessions import SessionOutcome
from tests.days import yesterday
from tests.ui.app_driver import click, open_app, rerun, words
from tests.ui.gym import STORE, Gym

ZONE = ((0.1, 0.1), (0.2, 0.1), (0.2, 0.2))


def at(day: date, hour: int) -> datetime:
    """Half past `hour` on `day`."""
    return datetime.combine(day, time(hour, 30), UTC)


def test_without_machines_it_says_which_command_makes_some(gym: Gym) -> None:
    app = open_app("usage")
    assert "python edge_service/main.py" in words(app)


def test_a_day_without_a_use_leads_to_the_last_one_with_some(gym: Gym) -> None:
    day = yesterday()
    gym.add_session(SessionOutcome.CLEANED, at=at(day, 10))
    app = open_app("usage", period="Today")
    assert "No machine was in use on this day" in words(app)
    assert "No machine was in use in these days" in words(app)
    click(app, "last_day")
    assert app.date_input(key="day").value == day
    assert list(app.dataframe[0].value["Cleaning"]) == ["Cleaned in the window"]


def test_day_by_day_with_its_sessions_as_a_table(gym: Gym) -> None:
    day = yesterday()
    setups = (MachineSetup(machine_id="treadmill_01", name="Treadmill by the door", zone=ZONE),)
    gym.set_up(CameraSetup(store_id=STORE, machines=setups, config=None))
    last = gym.add_session(SessionOutcome.NOT_CLEANED, at=at(day, 23))
    gym.add_session(SessionOutcome.NOT_ATTEMPTED, at=at(day - timedelta(days=1), 12))
    app = open_app("usage", day=day.isoformat(), period="Last 7 days")
    table = app.dataframe[0].value
    assert list(table["Use began"]) == ["23:30:00"]
    assert list(table["Machine"]) == ["Treadmill by the door"]
    assert list(table["Review"]) == [f"review?session={last.session_id}"]
    click(app, "day_before")
    assert app.date_input(key="day").value == day - timedelta(days=1)
    assert list(app.dataframe[0].value["Cleaning"]) == ["No attempt"]
    click(app, "day_after")
    click(app, "day_after")
    assert app.button(key="day_after").disabled


def test_many_days_in_figures_by_hour_and_by_machine(gym: Gym) -> None:
    day = yesterday()
    gym.add_session(SessionOutcome.CLEANED, at=at(day, 10))
    gym.add_session(SessionOutcome.CLEANED, at=at(day, 11), machine_id="rower")
    app = open_app("usage", day=day.isoformat(), period="Yesterday")
    said = words(app)
    assert "Median stay" in said
    assert "1 min 00 s" in said
    assert "10:00" in said
    _, heat, machines = app.dataframe
    assert heat.value.shape == (24, 8)
    assert list(machines.value["Machine"]) == ["rower", "treadmill_01"]
    assert list(machines.value["Sessions"]) == [1, 1]
    assert rerun(app)
