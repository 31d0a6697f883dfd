"""Queries: what is asked is said in the API's words, and comes out of the query string as it was meant."""

from collections import defaultdict
from datetime import UTC, datetime
from uuid import UUID

import pytest
from pydantic import ValidationError

from backend_api.contract.events import EventType
from backend_api.contract.queries import ApiQuery, EventQuery, MachineQuery, Order, SessionQuery, StatsQuery
from backend_api.contract.sessions import JUDGED, SessionOutcome
from backend_api.contract.stats import Unit
from backend_api.contract.verdicts import MmStatus, Verdict

DAY = datetime(2026, 1, 31, tzinfo=UTC)
QUERIES: list[tuple[ApiQuery, tuple[tuple[str, str], ...]]] = [
    (EventQuery(), ()),
    (
        EventQuery(
            session_id=UUID(int=1),
            machine_id="bike_01",
            event_type=(EventType.CLEANING_ATTEMPT,),
            mm_status=MmStatus.DEAD,
            since=DAY,
            order=Order.ASC,
            limit=7,
        ),
        (
            ("machine_id", "bike_01"),
            ("session_id", "00000000-0000-0000-0000-000000000001"),
            ("event_type", "CLEANING_ATTEMPT"),
            ("mm_status", "DEAD"),
            ("since", "2026-01-31T00:00:00.000Z"),
            ("order", "asc"),
            ("limit", "7"),
        ),
    ),
    (SessionQuery(), ()),
    (
        SessionQuery(
            session_id=(UUID(int=1), UUID(int=2)),
            outcome=(SessionOutcome.FAILED, SessionOutcome.CANNOT_TELL),
            reviewed=False,
        ),
        (
            ("session_id", "00000000-0000-0000-0000-000000000001"),
            ("session_id", "00000000-0000-0000-0000-000000000002"),
            ("outcome", "failed"),
            ("outcome", "cannot_tell"),
            ("reviewed", "false"),
        ),
    ),
    (MachineQuery(store_id="gym"), (("store_id", "gym"),)),
    (
        StatsQuery(since=DAY, until=DAY.replace(hour=12), tz="Europe/Berlin", by=Unit.HOUR),
        (
            ("since", "2026-01-31T00:00:00.000Z"),
            ("until", "2026-01-31T12:00:00.000Z"),
            ("tz", "Europe/Berlin"),
            ("by", "hour"),
        ),
    ),
]


@pytest.mark.parametrize(("query", "parameters"), QUERIES)
def test_a_query_names_what_is_not_left_at_its_default(
    query: ApiQuery, parameters: tuple[tuple[str, str], ...]
) -> None:
    assert query.parameters() == parameters


@pytest.mark.parametrize("query", [query for query, _ in QUERIES])
def test_a_query_string_reads_back_as_the_same_query_which_is_a_key_of_a_dictionary(query: ApiQuery) -> None:
    values: dict[str, list[str]] = defaultdict(list)
    for name, text in query.parameters():
        values[name].append(text)
    several = {"event_type", "outcome"} | ({"session_id"} if isinstance(query, SessionQuery) else set())
    again = type(query).model_validate({name: v if name in several else v[0] for name, v in values.items()})
    assert again == query
    assert {query: 1}[again] == 1


def test_only_judged_sessions_can_be_reviewed() -> None:
    assert SessionQuery(reviewed=True).outcomes == JUDGED
    assert SessionQuery(reviewed=True, verdict=Verdict.CLEANED).outcomes == {SessionOutcome.CLEANED}
    assert SessionQuery(outcome=(SessionOutcome.WAITING,), reviewed=True).outcomes == frozenset()
    assert SessionQuery(reviewed=False).outcomes == frozenset(SessionOutcome)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"tz": "Mars/Olympus"}, "no time zone 'Mars/Olympus'"),
        ({"since": DAY, "until": DAY}, "until lies before since"),
        ({"since": DAY, "until": DAY.replace(year=2028)}, "more than 366 days"),
        ({"since": DAY.replace(year=9999)}, "1900 to 9998"),
    ],
)
def test_figures_of_no_time_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        StatsQuery.model_validate(fields)
