"""Of a camera that keeps no pictures nobody is asked anything, from the first moment on, and everything says so."""

from uuid import UUID

from sqlalchemy import delete

from backend_api.base.instants import to_ms
from backend_api.checks.derived import check_derived
from backend_api.checks.enrichments import check_enrichments
from backend_api.contract.events import NO_PICTURES, NOT_ASKED_REASON, PICTURES, Event
from backend_api.contract.queries import EventQuery, SessionQuery
from backend_api.contract.sessions import Session, SessionOutcome
from backend_api.contract.verdicts import MmStatus
from backend_api.reports.reports import Reports
from backend_api.store.db.statements import Statement
from backend_api.store.db.tables import enrichments
from backend_api.store.enrichments import RetryOutcome
from backend_api.store.store import Store
from tests.backend_api.reports.test_sessions import make_session
from tests.fake_clock import FakeClock


def unseen(number: int) -> list[Event]:
    """A use with an attempt, of which there are no pictures."""
    return [
        event.model_copy(update={"attributes": event.attributes | {PICTURES: NO_PICTURES}})
        for event in make_session(number)
    ]


def session(store: Store, session_id: UUID) -> Session:
    [found] = Reports(store).sessions(SessionQuery(session_id=(session_id,)), lambda _: None).items
    return found


def test_an_attempt_is_not_asked_about_and_says_why(store: Store, clock: FakeClock) -> None:
    *_, attempt = events = unseen(1)
    store.events.add(events)
    found = store.events.find(attempt.event_id)
    assert found is not None
    assert found.mm is not None
    assert (found.mm.status, found.mm.error, found.mm.attempts) == (MmStatus.NOT_ASKED, NOT_ASKED_REASON, 0)
    one = session(store, attempt.session_id)
    assert (one.outcome, one.is_final, one.mm_status) == (SessionOutcome.NOT_JUDGED, True, MmStatus.NOT_ASKED)
    clock.advance(3600)
    assert store.enrichments.claim(60) is None
    assert store.enrichments.next_due_s() is None
    assert store.enrichments.retry(attempt.event_id) is RetryOutcome.NOT_DEAD
    assert not store.enrichments.rerun(attempt.event_id)
    queue = store.enrichments.queue()
    assert (queue.pending, queue.done, queue.dead, queue.not_asked) == (0, 0, 0, 1)
    assert len(store.events.page(EventQuery(mm_status=MmStatus.NOT_ASKED)).rows) == 1


def test_the_end_of_a_use_without_an_attempt_is_not_asked_about(store: Store, clock: FakeClock) -> None:
    start, end, opened, _ = unseen(1)
    store.events.add([start, end, opened])
    clock.advance(3600)
    assert store.enrichments.claim(60) is None
    one = session(store, start.session_id)
    assert (one.outcome, one.is_final) == (SessionOutcome.NOT_ATTEMPTED, True)
    assert list(check_derived(store.database)) == []


def test_whatever_happens_to_the_event_nobody_is_asked(store: Store, clock: FakeClock) -> None:
    *_, attempt = events = unseen(1)
    store.events.add(events)
    assert store.hidden_events.hide(attempt.event_id, "a test", "ann")
    assert store.hidden_events.show(attempt.event_id)
    assert session(store, attempt.session_id).outcome is SessionOutcome.NOT_JUDGED
    with store.database.write() as transaction:
        Statement(delete(enrichments)).run(transaction, {})
    [missing] = check_enrichments(store.database, to_ms(clock.now()))
    assert missing.repair is not None
    missing.repair()
    assert session(store, attempt.session_id).outcome is SessionOutcome.NOT_JUDGED
    assert store.enrichments.claim(60) is None
    assert list(check_derived(store.database)) == []
