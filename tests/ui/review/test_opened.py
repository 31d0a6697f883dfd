"""The session that the address names, and its four steps."""

from uuid import UUID

import pytest

from backend_api.contract.events import EventType
from backend_api.contract.sessions import Cleaned, SessionOutcome
from tests.ui.gym import Gym
from tests.ui.made_up import stored
from ui.client.api import BackendApi
from ui.client.selection import Selection
from ui.review.opened import NotThere, fetch_opened, most_telling, steps
from ui.text.local_time import Zone


def test_a_session_comes_with_its_events_and_shows_the_one_that_is_asked_for(gym: Gym) -> None:
    attempt = gym.add_session(SessionOutcome.CLEANED)
    api = BackendApi(gym.url)
    assert fetch_opened(api, Selection()) is None
    opened = fetch_opened(api, Selection(attempt.session_id))
    assert opened is not None
    assert opened.session.session_id == attempt.session_id
    assert opened.judged == opened.shown == opened.events[-1]
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


BERLIN = Zone.from_name("Europe/Berlin")
START = stored(event_type=EventType.MACHINE_OCCUPIED_START)
END = stored(event_type=EventType.MACHINE_OCCUPIED_END, at_s=60)
WINDOW = stored(
    event_type=EventType.CLEANING_WINDOW_OPEN, at_s=60, attributes={"closes_at": "2026-01-31T09:03:00.000Z"}
)
ATTEMPT = stored(at_s=70)
ALL = (START, END, WINDOW, ATTEMPT)


def test_they_stand_in_their_order_whatever_came_first() -> None:
    found = steps(ALL[::-1])
    assert [step.event for step in found] == [*ALL]
    assert [step.label for step in found] == ["Use began", "Use ended", "Window", "Attempt"]
    assert [step.when(BERLIN, going_on=False) for step in found] == [
        "10:00:00",
        "10:01:00",
        "until 10:03:00",
        "10:01:10",
    ]


@pytest.mark.parametrize(("going_on", "words"), [(True, "Not yet"), (False, "None")])
def test_what_has_not_happened_may_or_may_not_still_happen(going_on: bool, words: str) -> None:
    assert [step.when(BERLIN, going_on=going_on) for step in steps([START])[1:]] == [words] * 3


def test_a_window_whose_end_is_unknown_tells_when_it_opened() -> None:
    window = WINDOW.model_copy(update={"attributes": {}})
    assert steps([window])[2].when(BERLIN, going_on=False) == "10:01:00"


def test_the_attempt_tells_most_then_how_the_machine_was_left() -> None:
    assert most_telling(ALL) == ATTEMPT
    assert most_telling([START, WINDOW, END]) == END
    assert most_telling([START]) == START


def test_an_event_with_a_clip_tells_more_than_one_without() -> None:
    start = START.model_copy(update={"media_url": f"/media/{UUID(int=1)}"})
    assert most_telling([start, END, WINDOW, ATTEMPT]) == start


def test_the_end_of_a_use_decides_where_the_machine_was_wiped_before_it_was_left(gym: Gym) -> None:
    end = gym.add_session(SessionOutcome.CLEANED, cleaned=Cleaned.BEFORE_LEAVING)
    opened = fetch_opened(BackendApi(gym.url), Selection(end.session_id))
    assert opened is not None
    assert (opened.session.cleaned, opened.session.judged_event_id) == (Cleaned.BEFORE_LEAVING, end.event_id)
    assert opened.judged is not None
    assert opened.judged.event_id == opened.shown.event_id == end.event_id
    assert opened.judged.mm is not None
    assert opened.review is None


def test_of_two_verdicts_the_one_on_the_chosen_event_stands_beside_it(gym: Gym) -> None:
    end = gym.add_session(SessionOutcome.NOT_CLEANED, ends_judged=True)
    api = BackendApi(gym.url)
    by_outcome = fetch_opened(api, Selection(end.session_id))
    assert by_outcome is not None
    assert by_outcome.judged is not None
    assert by_outcome.judged.event_type is EventType.CLEANING_ATTEMPT
    for chosen, wanted in ((Selection(end.session_id, end.event_id), ()), (Selection(end.session_id), {end.event_id})):
        opened = fetch_opened(api, chosen, wanted)
        assert opened is not None
        assert opened.judged is not None
        assert opened.shown.event_id == opened.judged.event_id == end.event_id
    began = fetch_opened(api, Selection(end.session_id, end.session_id))
    assert began is not None
    assert began.shown.event_id == end.session_id
    assert began.judged == by_outcome.judged
