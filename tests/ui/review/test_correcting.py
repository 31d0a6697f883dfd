"""A use is corrected on the page Review, against a real backend: kept with its note, led on from, taken back."""

from backend_api.contract.corrections import StoredCorrection, UseCorrection, UseTruth
from backend_api.contract.events import Event
from backend_api.contract.sessions import SessionOutcome
from tests.ui.app_driver import click, labels, open_app, words
from tests.ui.gym import Gym
from tests.ui.review.page import marked, outcomes, rows, session_of
from ui.client.api import BackendApi


def corrections(gym: Gym, event: Event) -> list[StoredCorrection]:
    return BackendApi(gym.url).corrections(event.session_id).items


def say(gym: Gym, event: Event, truth: UseTruth, note: str = "") -> None:
    """Somebody else's correction."""
    BackendApi(gym.url).correct(event.session_id, UseCorrection(truth=truth, who="ann", note=note))


def test_a_correction_is_kept_with_its_note_and_leads_on_and_can_be_taken_back(gym: Gym) -> None:
    last = gym.add_session(SessionOutcome.NOT_CLEANED, ago_s=1200, machine_id="bike_01")
    first = gym.add_session(SessionOutcome.CLEANED, ago_s=600, machine_id="bike_03")
    app = open_app(session=session_of(first))
    app.text_input(key=f"note_{session_of(first)}").set_value("A coat on the seat.")
    app.text_input(key="reviewer").set_value("bob")
    click(app, "truth_nobody")
    assert marked(app) == session_of(last)
    assert outcomes(app) == ["No use", "Not cleaned"]
    assert rows(app)[0]["review"] == "Corrected"
    [kept] = corrections(gym, first)
    assert (kept.truth, kept.note, kept.who) == (UseTruth.NOBODY, "A coat on the seat.", "bob")
    click(app, "undo")
    assert marked(app) == session_of(first)
    assert outcomes(app) == ["Cleaned in the window", "Not cleaned"]
    assert [each.truth for each in corrections(gym, first)] == [UseTruth.NOBODY, UseTruth.WITHDRAWN]
    assert app.button(key="undo").disabled


def test_a_use_without_a_verdict_can_be_corrected_and_says_so(gym: Gym) -> None:
    event = gym.add_session(SessionOutcome.NOT_ATTEMPTED, machine_id="bike_01")
    app = open_app(session=session_of(event))
    assert "As the camera saw it" not in labels(app)
    click(app, "truth_other_machine")
    assert "Another machine, operator, " in words(app)
    assert "There was no use" in words(app)
    click(app, "truth_withdrawn")
    assert outcomes(app) == ["No attempt"]
    click(app, "undo")
    assert outcomes(app) == ["No use"]
    truths = [each.truth for each in corrections(gym, event)]
    assert truths == [UseTruth.OTHER_MACHINE, UseTruth.WITHDRAWN, UseTruth.OTHER_MACHINE]


def test_other_peoples_corrections_are_shown_and_undo_brings_back_what_was_there(gym: Gym) -> None:
    event = gym.add_session(SessionOutcome.CLEANED)
    say(gym, event, UseTruth.TWO_PEOPLE, "They *swap*.")
    app = open_app(session=session_of(event))
    assert "Two people in turn, ann, " in words(app)
    assert ": They *swap*." in words(app)
    assert outcomes(app) == ["Cleaned in the window"]
    click(app, "truth_nobody")
    click(app, "undo")
    latest = corrections(gym, event)[-1]
    assert (latest.truth, latest.who, latest.note) == (UseTruth.TWO_PEOPLE, "ann", "They *swap*.")


def test_undo_leaves_alone_what_somebody_said_since(gym: Gym) -> None:
    event = gym.add_session(SessionOutcome.CLEANED)
    app = open_app(session=session_of(event))
    click(app, "truth_nobody")
    say(gym, event, UseTruth.TWO_PEOPLE)
    click(app, "undo")
    assert "ann has corrected the same use since." in words(app)
    assert [each.truth for each in corrections(gym, event)] == [UseTruth.NOBODY, UseTruth.TWO_PEOPLE]


def test_reviews_and_corrections_are_taken_back_in_the_order_in_which_they_were_said(gym: Gym) -> None:
    event = gym.add_session(SessionOutcome.CLEANED)
    app = open_app(session=session_of(event))
    click(app, "yes")
    click(app, "truth_two_people")
    assert rows(app)[0]["review"] == "Corrected"
    click(app, "undo")
    assert rows(app)[0]["review"] == "Agreed"
    click(app, "undo")
    assert rows(app)[0]["review"] == ""
