"""An open session without a browser, against a real backend: its clip and steps, its verdict, its reviews."""

from datetime import timedelta

import pytest

from backend_api.contract.events import Event, EventType
from backend_api.contract.sessions import SessionOutcome
from backend_api.contract.verdicts import Review, Sighting, Verdict
from tests.ui.app_driver import click, labels, open_app, rerun, words
from tests.ui.gym import Gym, make_picture
from tests.ui.review.page import marked, outcomes, reviews, rows, session_of
from ui.client.api import BackendApi


def clip_url(gym: Gym, event: Event) -> str:
    return f"{gym.url}/media/{event.event_id}"


def say(gym: Gym, event: Event, agree: str, *, who: str = "ann", note: str = "") -> None:
    """Somebody else's review."""
    BackendApi(gym.url).review(event.event_id, Review.model_validate({"agree": agree, "who": who, "note": note}))


def test_it_shows_the_attempts_clip_and_each_step_switches_it(gym: Gym) -> None:
    attempt = gym.add_session(
        SessionOutcome.CLEANED, with_clips=True, summary="*Wipes* <b>the handles</b>.", confidence=0.91
    )
    app = open_app(session=session_of(attempt))
    video = app.get("video")[0].proto
    assert video.url == clip_url(gym, attempt)
    assert (video.muted, video.loop, video.autoplay) == (True, True, True)
    assert "*Wipes* <b>the handles</b>." in [text.value for text in app.text]
    assert "Confidence 91 %" in words(app)
    click(app, "step_machine_occupied_start")
    start_id = session_of(attempt)
    assert app.get("video")[0].proto.url == f"{gym.url}/media/{start_id}"
    assert app.query_params == {"session": start_id, "event": start_id}
    assert "*Wipes* <b>the handles</b>." in [text.value for text in app.text]  # the verdict stays


def test_a_link_to_an_event_opens_its_session_with_that_events_clip(gym: Gym) -> None:
    attempt = gym.add_session(SessionOutcome.CLEANED, with_clips=True)
    start_id = session_of(attempt)
    app = open_app(event=start_id)
    assert app.get("video")[0].proto.url == f"{gym.url}/media/{start_id}"
    assert marked(app) == start_id


def test_without_an_attempt_it_says_why_there_is_no_verdict(gym: Gym) -> None:
    said = {
        SessionOutcome.IN_USE: "The machine is in use.",
        SessionOutcome.WINDOW_OPEN: "the window is still open",
        SessionOutcome.NOT_ATTEMPTED: "nobody had begun to clean",
        SessionOutcome.NO_WINDOW: "without a cleaning window",
    }
    for number, (outcome, text) in enumerate(said.items()):
        event = gym.add_session(outcome, machine_id=f"bike_{number}")
        app = open_app(session=session_of(event))
        assert text in words(app)
        assert app.button(key="step_cleaning_attempt").disabled
        assert not {"Agree", "Disagree", "Unsure"} & set(labels(app))


def test_an_event_without_a_clip_says_why_and_one_with_gaps_where_they_are(gym: Gym) -> None:
    start = gym.add_event(
        event_type=EventType.MACHINE_OCCUPIED_START, clip_error="no space left on the disk", machine_id="bike_01"
    )
    assert "No clip: no space left on the disk" in words(open_app(event=str(start.event_id)))
    with_clip = gym.add_event(with_clip=True, event_type=EventType.MACHINE_OCCUPIED_START, machine_id="bike_02")
    assert with_clip.clip is not None
    gap = {"start_ts": with_clip.ts + timedelta(seconds=0.5), "end_ts": with_clip.ts + timedelta(seconds=1.2)}
    clip = with_clip.clip.model_dump() | {"gaps": [gap]}
    gapped = gym.add_event(event_type=EventType.MACHINE_OCCUPIED_START, machine_id="bike_03", clip=clip)
    assert "no picture from 0.5 s to 1.2 s of the clip" in words(open_app(event=str(gapped.event_id)))


def test_a_waiting_verdict_says_what_to_do_and_turns_into_the_verdict(gym: Gym) -> None:
    attempt = gym.add_session(SessionOutcome.WAITING)
    app = open_app(session=session_of(attempt))
    assert "python mm_worker/worker.py" in words(app)
    gym.media.frame_path(attempt.event_id, 1).write_bytes(make_picture())
    seen = (Sighting(frame=1, what="A cloth on the handle."),)
    gym.judge(Verdict.CANNOT_TELL, summary="Too dark.", model="eyes-7b", frame_times_s=(0.5,), seen=seen)
    rerun(app)
    assert "Too dark." in words(app)
    assert "python mm_worker/worker.py" not in words(app)
    assert outcomes(app) == ["Cannot tell"]
    assert "A cloth on the handle." in words(app)
    assert "eyes-7b" in words(app)


def test_without_a_verdict_after_all_attempts_the_model_can_be_asked_again(gym: Gym) -> None:
    attempt = gym.add_session(SessionOutcome.FAILED)
    app = open_app(session=session_of(attempt))
    assert "No verdict after 1 attempt: the clip is damaged" in words(app)
    click(app, "retry")
    assert "Ask again" not in labels(app)
    assert outcomes(app) == ["Waiting for verdict"]


def test_an_answer_is_kept_with_its_note_and_leads_on_and_can_be_taken_back(gym: Gym) -> None:
    last = gym.add_session(SessionOutcome.NOT_CLEANED, ago_s=1200, machine_id="bike_01")
    gym.add_session(SessionOutcome.NOT_ATTEMPTED, ago_s=900, machine_id="bike_02")
    first = gym.add_session(SessionOutcome.CLEANED, ago_s=600, machine_id="bike_03")
    app = open_app(session=session_of(first))
    app.text_input(key=f"note_{session_of(first)}").set_value("She only leans on it.")
    app.text_input(key="reviewer").set_value("bob")
    click(app, "no")
    assert marked(app) == session_of(last)  # the next with a verdict
    assert rows(app)[0]["review"] == "Disagreed"
    [kept] = reviews(gym, first)
    assert (kept.agree, kept.note, kept.who) == ("no", "She only leans on it.", "bob")

    click(app, "yes")
    assert "The list ends here." in words(app)
    assert [review.who for review in reviews(gym, last)] == ["bob"]
    click(app, "undo")
    click(app, "undo")
    assert marked(app) == session_of(first)
    assert [row["review"] for row in rows(app)] == ["", "", ""]
    assert [review.agree for review in reviews(gym, first)] == ["no", "withdrawn"]
    assert app.button(key="undo").disabled


def test_other_peoples_reviews_are_shown_and_undo_brings_back_what_was_there(gym: Gym) -> None:
    attempt = gym.add_session(SessionOutcome.CLEANED)
    say(gym, attempt, "yes", note="Spotless.")
    app = open_app(session=session_of(attempt))
    assert "Agreed, ann, " in words(app)
    assert ": Spotless." in words(app)
    click(app, "unsure")
    assert rows(app)[0]["review"] == "Unsure"
    assert "Unsure, operator, " in words(app)
    click(app, "undo")
    assert rows(app)[0]["review"] == "Agreed"
    latest = reviews(gym, attempt)[-1]
    assert (latest.agree, latest.who, latest.note) == ("yes", "ann", "Spotless.")


def test_undo_leaves_alone_what_somebody_said_since(gym: Gym) -> None:
    attempt = gym.add_session(SessionOutcome.CLEANED)
    app = open_app(session=session_of(attempt))
    click(app, "yes")
    say(gym, attempt, "no", who="ann")
    click(app, "undo")
    assert "ann has reviewed the same verdict since." in words(app)
    assert [review.agree for review in reviews(gym, attempt)] == ["yes", "no"]


def test_the_public_address_is_where_the_browser_fetches_clips(gym: Gym, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GYM_PUBLIC_BACKEND_URL", "https://gym.example/api")
    attempt = gym.add_session(SessionOutcome.CLEANED, with_clips=True)
    app = open_app(session=session_of(attempt))
    assert app.get("video")[0].proto.url == f"https://gym.example/api/media/{attempt.event_id}"
    assert rows(app)[0]["picture"] == f"https://gym.example/api/media/{attempt.event_id}/thumbnail"
