"""The session that the address names."""

from uuid import UUID

import pytest

from backend_api.contract.sessions import SessionOutcome
from tests.ui.gym import Gym
from ui.client.api import BackendApi
from ui.client.selection import Selection
from ui.review.opened import NotThere, fetch_opened


def test_a_session_comes_with_its_events_and_shows_the_one_that_is_asked_for(gym: Gym) -> None:
    attempt = gym.add_session(SessionOutcome.CLEANED)
    api = BackendApi(gym.url)
    assert fetch_opened(api, Selection()) is None
    opened = fetch_opened(api, Selection(attempt.session_id))
    assert opened is not None
    assert opened.session.session_id == attempt.session_id
    assert opened.attempt == opened.shown == opened.events[-1]
    assert len(opened.events) == 4
    assert fetch_opened(api, Selection(event_id=attempt.event_id)) == opened
    began = fetch_opened(api, Selection(attempt.session_id, opened.events[0].event_id))
    assert began is not None
    assert began.shown == opened.events[0]


@pytest.mark.parametrize(
    ("chosen", "what"),
    [(Selection(UUID(int=1)), "session"), (Selection(event_id=UUID(int=1)), "event")],
)
def test_what_is_not_there_is_named(gym: Gym, chosen: Selection, what: str) -> None:
    with pytest.raises(NotThere, match=f"holds no {what} of the id"):
        fetch_opened(BackendApi(gym.url), chosen)
