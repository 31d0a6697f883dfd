"""What is asked of the backend: only what a page cares about, in the backend's words."""

from datetime import UTC, datetime
from uuid import UUID

from backend_api.contract.events import EventType
from backend_api.contract.sessions import SessionOutcome
from backend_api.contract.stats import Unit
from backend_api.contract.verdicts import MmStatus
from ui.client.queries import EventQuery, SessionQuery, StatsQuery

DAY = datetime(2026, 1, 31, tzinfo=UTC)


def test_events_are_asked_for_by_what_is_given_alone() -> None:
    assert EventQuery().parameters() == (("order", "desc"),)
    query = EventQuery(EventType.CLEANING_ATTEMPT, "bike_01", MmStatus.DEAD, since=DAY, session_id=UUID(int=1))
    assert query.parameters() == (
        ("event_type", "CLEANING_ATTEMPT"),
        ("machine_id", "bike_01"),
        ("mm_status", "DEAD"),
        ("since", "2026-01-31T00:00:00.000Z"),
        ("session_id", "00000000-0000-0000-0000-000000000001"),
        ("order", "desc"),
    )


def test_sessions_of_several_outcomes_name_each_and_false_is_not_left_out() -> None:
    assert SessionQuery().parameters() == (("order", "desc"),)
    query = SessionQuery((SessionOutcome.FAILED, SessionOutcome.CANNOT_TELL), reviewed=False, order="asc")
    assert query.parameters() == (
        ("outcome", "failed"),
        ("outcome", "cannot_tell"),
        ("reviewed", "false"),
        ("order", "asc"),
    )


def test_sessions_can_be_asked_for_by_their_ids() -> None:
    query = SessionQuery(session_ids=(UUID(int=1), UUID(int=2)))
    assert query.parameters()[:2] == (("session_id", str(UUID(int=1))), ("session_id", str(UUID(int=2))))


def test_figures_are_of_a_span_cut_in_a_time_zone() -> None:
    assert StatsQuery(DAY, DAY.replace(hour=12), "Europe/Berlin", Unit.HOUR).parameters() == (
        ("since", "2026-01-31T00:00:00.000Z"),
        ("until", "2026-01-31T12:00:00.000Z"),
        ("tz", "Europe/Berlin"),
        ("by", "hour"),
    )
