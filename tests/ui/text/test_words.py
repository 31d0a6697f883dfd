"""What an operator reads."""

import pytest

from backend_api.contract.events import EventType
from backend_api.contract.sessions import SessionOutcome
from backend_api.contract.verdicts import MmStatus, Verdict
from tests.backend_api.events import make_result
from tests.ui.made_up import stored
from ui.text.local_time import Zone
from ui.text.words import (
    EVENT_WORDS,
    SESSION_COLOURS,
    SESSION_WORDS,
    STATUS_WORDS,
    VERDICT_WORDS,
    attribute_facts,
    counted,
    duration,
    facts,
    percent,
    verdict_facts,
)

BERLIN = Zone.from_name("Europe/Berlin")


def test_every_code_has_its_own_word() -> None:
    assert set(EVENT_WORDS) == set(EventType)
    assert set(STATUS_WORDS) == set(MmStatus)
    assert set(VERDICT_WORDS) == set(Verdict)
    assert set(SESSION_WORDS) == set(SESSION_COLOURS) == set(SessionOutcome)
    for words in (EVENT_WORDS, STATUS_WORDS, VERDICT_WORDS, SESSION_WORDS):
        assert len(set(words.values())) == len(words)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (8.24, "8.2 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3599.6, "1 h 00 min"),
        (3720, "1 h 02 min"),
        (90_000, "25 h 00 min"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_shares_and_counts() -> None:
    assert percent(0.914) == "91 %"
    assert percent(1) == "100 %"
    assert counted(1, "attempt") == "1 attempt"
    assert counted(3, "attempt") == "3 attempts"


def test_attributes_of_an_end() -> None:
    event = stored(
        event_type=EventType.MACHINE_OCCUPIED_END, attributes={"occupied_s": 312.4, "end_reason": "end_of_stream"}
    )
    assert attribute_facts(event, BERLIN) == {"In use for": "5 min 12 s", "Ended because": "the video ended"}


def test_attributes_of_a_window() -> None:
    event = stored(event_type=EventType.CLEANING_WINDOW_OPEN, attributes={"closes_at": "2026-01-31T09:02:00.000Z"})
    assert attribute_facts(event, BERLIN) == {"Window closes": "10:02:00, 2 min 00 s after it opened"}


def test_attributes_of_an_attempt() -> None:
    corners = [[0.1, 0.1], [0.5, 0.1], [0.5, 0.9]]
    event = stored(attributes={"seconds_into_window": 8.2, "zone": corners})
    assert attribute_facts(event, BERLIN) == {"Began": "8.2 s after use ended", "Zone": "3 corners"}


def test_attributes_that_this_version_does_not_know_keep_their_names() -> None:
    event = stored(attributes={"cloth_color": "blue", "seconds_into_window": None})
    assert attribute_facts(event, BERLIN) == {"Cloth color": "blue", "Seconds into window": "None"}


def test_facts_name_all_that_identifies_an_event() -> None:
    event = stored(at_s=65)
    shown = facts(event, BERLIN)
    assert shown["Time"] == "Saturday, 31 January 2026, 10:01:05 (Europe/Berlin)"
    assert shown["Time in the video"] == "1 min 05 s"
    assert shown["Detection confidence"] == "90 %"
    for text in (event.machine_id, event.camera_id, event.store_id, str(event.session_id), str(event.event_id)):
        assert text in shown.values()


def test_how_a_verdict_came_about() -> None:
    assert verdict_facts(make_result(latency_ms=12.4)) == {
        "Model": "mock",
        "Prompt version": "1",
        "Frames seen at": "0.5 s, 1.5 s",
        "Answered in": "12 ms",
    }
    shown = verdict_facts(make_result(latency_ms=2345, frame_times_s=()))
    assert (shown["Answered in"], shown["Frames seen at"]) == ("2.3 s", "none")


def test_what_a_model_server_tells_besides() -> None:
    result = make_result(
        model="eyes-7b-q4",
        requested_model="eyes-7b",
        server="http://127.0.0.1:11434/v1",
        requests=2,
        input_tokens=1423,
        output_tokens=211,
        cost=0.00042,
    )
    shown = verdict_facts(result)
    assert (shown["Asked for"], shown["Server"], shown["Requests"]) == ("eyes-7b", "http://127.0.0.1:11434/v1", "2")
    assert (shown["Tokens"], shown["Cost"]) == ("1,423 in, 211 out", "0.00042")
    assert "Asked for" not in verdict_facts(make_result(requested_model="mock"))
