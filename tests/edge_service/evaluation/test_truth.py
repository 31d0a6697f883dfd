"""The truth: what its file may say, how each mistake is told, and which events it asks for."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend_api.base.process import UsageError
from backend_api.contract.events import EventType
from edge_service.evaluation.truth import Moment, TrueSession, Truth, format_truth, load_truth

TRUTH = """\
duration_s: 120
machines:
  - machine_id: bike_01
    sessions:
      - {start_s: 2.5, end_s: 20.1, attempt_s: 27}
      - {start_s: 96, end_s: 120, left: false}
  - machine_id: rower_01
    sessions: []
"""
SESSIONS = (
    TrueSession(2.5, 20.1, attempt_s=27.0),
    TrueSession(96.0, 120.0, left=False),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "truth.yaml"


def test_what_the_file_says(path: Path) -> None:
    path.write_text(TRUTH)
    assert load_truth(path) == Truth(120.0, {"bike_01": SESSIONS, "rower_01": ()})


def test_a_wipe_before_leaving_is_told_and_is_no_event(path: Path) -> None:
    path.write_text(TRUTH.replace("start_s: 2.5,", "start_s: 2.5, wiped_before_leaving: true,"))
    truth = load_truth(path)
    assert [session.wiped_before_leaving for session in truth.machines["bike_01"]] == [True, False]
    assert truth.moments() == Truth(120.0, {"bike_01": SESSIONS}).moments()
    path.write_text(format_truth(truth, "what happened"))
    assert load_truth(path) == truth


@pytest.mark.parametrize("text", ["2026-01-31T10:00:00+01:00", '"2026-01-31T09:00:00Z"', "2026-01-31T09:00:00.000Z"])
def test_a_start_time_in_quotes_or_not(path: Path, text: str) -> None:
    path.write_text(f"{TRUTH}start_time: {text}\n")
    assert load_truth(path).start_time == datetime(2026, 1, 31, 9, tzinfo=UTC)


def test_the_events_that_it_asks_for() -> None:
    assert Truth(120, {"bike_01": SESSIONS, "rower_01": ()}).moments() == [
        Moment("bike_01", EventType.MACHINE_OCCUPIED_START, 2.5),
        Moment("bike_01", EventType.MACHINE_OCCUPIED_END, 20.1),
        Moment("bike_01", EventType.CLEANING_WINDOW_OPEN, 20.1),
        Moment("bike_01", EventType.CLEANING_ATTEMPT, 27.0),
        Moment("bike_01", EventType.MACHINE_OCCUPIED_START, 96.0),
        Moment("bike_01", EventType.MACHINE_OCCUPIED_END, 120.0),
    ]


@pytest.mark.parametrize("start_time", [None, datetime(2026, 1, 31, 9, tzinfo=UTC)])
def test_what_is_written_is_read_back(path: Path, start_time: datetime | None) -> None:
    truth = Truth(120.0004, {"007": SESSIONS, "no": (TrueSession(100.0, 120.0004),), "c": ()}, start_time)
    path.write_text(format_truth(truth, "seen by somebody"))
    rounded = Truth(120.0, {"007": SESSIONS, "no": (TrueSession(100.0, 120.0),), "c": ()}, start_time)
    assert load_truth(path) == rounded


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("duration_s: 120\n", "", "1: the file: the key duration_s is missing"),
        ("duration_s: 120", "duration_s: 0", "1: duration_s: is 0; must be greater than 0"),
        ("duration_s: 120", "duration_s: 120\nseen_by: me", "2: seen_by: unknown key"),
        (
            "duration_s: 120",
            "duration_s: 120\nstart_time: 2026-01-31T09:00:00",
            "2: start_time: is no time with a zone",
        ),
        ("duration_s: 120", "duration_s: 120\nstart_time: 9", "2: start_time: is no time with a zone"),
        (
            "duration_s: 120",
            "duration_s: 120\nstart_time: 0001-01-01T00:00:00Z",
            "2: start_time: is at the end of all time",
        ),
        ("start_s: 2.5", "start_s: -1", r"5: machines\[0\].sessions\[0\].start_s \(machine bike_01\): is -1"),
        ("end_s: 20.1", "end_s: 2.5", "end_s .*: is 2.5; must be greater than 2.5"),
        ("end_s: 120", "end_s: 121", "end_s .*: is 121; must be at most 120"),
        ("attempt_s: 27", "attempt_s: 20", "attempt_s .*: is 20; must be greater than 20.1"),
        ("attempt_s: 27", "wiped_s: 27", "wiped_s .*: unknown key; known here are start_s, end_s, left, attempt_s"),
        ("attempt_s: 27", "attempt_s: 27, left: false", "attempt_s .*: nobody comes back who has not left"),
        ("start_s: 96", "start_s: 26", r"6: machines\[0\].sessions\[1\] .*: begins at 26, before the one above"),
        ("rower_01", "bike_01", r"7: machines\[1\] \(machine bike_01\): bike_01 stands here a second time"),
        (TRUTH[TRUTH.index("  -") :], "  []\n", "2: machines: is empty"),
        ("sessions: []", "session: []", r"8: machines\[1\].session \(machine rower_01\): unknown key"),
    ],
)
def test_a_mistake_is_one_line_with_file_line_and_key(path: Path, before: str, after: str, problem: str) -> None:
    assert before in TRUTH
    path.write_text(TRUTH.replace(before, after))
    with pytest.raises(UsageError) as caught:
        load_truth(path)
    assert re.match(rf"{re.escape(str(path))}:(\d+: )?.*{problem}", str(caught.value))


def test_a_missing_file_names_its_flag(path: Path) -> None:
    with pytest.raises(UsageError, match="No such file or directory; name a readable file with --truth"):
        load_truth(path)
