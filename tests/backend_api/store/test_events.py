"""Whatever comes together, however often: each id is stored once, in order, and waits for the model if it should."""

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from backend_api.contract.events import Event, EventType
from backend_api.contract.queries import EventQuery
from backend_api.contract.verdicts import MmStatus
from backend_api.store.db.statements import ROWS_A_STATEMENT
from backend_api.store.events import IngestOutcome
from tests.backend_api.events import make_event
from tests.backend_api.fresh_store import fresh_store
from tests.fake_clock import FakeClock

KINDS = list(EventType)
# An event by its number, and the confidence that it comes with this time.
ARRIVALS = st.tuples(st.integers(0, 200), st.sampled_from([0.5, 0.5, 0.5, 0.9]))
SIZES = st.sampled_from([0, 1, 2, 5, ROWS_A_STATEMENT, ROWS_A_STATEMENT + 1, 2 * ROWS_A_STATEMENT + 3])
GROUPS = st.lists(SIZES.flatmap(lambda size: st.lists(ARRIVALS, min_size=size, max_size=size)), max_size=5)
# Of events that are all new, as nearly all are.
NEW = [(number, 0.5) for number in range(201, 201 + ROWS_A_STATEMENT)]


def make(number: int, confidence: float) -> Event:
    return make_event(event_type=KINDS[number % 4], at_s=number, confidence=confidence, attributes=attributes(number))


def attributes(number: int) -> dict[str, str]:
    return {"end_reason": "left"} if KINDS[number % 4] is EventType.MACHINE_OCCUPIED_END else {}


def expected_outcome(stored: dict[int, float], number: int, confidence: float) -> IngestOutcome:
    """What becomes of an arrival when `stored` is there, to which it is added."""
    if number not in stored:
        stored[number] = confidence
        return IngestOutcome.STORED
    return IngestOutcome.DUPLICATE if stored[number] == confidence else IngestOutcome.CONFLICT


@settings(max_examples=40)
@given(GROUPS)
def test_groups_of_any_events_are_stored_as_if_they_came_one_by_one(groups: list[list[tuple[int, float]]]) -> None:
    stored: dict[int, float] = {}
    with TemporaryDirectory() as folder, closing(fresh_store(Path(folder) / "a.db", FakeClock())) as store:
        for group in [*groups, NEW, NEW]:
            expected = [expected_outcome(stored, *arrival) for arrival in group]
            assert store.events.add([make(*arrival) for arrival in group]) == expected
        rows = store.events.page(EventQuery(limit=500)).rows
        assert {round(row.event.media_time_s): row.event.confidence for row in rows} == stored
        assert all((row.mm is not None) == row.event.needs_mm for row in rows)
        assert store.enrichments.queue().pending == sum(row.event.needs_mm for row in rows)
        assert all(row.mm.status is MmStatus.PENDING for row in rows if row.mm)
        with store.database.read() as connection:
            query = "SELECT body FROM events ORDER BY seq"
            bodies = [body for (body,) in connection.exec_driver_sql(query)]
        assert bodies == [make(*arrival).model_dump_json() for arrival in stored.items()]
