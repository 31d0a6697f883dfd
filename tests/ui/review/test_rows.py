"""What a row of the list says."""

from datetime import timedelta

from backend_api.contract.sessions import SessionOutcome
from tests.ui.made_up import NOON, make_session
from ui.review.rows import days_of, times
from ui.text.local_time import Zone

BERLIN = Zone.from_name("Europe/Berlin")


def absolute(path: str) -> str:
    return f"http://backend{path}"


def test_rows_stand_under_the_day_on_which_they_began_in_the_readers_zone() -> None:
    late = NOON + timedelta(hours=11, minutes=30)  # half past midnight in Berlin
    days = days_of([make_session(late), make_session(NOON), make_session(NOON - timedelta(hours=1))], BERLIN, absolute)
    assert [day["day"] for day in days] == ["Sunday, 1 February 2026", "Saturday, 31 January 2026"]
    assert [[row["when"] for row in day["rows"]] for day in days] == [
        ["00:30:00, 10 min 00 s"],
        ["13:00:00, 10 min 00 s", "12:00:00, 10 min 00 s"],
    ]


def test_a_row_says_all_of_its_session_in_words() -> None:
    attempt = make_session(
        machine_name="Bike 1",
        outcome=SessionOutcome.NOT_CLEANED,
        attempt_event_id="0a4fbb4e-8f0c-5a0e-9f0b-3f7f3c1f2d11",
        review="no",
        thumbnail_url="/media/1/thumbnail",
    )
    [day] = days_of([attempt], BERLIN, absolute)
    assert day["rows"] == [
        {
            "id": str(attempt.session_id),
            "name": "Bike 1",
            "when": "13:00:00, 10 min 00 s",
            "outcome": "Not cleaned",
            "colour": "red",
            "review": "Disagreed",
            "picture": "http://backend/media/1/thumbnail",
            "alt": "The cleaning attempt",
        }
    ]


def test_what_has_not_arrived_is_left_out() -> None:
    going_on = make_session(ended_at=None, occupied_s=None)
    assert times(going_on, BERLIN) == "13:00:00"
    unknown = make_session(started_at=None, occupied_s=None)
    assert times(unknown, BERLIN) == "Its start has not arrived yet"
    nothing = unknown.model_copy(update={"ended_at": None, "window_opened_at": None})
    assert [day["day"] for day in days_of([unknown, nothing], BERLIN, absolute)] == [
        "Saturday, 31 January 2026",
        "Day unknown",
    ]
