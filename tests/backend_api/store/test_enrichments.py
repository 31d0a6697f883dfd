"""Leases: one worker at a time, by token, and what becomes of those that run out."""

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from backend_api.contract.events import EventType
from backend_api.contract.verdicts import Enrichment, MmStatus, Verdict
from backend_api.store.enrichments import Claim, RetryOutcome
from backend_api.store.store import Store
from tests.backend_api.events import make_event, make_result
from tests.backend_api.fresh_store import fresh_store
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases

LEASE_S = 30.0


def claimed(store: Store) -> Claim:
    claim = store.enrichments.claim(LEASE_S)
    assert claim is not None
    return claim


def enrichment(store: Store, claim: Claim) -> Enrichment:
    row = store.events.find(claim.event.event_id)
    assert row is not None
    assert row.mm is not None
    return row.mm


def test_a_claim_carries_the_event_and_counts_its_attempts(store: Store) -> None:
    event = make_event()
    store.events.add([event])
    claim = claimed(store)
    assert claim.event == event
    assert claim.attempt == 1
    assert enrichment(store, claim) == Enrichment(status=MmStatus.PROCESSING, attempts=1)
    assert store.enrichments.claim(LEASE_S) is None


def test_the_one_that_waits_longest_comes_first(store: Store, clock: FakeClock) -> None:
    events = [make_event(at_s=10 - number) for number in range(3)]
    for event in events:
        store.events.add([event])
        clock.advance(1)
    assert [claimed(store).event for _ in events] == events


def test_the_next_is_claimed_with_a_result_also_with_one_that_comes_too_late(store: Store) -> None:
    events = [make_event(at_s=second) for second in range(3)]
    store.events.add(events)
    first = claimed(store)
    is_stored, second = store.enrichments.finish_and_claim(first, make_result(), LEASE_S)
    assert is_stored
    assert enrichment(store, first).status is MmStatus.DONE
    is_stored, third = store.enrichments.finish_and_claim(first, make_result(), LEASE_S)
    assert not is_stored
    assert [claim and claim.event for claim in (second, third)] == events[1:]


def test_events_without_a_question_are_never_claimed(store: Store) -> None:
    store.events.add([make_event(event_type=EventType.CLEANING_WINDOW_OPEN)])
    assert store.enrichments.claim(LEASE_S) is None
    assert store.enrichments.next_due_s() is None


def test_a_verdict_is_stored(store: Store) -> None:
    store.events.add([make_event()])
    claim = claimed(store)
    result = make_result(verdict=Verdict.NOT_CLEANED)
    assert store.enrichments.finish(claim, result)
    assert enrichment(store, claim) == Enrichment(status=MmStatus.DONE, attempts=1, result=result)
    assert store.enrichments.claim(LEASE_S) is None
    assert store.enrichments.next_due_s() is None
    assert not store.enrichments.finish(claim, make_result())
    assert not store.enrichments.fail(claim, "late", None)


def test_a_lease_that_ran_out_goes_to_another_and_the_late_one_is_refused(store: Store, clock: FakeClock) -> None:
    store.events.add([make_event()])
    late = claimed(store)
    clock.advance(LEASE_S - 0.001)
    assert store.enrichments.claim(LEASE_S) is None
    clock.advance(0.001)
    newer = claimed(store)
    assert newer.token > late.token
    assert newer.attempt == 2
    assert not store.enrichments.renew(late, LEASE_S)
    assert not store.enrichments.finish(late, make_result(summary="late"))
    assert not store.enrichments.fail(late, "late", None)
    assert enrichment(store, newer) == Enrichment(status=MmStatus.PROCESSING, attempts=2)
    assert store.enrichments.finish(newer, make_result())


def test_a_renewed_lease_holds(store: Store, clock: FakeClock) -> None:
    store.events.add([make_event()])
    claim = claimed(store)
    clock.advance(LEASE_S - 1)
    assert store.enrichments.renew(claim, LEASE_S)
    clock.advance(LEASE_S - 1)
    assert store.enrichments.claim(LEASE_S) is None
    assert store.enrichments.finish(claim, make_result())


def test_a_lease_that_ran_out_unnoticed_is_still_the_newest(store: Store, clock: FakeClock) -> None:
    store.events.add([make_event()])
    claim = claimed(store)
    clock.advance(10 * LEASE_S)
    assert store.enrichments.finish(claim, make_result())


def test_a_failure_waits_and_shows_its_error(store: Store, clock: FakeClock) -> None:
    store.events.add([make_event()])
    claim = claimed(store)
    assert store.enrichments.fail(claim, "no answer", 4.0)
    assert enrichment(store, claim) == Enrichment(status=MmStatus.PENDING, attempts=1, error="no answer")
    assert store.enrichments.next_due_s() == 4.0
    assert store.enrichments.claim(LEASE_S) is None
    clock.advance(4)
    assert store.enrichments.next_due_s() == 0
    assert claimed(store).attempt == 2


def test_the_last_failure_is_dead_until_somebody_tries_again(store: Store) -> None:
    store.events.add([make_event()])
    claim = claimed(store)
    event_id = claim.event.event_id
    assert store.enrichments.retry(event_id) is RetryOutcome.NOT_DEAD
    assert store.enrichments.fail(claim, "the clip is missing", None)
    assert enrichment(store, claim) == Enrichment(status=MmStatus.DEAD, attempts=1, error="the clip is missing")
    assert store.enrichments.claim(LEASE_S) is None
    assert store.enrichments.next_due_s() is None
    assert store.enrichments.retry(event_id) is RetryOutcome.PENDING
    assert store.enrichments.retry(event_id) is RetryOutcome.NOT_DEAD
    assert enrichment(store, claim) == Enrichment(status=MmStatus.PENDING, attempts=0)
    again = claimed(store)
    assert again.attempt == 1
    assert again.token > claim.token


def test_retry_of_what_has_no_enrichment(store: Store) -> None:
    event = make_event(event_type=EventType.MACHINE_OCCUPIED_START)
    assert store.enrichments.retry(event.event_id) is RetryOutcome.NOT_FOUND
    store.events.add([event])
    assert store.enrichments.retry(event.event_id) is RetryOutcome.NOT_DEAD


def test_next_due_is_the_first_lease_or_backoff_to_end(store: Store, clock: FakeClock) -> None:
    store.events.add([make_event(at_s=number) for number in range(2)])
    store.enrichments.claim(50.0)
    claim = claimed(store)
    assert store.enrichments.next_due_s() == LEASE_S
    store.enrichments.fail(claim, "no answer", 7.5)
    assert store.enrichments.next_due_s() == 7.5
    clock.advance(100)
    assert store.enrichments.next_due_s() == 0


def test_a_clock_that_is_set_back_delays_nothing(store: Store, clock: FakeClock) -> None:
    store.events.add([make_event(at_s=number) for number in range(3)])
    lost = claimed(store)
    store.enrichments.fail(claimed(store), "no answer", 10.0)
    clock.jump_wall_clock(-3600)
    assert store.enrichments.next_due_s() == 0
    assert len({claimed(store).event.event_id for _ in range(3)}) == 3
    assert not store.enrichments.finish(lost, make_result())
    assert store.enrichments.claim(LEASE_S) is None
    assert store.enrichments.next_due_s() == LEASE_S


def test_a_small_correction_of_the_clock_takes_no_lease_away(store: Store, clock: FakeClock) -> None:
    store.events.add([make_event()])
    claim = claimed(store)
    clock.jump_wall_clock(-2)
    assert store.enrichments.claim(LEASE_S) is None
    assert store.enrichments.renew(claim, LEASE_S)


class Leases(RuleBasedStateMachine):
    """Several workers, some of them late, on one job: the newest claim alone decides, and there is one verdict."""

    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.clock = FakeClock()
        self.store = fresh_store(Path(self.folder.name) / "app.db", self.clock)
        self.event = make_event()
        self.store.events.add([self.event])
        self.newest: Claim | None = None
        self.result: str | None = None

    def teardown(self) -> None:
        with closing(self.store), self.folder:
            pass

    @rule(target=claims)
    def claim(self) -> Claim | None:
        claim = self.store.enrichments.claim(LEASE_S)
        if claim is not None:
            assert self.result is None
            assert self.newest is None or claim.token > self.newest.token
            self.newest = claim
        return claim

    @rule(seconds=st.sampled_from([1.0, LEASE_S]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(seconds=st.sampled_from([-3600.0, -1.0, 3600.0]))
    def set_clock(self, seconds: float) -> None:
        self.clock.jump_wall_clock(seconds)

    @rule(claim=claims)
    def renew(self, claim: Claim | None) -> None:
        if claim is not None:
            assert self.store.enrichments.renew(claim, LEASE_S) == self.holds(claim)

    @rule(claim=claims, summary=st.uuids())
    def finish(self, claim: Claim | None, summary: object) -> None:
        if claim is not None:
            is_holder = self.holds(claim)
            assert self.store.enrichments.finish(claim, make_result(summary=str(summary))) == is_holder
            if is_holder:
                self.result = str(summary)

    @rule(claim=consumes(claims), is_last=st.booleans())
    def fail(self, claim: Claim | None, is_last: bool) -> None:
        if claim is not None:
            is_holder = self.holds(claim)
            assert self.store.enrichments.fail(claim, "no answer", None if is_last else 5.0) == is_holder
            if is_holder:
                self.newest = None

    @rule()
    def retry(self) -> None:
        self.store.enrichments.retry(self.event.event_id)

    @invariant()
    def the_result_is_the_holders(self) -> None:
        row = self.store.events.find(self.event.event_id)
        assert row is not None
        assert row.mm is not None
        assert (row.mm.result and row.mm.result.summary) == self.result
        assert (row.mm.status is MmStatus.DONE) == (self.result is not None)
        assert (self.store.enrichments.next_due_s() is None) == (row.mm.status in (MmStatus.DONE, MmStatus.DEAD))

    def holds(self, claim: Claim) -> bool:
        return self.result is None and claim == self.newest


TestLeases = Leases.TestCase
TestLeases.settings = settings(max_examples=15, stateful_step_count=20)
