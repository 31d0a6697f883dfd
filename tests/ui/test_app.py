"""The dashboard's logic, run without a browser against a fake backend."""

import pytest

from backend_api.contract import EventType
from backend_api.contract_verdicts import MmStatus
from tests.ui.app_driver import click, column, labels, machines, open_app, rerun, verdicts, words
from tests.ui.fake_backend import FakeBackend, failed, judged, problem, stored, waiting
from ui.words import EVENT_WORDS


def test_without_events_it_says_which_command_makes_some(backend: FakeBackend) -> None:
    app = open_app()
    assert "No events yet" in words(app)
    assert "python edge_service/main.py" in words(app)
    backend.events.append(stored())
    assert machines(rerun(app)) == ["treadmill_01"]


def test_events_are_listed_newest_first_with_their_verdicts(backend: FakeBackend) -> None:
    backend.events += [
        stored(at_s=0, machine_id="bike_01", event_type=EventType.MACHINE_OCCUPIED_START),
        stored(at_s=1, machine_id="bike_02", mm=judged(verdict="not_cleaned")),
        stored(at_s=2, machine_id="bike_03", mm=waiting()),
    ]
    app = open_app()
    assert machines(app) == ["bike_03", "bike_02", "bike_01"]
    assert column(app, "Event") == ["Cleaning attempt", "Cleaning attempt", "Use began"]
    assert verdicts(app) == [["Waiting"], ["Not cleaned"], []]


def test_filters_ask_the_backend_and_can_be_cleared(backend: FakeBackend) -> None:
    backend.events += [
        stored(at_s=0, machine_id="bike_01", event_type=EventType.MACHINE_OCCUPIED_START),
        stored(at_s=1, machine_id="bike_01", mm=failed()),
        stored(at_s=2, machine_id="bike_02", mm=judged()),
    ]
    app = open_app()
    app.selectbox(key="type").set_value(EventType.CLEANING_ATTEMPT)
    rerun(app)
    assert machines(app) == ["bike_02", "bike_01"]
    app.selectbox(key="machine").set_value("bike_01")
    assert machines(rerun(app)) == ["bike_01"]
    app.selectbox(key="status").set_value(MmStatus.DONE)
    rerun(app)
    assert not app.dataframe
    assert "No event matches these filters" in words(app)
    next(button for button in app.button if button.label == "Clear the filters").click()
    assert len(machines(rerun(app))) == 3


def test_a_link_carries_its_filters(backend: FakeBackend) -> None:
    backend.events += [stored(at_s=0, machine_id="bike_01"), stored(at_s=1, machine_id="bike_02")]
    app = open_app(machine="bike_01", type=EVENT_WORDS[EventType.CLEANING_ATTEMPT])
    assert machines(app) == ["bike_01"]


def test_a_filter_that_the_backend_refuses_is_explained(backend: FakeBackend) -> None:
    backend.broken = problem(422, "machine_id has a blank in it")
    app = open_app(machine="tread mill")
    assert "machine_id has a blank in it" in words(app)
    assert "comes back by itself" not in words(app)


def test_paging_goes_to_older_events_and_back(backend: FakeBackend) -> None:
    backend.events += [stored(at_s=at_s, machine_id=f"m{at_s}", mm=judged()) for at_s in range(120)]
    app = open_app()
    assert machines(app) == [f"m{number}" for number in range(119, 69, -1)]
    assert app.button(key="newer").disabled
    click(app, "older")
    click(app, "older")
    assert machines(app) == [f"m{number}" for number in range(19, -1, -1)]
    assert app.button(key="older").disabled
    click(app, "newer")
    assert machines(app) == [f"m{number}" for number in range(69, 19, -1)]


def test_what_arrives_waits_behind_a_button(backend: FakeBackend) -> None:
    backend.events += [stored(at_s=0, machine_id="bike_01", mm=judged())]
    app = open_app()
    assert app.button(key="show_new").disabled
    backend.events += [stored(at_s=at_s, machine_id=f"bike_0{at_s}", mm=judged()) for at_s in (2, 3)]
    assert machines(rerun(app)) == ["bike_01"]
    assert app.button(key="show_new").label == "Show 2 new"
    click(app, "show_new")
    assert machines(app) == ["bike_03", "bike_02", "bike_01"]
    assert app.button(key="show_new").disabled


def test_a_link_opens_an_event(backend: FakeBackend) -> None:
    event = stored(
        attributes={"seconds_into_window": 8.2},
        mm=judged(summary="*Wipes* <b>the handles</b>.", confidence=0.91),
        media_url="/media/1",
        clip={
            "start_ts": "2026-01-31T09:00:00Z",
            "end_ts": "2026-01-31T09:00:08Z",
            "codec": "h264",
            "width": 640,
            "height": 360,
            "bytes": 1000,
            "sha256": "0" * 64,
        },
    )
    backend.events.append(event)
    app = open_app(event=str(event.event_id))
    assert "Cleaning attempt, treadmill_01" in words(app)
    assert "*Wipes* <b>the handles</b>." in [text.value for text in app.text]
    assert "Confidence 91 %" in words(app)
    assert "8.2 s after use ended" in words(app)
    video = app.get("video")[0].proto
    assert video.url == f"{backend.url}/media/1"
    assert (video.muted, video.loop) == (True, True)
    assert app.session_state[f"events_{event.event_id}"]["selection"]["rows"] == [0]
    click(app, "close")
    assert app.query_params == {}
    assert not app.get("video")


def test_the_public_address_is_where_the_browser_fetches_clips(
    backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GYM_PUBLIC_BACKEND_URL", "https://gym.example/api")
    event = stored(media_url="/media/1", thumbnail_url="/media/1/thumbnail")
    backend.events.append(event)
    app = open_app(event=str(event.event_id))
    assert app.get("video")[0].proto.url == "https://gym.example/api/media/1"
    assert app.image[0].proto.imgs[0].url == "https://gym.example/api/media/1/thumbnail"


def test_an_event_without_a_clip_says_why(backend: FakeBackend) -> None:
    event = stored(clip_error="no space left on the disk")
    backend.events.append(event)
    assert "No clip: no space left on the disk" in words(open_app(event=str(event.event_id)))


@pytest.mark.parametrize("address", ["nonsense", "42b1e5b8-19c4-4f2c-86ac-a71b698af3a5"])
def test_a_link_to_no_event_says_so_and_can_be_left(backend: FakeBackend, address: str) -> None:
    backend.events.append(stored())
    app = open_app(event=address)
    assert "There is no such event" in words(app)
    assert machines(app) == ["treadmill_01"]
    click(app, "close")
    assert "There is no such event" not in words(app)


def test_a_waiting_verdict_says_what_to_do_and_turns_into_the_verdict(backend: FakeBackend) -> None:
    event = stored()
    backend.events.append(event)
    app = open_app(event=str(event.event_id))
    assert "python mm_worker/worker.py" in words(app)
    assert verdicts(app) == [["Waiting"]]
    backend.replace(event, mm=judged(verdict="cannot_tell", summary="Too dark."))
    rerun(app)
    assert "Too dark." in words(app)
    assert "python mm_worker/worker.py" not in words(app)
    assert verdicts(app) == [["Cannot tell"]]


def test_a_dead_enrichment_shows_its_error_and_can_be_tried_again(backend: FakeBackend) -> None:
    event = stored(mm=failed("the clip is damaged"))
    backend.events.append(event)
    app = open_app(event=str(event.event_id))
    assert "No verdict after 3 attempts: the clip is damaged" in words(app)
    click(app, "retry")
    assert f"POST /events/{event.event_id}/retry" in backend.requests
    assert "Ask again" not in labels(app)
    assert verdicts(app) == [["Waiting"]]


def test_a_retry_shows_in_the_row_of_an_older_page(backend: FakeBackend) -> None:
    event = stored(at_s=0, mm=failed())
    backend.events += [event, *(stored(at_s=at_s, mm=judged()) for at_s in range(1, 60))]
    app = open_app(event=str(event.event_id))
    click(app, "older")
    assert verdicts(app)[-1] == ["Failed"]
    click(app, "retry")
    assert verdicts(app)[-1] == ["Waiting"]


def test_a_retry_that_is_refused_says_why(backend: FakeBackend) -> None:
    event = stored(mm=failed())
    backend.events.append(event)
    app = open_app(event=str(event.event_id))
    backend.broken = problem(409, "it is being judged right now")
    click(app, "retry")
    assert "it is being judged right now" in words(app)
