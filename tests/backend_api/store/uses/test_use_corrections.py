"""Corrections are only ever added to, and a session says the latest one that stands; its events stay as they came."""

from datetime import timedelta
from uuid import UUID

import pytest

from backend_api.checks.derived import check_derived
from backend_api.contract.corrections import UseCorrection, UseTruth
from backend_api.contract.events import EventType
from backend_api.contract.queries import SessionQuery
from backend_api.contract.sessions import SessionOutcome
from backend_api.contract.verdicts import Agree, Verdict
from backend_api.reports.reports import Reports
from backend_api.store.store import Store
from backend_api.store.uses.use_corrections import CorrectionOutcome
from tests.backend_api.events import START
from tests.backend_api.reports.test_sessions import make_session, only
from tests.backend_api.reports.test_stats import judge
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases

KEPT = CorrectionOutcome.KEPT


def said(truth: UseTruth, who: str = "Ann", note: str = "") -> UseCorrection:
    return UseCorrection(truth=truth, who=who, note=note)


def test_all_corrections_are_kept_with_who_and_when(store: Store, clock: FakeClock) -> None:
    events = make_session(1)
    store.events.add(events)
    session_id = events[0].session_id
    before = [store.events.find(event.event_id) for event in events]
    assert store.corrections.add(session_id, said(UseTruth.NOBODY, note="a coat")) is KEPT
    clock.advance(2)
    assert store.corrections.add(session_id, said(UseTruth.WITHDRAWN, "Bob")) is KEPT
    assert only(store).correction is None
    assert [store.events.find(event.event_id) for event in events] == before
    assert store.corrections.add(session_id, said(UseTruth.TWO_PEOPLE, "Bob")) is KEPT
    found = store.corrections.history(session_id)
    assert [(each.truth, each.who, each.at, each.note) for each in found] == [
        (UseTruth.NOBODY, "Ann", START, "a coat"),
        (UseTruth.WITHDRAWN, "Bob", START + timedelta(seconds=2), ""),
        (UseTruth.TWO_PEOPLE, "Bob", START + timedelta(seconds=2), ""),
    ]
    assert store.corrections.history() == found
    assert only(store).correction is UseTruth.TWO_PEOPLE
    row = store.events.find(events[2].event_id)
    assert row is not None
    assert row.correction == found[-1]


def test_what_cannot_be_corrected_is_said(store: Store) -> None:
    assert store.corrections.add(UUID(int=7), said(UseTruth.NOBODY)) is CorrectionOutcome.NO_SESSION
    events = make_session(1)
    store.events.add(events)
    session_id = events[0].session_id
    nothing = store.corrections.add(session_id, said(UseTruth.WITHDRAWN))
    assert nothing is CorrectionOutcome.NOTHING_TO_WITHDRAW
    judge(store, Verdict.CLEANED)
    assert store.corrections.add(session_id, said(UseTruth.NOBODY)) is KEPT
    later = START + timedelta(days=9)
    assert len(store.old_events.remove(later, later)) == 4
    assert only(store).outcome is SessionOutcome.NO_USE
    assert store.corrections.add(session_id, said(UseTruth.WITHDRAWN)) is CorrectionOutcome.EVENTS_REMOVED
    assert len(store.corrections.history(session_id)) == 1
    assert list(check_derived(store.database)) == []


@pytest.mark.parametrize("truth", [UseTruth.NOBODY, UseTruth.OTHER_MACHINE])
def test_a_use_that_was_none_is_listed_as_that_whatever_comes_later(store: Store, truth: UseTruth) -> None:
    """Its attempt, the verdict and an opinion of it come after the correction; all are there when it is withdrawn."""
    events = make_session(1)
    store.events.add(events[:2])
    session_id = events[0].session_id
    assert store.corrections.add(session_id, said(truth)) is KEPT
    store.events.add(events[2:])
    judge(store, Verdict.CLEANED)
    assert store.reviews.add(events[3].event_id, Agree.YES, "", "ann")
    row = only(store)
    assert (row.outcome, row.correction) == (SessionOutcome.NO_USE, truth)
    listed = Reports(store).sessions(SessionQuery(outcome=(SessionOutcome.NO_USE,))).items
    assert [each.session_id for each in listed] == [session_id]
    for others in (SessionQuery(outcome=(SessionOutcome.CLEANED,)), SessionQuery(reviewed=True)):
        assert Reports(store).sessions(others).items == []
    assert list(check_derived(store.database)) == []
    store.corrections.add(session_id, said(UseTruth.WITHDRAWN))
    row = only(store)
    assert (row.outcome, row.review, row.correction) == (SessionOutcome.CLEANED, "yes", None)
    assert list(check_derived(store.database)) == []


def test_a_correction_is_told_with_the_start_of_its_use(store: Store) -> None:
    events = make_session(1)
    store.events.add([events[1], events[0]])
    newest = store.changes.newest()
    store.corrections.add(events[0].session_id, said(UseTruth.NOBODY))
    [change] = store.changes.read(newest, 10)
    assert (change.kind.value, change.event_type) == ("use", EventType.MACHINE_OCCUPIED_START)
    assert change.row is not None
    assert change.row.correction is not None
    assert change.row.correction.truth is UseTruth.NOBODY


def test_a_use_that_was_none_ends_no_other_ones_window(store: Store) -> None:
    """The window of the first use closes when somebody uses the machine again, and a coat is nobody."""
    first, coat = make_session(1), make_session(1, at_s=70)
    store.events.add([*first[:3], *coat[:1]])
    outcomes = [each.outcome for each in Reports(store).sessions(SessionQuery()).items]
    assert outcomes == [SessionOutcome.IN_USE, SessionOutcome.NOT_ATTEMPTED]
    store.corrections.add(coat[0].session_id, said(UseTruth.NOBODY))
    outcomes = [each.outcome for each in Reports(store).sessions(SessionQuery()).items]
    assert outcomes == [SessionOutcome.NO_USE, SessionOutcome.WINDOW_OPEN]
