"""All gyms of a chain by whole days, on the pages and while days are still to be computed."""

from datetime import UTC, date, datetime, timedelta

import pytest

from backend_api.contract.sessions import SessionOutcome
from backend_api.contract.stores import StoreSettings, StoreState
from tests.days import yesterday
from tests.ui.app_driver import open_app, words
from tests.ui.gym import STORE, Gym
from ui.client.api import BackendApi, Refused
from ui.widgets import chain


@pytest.fixture
def chained(gym: Gym, monkeypatch: pytest.MonkeyPatch) -> Gym:
    """One that counts as a chain, with a use two days ago."""
    monkeypatch.setattr(chain, "MAX_CHAIN_MACHINES", 0)
    before = yesterday() - timedelta(days=1)
    gym.add_session(SessionOutcome.CLEANED, at=datetime(before.year, before.month, before.day, 10, 30, tzinfo=UTC))
    return gym


@pytest.mark.parametrize("page", ["usage", "cleaning"])
def test_a_chain_has_its_figures_by_gym_and_by_day(chained: Gym, page: str) -> None:
    app = open_app(page, period="Last 7 days")
    assert "each by its gym's own clock: today is not among them" in words(app)
    gyms, days = (frame.value for frame in app.dataframe[:2])
    assert list(gyms["Gym"]) == ["All gyms", STORE]
    assert list(gyms["Compliance"]) == [100.0, 100.0]
    assert sum(days["Sessions"]) == 1


def test_today_is_not_over(chained: Gym) -> None:
    app = open_app("usage", period="Today")
    assert "None of these days is over" in app.info[0].value
    assert not app.dataframe


def test_now_tells_of_a_chain_without_the_figures_of_today(chained: Gym, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise Refused(422, "600 machines, and figures of several stores are of at most 500")

    monkeypatch.setattr(BackendApi, "stats", refuse)
    app = open_app("now")
    assert "machines in use now" in words(app)
    assert "closed today" not in words(app)
    assert not app.error


@pytest.mark.parametrize(("status", "is_calm"), [(503, True), (422, False)])
def test_missing_days_are_waited_for_and_errors_are_shown(
    chained: Gym, monkeypatch: pytest.MonkeyPatch, status: int, is_calm: bool
) -> None:
    def refuse(*_: object) -> None:
        raise Refused(status, "figures of 1234 of 7000 days of stores are not computed yet")

    monkeypatch.setattr(BackendApi, "days", refuse)
    app = open_app("usage")
    said = "\n".join(str(info.value) for info in app.info)
    assert ("Figures are still being computed" in said) is is_calm
    assert ("1234 of 7000" in words(app)) or not is_calm


def test_the_newest_day_is_over_for_an_hour_in_every_gym() -> None:
    settings = StoreSettings(name="West", tz="America/Los_Angeles")
    stores = [
        StoreState(store_id="a", settings=None, changed_at=None),
        StoreState(store_id="b", settings=settings, changed_at=None),
    ]
    now = datetime(2026, 2, 3, 8, 30, tzinfo=UTC)
    assert chain.newest_day(stores[:1], now) == date(2026, 2, 2)
    assert chain.newest_day(stores, now) == date(2026, 2, 1)
    assert chain.newest_day(stores, now + timedelta(hours=1)) == date(2026, 2, 2)
