"""The line of figures."""

from datetime import UTC, datetime

from backend_api.contract.sessions import MachineState
from tests.ui.made_up import NOON, make_figures, make_machine
from ui.now.snapshot import in_figures, todays_figures
from ui.text.local_time import Zone


def test_the_day_is_one_of_the_zone_and_the_question_the_same_all_day() -> None:
    query = todays_figures(NOON, Zone.from_name("Asia/Tokyo"))
    assert (query.since, query.until) == (datetime(2026, 1, 30, 15, tzinfo=UTC), datetime(2026, 1, 31, 15, tzinfo=UTC))
    assert query.tz == "Asia/Tokyo"


def test_a_day_in_figures() -> None:
    machines = [make_machine("A", state=MachineState.IN_USE), make_machine("B")]
    assert in_figures(machines, make_figures(sessions=42, windows_closed=8, windows_cleaned=6, compliance=0.75)) == [
        ("1 of 2", "machines in use now"),
        ("42", "sessions today"),
        ("75 %", "of 8 cleaning windows cleaned today"),
    ]


def test_a_day_on_which_no_window_has_closed_has_no_share() -> None:
    assert in_figures([], make_figures(sessions=1))[1:] == [
        ("1", "session today"),
        ("0", "cleaning windows closed today"),
    ]


def test_a_day_of_attempts_that_nobody_can_judge_has_no_share() -> None:
    assert in_figures([], make_figures(windows_closed=1, windows_not_judged=2))[2] == (
        "3",
        "cleaning windows closed today",
    )


def test_of_a_chain_that_is_too_large_for_todays_figures_the_machines_alone_are_told() -> None:
    assert in_figures([make_machine("A", state=MachineState.IN_USE)], None) == [("1 of 1", "machines in use now")]
