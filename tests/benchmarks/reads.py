"""The thirteen reads of pages, machines and figures that everybody who looks waits for; all, or of one gym."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from backend_api.base.instants import from_ms
from backend_api.contract.events import EventType
from backend_api.contract.queries import EventQuery, MachineQuery, Order, SessionQuery, StatsQuery
from backend_api.contract.sessions import SessionOutcome
from backend_api.contract.verdicts import Verdict
from backend_api.reports.reports import Reports
from backend_api.store.store import Store
from tests.benchmarks.many_events import BEGIN_MS, STEP_MS

Place = dict[str, str]
"""Filters of every read but that of one event: none, or `store_id`."""
Reading = Callable[[Store, int, Place], Callable[[], object]]
"""Makes one read of a store with so many events, a STEP_MS apart."""


def filtered_page(store: Store, _count: int, place: Place) -> Callable[[], object]:
    query = EventQuery(**place, machine_id="bike_07", event_type=[EventType.CLEANING_ATTEMPT])
    return lambda: store.events.page(query)


def deep_page(store: Store, count: int, place: Place) -> Callable[[], object]:
    middle = from_ms(BEGIN_MS + count // 2 * STEP_MS)
    cursor = store.events.page(EventQuery(**place, until=middle)).next_cursor
    query = EventQuery(**place, until=middle, cursor=cursor)
    return lambda: store.events.page(query)


def page_of_nothing(store: Store, _count: int, place: Place) -> Callable[[], object]:
    query = EventQuery(**place | {"store_id": "nowhere"}, event_type=[EventType.CLEANING_ATTEMPT])
    return lambda: store.events.page(query)


def verdicts_page(store: Store, _count: int, place: Place) -> Callable[[], object]:
    query = EventQuery(**place, verdict=Verdict.CLEANED, machine_id="bike_07")
    return lambda: store.events.page(query)


def one_event(store: Store, count: int, place: Place) -> Callable[[], object]:
    return lambda: store.events.find(UUID(int=0x00000000_0000_4000_8000_000000000000 + count // 2))


def sessions_page(store: Store, _count: int, place: Place) -> Callable[[], object]:
    query = SessionQuery(**place, machine_id="bike_07", verdict=Verdict.NOT_CLEANED)
    return lambda: Reports(store).sessions(query)


def uncleaned_sessions_page(store: Store, _count: int, place: Place) -> Callable[[], object]:
    query = SessionQuery(
        **place, outcome=[SessionOutcome.NOT_ATTEMPTED, SessionOutcome.NOT_CLEANED, SessionOutcome.NO_WINDOW]
    )
    return lambda: Reports(store).sessions(query)


def unreviewed_sessions_page(store: Store, count: int, place: Place) -> Callable[[], object]:
    verdicts = [SessionOutcome.CLEANED, SessionOutcome.NOT_CLEANED, SessionOutcome.CANNOT_TELL]
    query = SessionQuery(**place, outcome=verdicts, reviewed=False, until=from_ms(BEGIN_MS + count // 2 * STEP_MS))
    return lambda: Reports(store).sessions(query)


def reviewed_sessions_page(store: Store, _count: int, place: Place) -> Callable[[], object]:
    query = SessionQuery(**place, reviewed=True, order=Order.ASC, limit=10)
    return lambda: Reports(store).sessions(query)


def sessions_now_page(store: Store, _count: int, place: Place) -> Callable[[], object]:
    query = SessionQuery(
        **place,
        outcome=[SessionOutcome.IN_USE, SessionOutcome.WINDOW_OPEN, SessionOutcome.WAITING, SessionOutcome.FAILED],
    )
    return lambda: Reports(store).sessions(query)


def machines_now(store: Store, _count: int, place: Place) -> Callable[[], object]:
    return lambda: Reports(store).machines(MachineQuery(**place))


def deep_sessions_page(store: Store, count: int, place: Place) -> Callable[[], object]:
    query = SessionQuery(**place, order=Order.ASC, since=from_ms(BEGIN_MS + count // 2 * STEP_MS))
    return lambda: Reports(store).sessions(query)


def stats_of_a_day(store: Store, count: int, place: Place) -> Callable[[], object]:
    until = from_ms(BEGIN_MS + count * STEP_MS)
    query = StatsQuery(**place, since=until - timedelta(days=1), until=until, tz="Europe/Berlin", by="hour")
    return lambda: Reports(store).stats(query)


READS: tuple[Reading, ...] = (
    *(filtered_page, deep_page, page_of_nothing, verdicts_page, one_event),
    *(sessions_page, deep_sessions_page, uncleaned_sessions_page, unreviewed_sessions_page),
    *(reviewed_sessions_page, sessions_now_page, machines_now, stats_of_a_day),
)
