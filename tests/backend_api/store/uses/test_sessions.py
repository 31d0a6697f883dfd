"""Whatever is written, in any order: sessions, enrichments and the log are what follows from what is stored."""

import shutil
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_api.checks.derived import check_derived
from backend_api.contract.corrections import UseCorrection, UseTruth
from backend_api.contract.events import Event, EventType
from backend_api.contract.verdicts import Agree, MmStatus, Verdict
from backend_api.store.enrichments import Claim, RetryOutcome
from backend_api.store.events import IngestOutcome
from backend_api.store.store import Store
from backend_api.store.uses.session_row import EventFacts, SessionRow, VerdictFacts, session_of
from backend_api.store.uses.use_corrections import CorrectionOutcome
from tests.backend_api.events import make_event, make_result
from tests.backend_api.fresh_store import fresh_store
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases

KINDS = list(EventType)
SESSIONS = 3
LEASE_S = 60.0
# So long after a window has closed an attempt in it may still arrive.
LATE_MS = 30_000
# An event by its session, its kind, when it was, and a difference that makes another body of it.
ARRIVAL = st.tuples(st.integers(0, SESSIONS - 1), st.sampled_from(KINDS), st.integers(0, 3), st.booleans())
ATTEMPT = st.integers(0, 40)
ADD = st.tuples(st.just("add"), st.lists(ARRIVAL, min_size=1, max_size=6))
OPERATION = st.one_of(
    *(ADD, ADD, ADD),
    st.tuples(st.just("claim"), st.none()),
    st.tuples(st.just("finish"), st.sampled_from(Verdict)),
    st.tuples(st.just("finish and claim"), st.sampled_from(Verdict)),
    st.tuples(st.just("fail"), st.sampled_from([None, 0.0, 30.0])),
    st.tuples(st.just("release"), st.just(0.0)),
    st.tuples(st.just("renew"), st.none()),
    st.tuples(st.just("wait"), st.sampled_from([1.0, 2 * LEASE_S, 3600.0])),
    st.tuples(st.just("make due"), st.none()),
    st.tuples(st.just("claim"), st.none()),
    st.tuples(st.just("finish"), st.sampled_from(Verdict)),
    st.tuples(st.just("judge ends"), st.booleans()),
    st.tuples(st.just("retry"), ATTEMPT),
    st.tuples(st.just("rerun"), ATTEMPT),
    st.tuples(st.just("rerun others"), st.sampled_from(["mock", "another"])),
    st.tuples(st.just("review"), st.tuples(ATTEMPT, st.sampled_from(Agree))),
    st.tuples(st.just("correct"), st.tuples(st.integers(0, SESSIONS - 1), st.sampled_from(UseTruth))),
    st.tuples(st.just("note blocked"), st.sampled_from(["no budget", "no answer"])),
)


def make(session: int, kind: EventType, at: int, is_other: bool) -> Event:
    attributes: dict[str, object] = {}
    if kind is EventType.MACHINE_OCCUPIED_END and at:
        attributes = {"end_reason": ["left", "unobserved", "recovered"][at - 1]}
    elif kind is EventType.CLEANING_WINDOW_OPEN and at:
        attributes = {"closes_at": f"2026-01-31T10:0{at}:00.5004Z"}
    return make_event(
        event_type=kind,
        at_s=100 * session + 10 * at + KINDS.index(kind),
        session_id=UUID(int=session),
        machine_id=f"bike_{session % 2}",
        attributes=attributes,
        confidence=0.5 if is_other else 0.9,
    )


@dataclass
class Oracle:
    """What must have been stored and logged, from the answers of the writes alone."""

    store: Store
    clock: FakeClock
    events: list[Event] = field(default_factory=list)
    status: dict[UUID, MmStatus] = field(default_factory=dict)
    verdicts: dict[UUID, list[Verdict]] = field(default_factory=dict)
    reviews: dict[UUID, list[tuple[Agree, Verdict | None]]] = field(default_factory=dict)
    truths: dict[UUID, UseTruth | None] = field(default_factory=dict)
    log: list[tuple[str, UUID]] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    arrived_ms: dict[UUID, int] = field(default_factory=dict)
    judged_from_ms: int | None = 0

    @property
    def now_ms(self) -> int:
        return round(self.clock.now().timestamp() * 1000)

    def write(self, name: str, value: object) -> None:
        getattr(self, name.replace(" ", "_"))(value)

    def attempt(self, number: int) -> UUID:
        attempts = list(self.status)
        return attempts[number % len(attempts)] if attempts else UUID(int=999)

    def changed(self, event_id: UUID, status: MmStatus) -> None:
        self.status[event_id] = status
        self.log.append(("verdict", event_id))

    def add(self, arrivals: list[tuple[int, EventType, int, bool]]) -> None:
        events = [make(*arrival) for arrival in arrivals]
        for event, outcome in zip(events, self.store.events.add(events), strict=True):
            if outcome is IngestOutcome.STORED:
                self.events.append(event)
                self.arrived_ms[event.event_id] = self.now_ms
                self.log.append(("event", event.event_id))
                if event.needs_mm:
                    self.status[event.event_id] = MmStatus.PENDING

    def of_session(self, session_id: UUID) -> list[Event]:
        return [event for event in self.events if event.session_id == session_id]

    def ask_about_ends(self) -> None:
        """By the words of the specification, from the events and what was said of them."""
        if self.judged_from_ms is None:
            return
        due = []
        for session_id in {event.session_id for event in self.events}:
            found = {
                kind: next((e for e in self.of_session(session_id) if e.event_type is kind), None) for kind in KINDS
            }
            _, end, opened, attempt = (found[kind] for kind in KINDS)
            if end is None or end.event_id in self.status:
                continue
            of_end = [e for e in self.of_session(session_id) if e.event_type in KINDS[1:3]]
            heard_ms = max(self.arrived_ms[event.event_id] for event in of_end)
            if attempt is not None:
                verdict = self.verdicts.get(attempt.event_id, [None])[-1]
                is_dead = verdict is None and self.status[attempt.event_id] is MmStatus.DEAD
                matters_from_ms = heard_ms if is_dead or verdict not in (None, Verdict.CLEANED) else None
            elif opened is not None:
                closes_ms = next(filter(None, map(_closes_ms, self.of_session(session_id))), None)
                matters_from_ms = max(closes_ms or round(opened.ts.timestamp() * 1000), heard_ms) + LATE_MS
            else:
                matters_from_ms = None
            if matters_from_ms is not None and self.judged_from_ms <= matters_from_ms <= self.now_ms:
                due.append(end)
        in_order = [event.event_id for event in self.events]
        for end in sorted(due, key=lambda end: in_order.index(end.event_id)):
            self.changed(end.event_id, MmStatus.PENDING)

    def make_due(self, _: None) -> None:
        self.ask_about_ends()
        self.store.enrichments.make_due_questions()

    def judge_ends(self, is_on: bool) -> None:
        taken_back = self.store.enrichments.judge_ends(is_on=is_on)
        if is_on == (self.judged_from_ms is not None):
            assert taken_back == 0
            return
        self.judged_from_ms = self.now_ms if is_on else None
        if not is_on:
            waiting = [
                event.event_id
                for event in self.events
                if event.event_type is KINDS[1] and self.status.get(event.event_id) is MmStatus.PENDING
            ]
            for event_id in waiting:
                self.log.append(("verdict", event_id))
                if event_id in self.verdicts:
                    self.status[event_id] = MmStatus.DONE
                else:
                    del self.status[event_id]
            assert taken_back == len(waiting)

    def take(self, claim: Claim | None) -> None:
        if claim is not None:
            self.claims.append(claim)
            self.status[claim.event.event_id] = MmStatus.PROCESSING

    def claim(self, _: None) -> None:
        self.ask_about_ends()
        self.take(self.store.enrichments.claim(LEASE_S))

    def finish(self, verdict: Verdict, *, claims: bool = False) -> None:
        if self.claims:
            held = self.claims.pop(0)
            result = make_result(verdict=verdict)
            following = None
            if claims:
                is_stored, following = self.store.enrichments.finish_and_claim(held, result, LEASE_S)
            else:
                is_stored = self.store.enrichments.finish(held, result)
            if is_stored:
                self.changed(held.event.event_id, MmStatus.DONE)
                self.verdicts.setdefault(held.event.event_id, []).append(verdict)
            if claims:
                self.ask_about_ends()
            self.take(following)

    def finish_and_claim(self, verdict: Verdict) -> None:
        self.finish(verdict, claims=True)

    def fail(self, retry_in_s: float | None) -> None:
        if self.claims:
            held = self.claims.pop(0)
            if self.store.enrichments.fail(held, "no answer", retry_in_s):
                self.changed(held.event.event_id, MmStatus.DEAD if retry_in_s is None else MmStatus.PENDING)

    def release(self, retry_in_s: float) -> None:
        if self.claims:
            held = self.claims.pop(0)
            if self.store.enrichments.release(held, "stopped", retry_in_s):
                self.changed(held.event.event_id, MmStatus.PENDING)

    def renew(self, _: None) -> None:
        if self.claims:
            self.store.enrichments.renew(self.claims[0], LEASE_S)

    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def retry(self, number: int) -> None:
        event_id = self.attempt(number)
        if self.store.enrichments.retry(event_id) is RetryOutcome.PENDING:
            self.changed(event_id, MmStatus.PENDING)

    def rerun(self, number: int) -> None:
        event_id = self.attempt(number)
        if self.store.enrichments.rerun(event_id):
            self.changed(event_id, MmStatus.PENDING)

    def rerun_others(self, model: str) -> None:
        expected: list[UUID] = []
        for kind in (KINDS[3], KINDS[1]):
            of_kind = [event.event_id for event in self.events if event.event_type is kind]
            ended = [e for e in of_kind if self.status.get(e) in (MmStatus.DONE, MmStatus.DEAD)]
            others = [e for e in ended if model != "mock" or not self.verdicts.get(e)]
            expected += others
        assert self.store.enrichments.rerun_others(model, "1", "1") == len(expected)
        for event_id in expected:
            self.changed(event_id, MmStatus.PENDING)

    def review(self, value: tuple[int, Agree]) -> None:
        number, agree = value
        event_id = self.attempt(number)
        said, given = self.reviews.get(event_id, []), self.verdicts.get(event_id, [])
        can_be = bool(given) if agree is not Agree.WITHDRAWN else bool(said) and said[-1][0] is not Agree.WITHDRAWN
        assert self.store.reviews.add(event_id, agree, "", "ann") == can_be
        if can_be:
            of = said[-1][1] if agree is Agree.WITHDRAWN else given[-1]
            self.reviews.setdefault(event_id, []).append((agree, of))
            self.log.append(("review", event_id))

    def correct(self, value: tuple[int, UseTruth]) -> None:
        number, truth = value
        session_id = UUID(int=number)
        of_session = [event for event in self.events if event.session_id == session_id]
        is_withdrawn = truth is UseTruth.WITHDRAWN
        expected = CorrectionOutcome.KEPT
        if not of_session:
            expected = CorrectionOutcome.NO_SESSION
        elif is_withdrawn and self.truths.get(session_id) is None:
            expected = CorrectionOutcome.NOTHING_TO_WITHDRAW
        assert self.store.corrections.add(session_id, UseCorrection(truth=truth)) is expected
        if expected is CorrectionOutcome.KEPT:
            self.truths[session_id] = None if is_withdrawn else truth
            self.log.append(("use", of_session[0].event_id))

    def note_blocked(self, reason: str) -> None:
        self.store.enrichments.note_blocked(reason)

    def expected_sessions(self, seqs: list[int]) -> list[SessionRow]:
        """By the pure function, of what was stored, in the order in which it was; `seqs` are the events' numbers."""
        facts: dict[str, list[EventFacts]] = {}
        said = {}
        for seq, event in zip(seqs, self.events, strict=True):
            facts.setdefault(str(event.session_id), []).append(_facts(seq, event, self.arrived_ms[event.event_id]))
            if event.event_id in self.status:
                verdict = self.verdicts.get(event.event_id, [None])[-1]
                agree, of = self.reviews.get(event.event_id, [(None, None)])[-1]
                is_dead = self.status[event.event_id] is MmStatus.DEAD
                said[seq] = VerdictFacts(verdict, is_dead, agree, of)
        rows = [session_of(of_one, said, self.truths.get(UUID(name))) for name, of_one in facts.items()]
        return sorted(rows, key=lambda row: row.session_id)

    def check(self) -> None:
        logged = self.store.changes.read(0, 10_000)
        assert [(change.kind.value, change.row and change.row.event_id) for change in logged] == self.log
        with self.store.database.snapshot() as connection:
            rows = connection.exec_driver_sql(STORED_SESSIONS).all()
            numbers = connection.exec_driver_sql("SELECT event_id, seq FROM events ORDER BY seq").all()
            waiting = connection.exec_driver_sql(STORED_ENRICHMENTS).all()
        assert [event_id for event_id, _ in numbers] == [str(event.event_id) for event in self.events]
        assert [SessionRow(*row) for row in rows] == self.expected_sessions([seq for _, seq in numbers])
        assert {UUID(event_id): MmStatus(status) for event_id, status, _ in waiting} == self.status
        newest = {str(event_id): verdicts[-1] for event_id, verdicts in self.verdicts.items()}
        assert {event_id: verdict for event_id, _, verdict in waiting if verdict} == newest
        assert list(check_derived(self.store.database)) == []


STORED_SESSIONS = (
    "SELECT session_id, store_id, camera_id, machine_id, ts_ms, started_ms, ended_ms, end_reason, opened_ms, closes_ms,"
    " attempt_seq, attempt_ms, end_seq, heard_ms, end_is_asked, end_due_ms, verdict, end_verdict, judged_seq, review,"
    " is_reviewed, outcome_key, source_key, correction FROM sessions ORDER BY session_id"
)
STORED_ENRICHMENTS = "SELECT event_id, status, verdict FROM enrichments JOIN events USING (seq)"


def _closes_ms(event: Event) -> int | None:
    """10:0x:00.500 UTC, cut to the millisecond."""
    closes_at = event.attributes.get("closes_at")
    return None if closes_at is None else 1_769_853_600_500 + 60_000 * int(str(closes_at)[15])


def _facts(seq: int, event: Event, arrived_ms: int) -> EventFacts:
    """By other means than the store's."""
    return EventFacts(
        seq,
        event.event_type.value,
        event.store_id,
        event.camera_id,
        event.machine_id,
        str(event.session_id),
        round(event.ts.timestamp() * 1000),
        arrived_ms,
        str(event.attributes["end_reason"]) if "end_reason" in event.attributes else None,
        _closes_ms(event),
    )


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "app.db"
    fresh_store(path, FakeClock()).close()
    return path


@settings(max_examples=60, deadline=None)
@given(operations=st.lists(OPERATION, max_size=30))
def test_whatever_is_written_the_tables_hold_what_follows_from_it(
    empty: Path, operations: list[tuple[str, object]]
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(shutil.copy(empty, folder))
        clock = FakeClock()
        with closing(Store.open(path, clock, create=False)) as store:
            oracle = Oracle(store, clock)
            for name, value in operations:
                oracle.write(name, value)
            oracle.check()


FIRST = (
    *(("add", [(0, kind, 1, False) for kind in KINDS]), ("claim", None), ("finish", Verdict.CLEANED)),
    *(("review", (0, Agree.YES)), ("rerun", 0), ("claim", None), ("finish", Verdict.NOT_CLEANED)),
)


def reviewed(store: Store) -> tuple[object, ...]:
    with store.database.read() as connection:
        query = "SELECT verdict, review, is_reviewed, outcome_key FROM sessions"
        return tuple(connection.exec_driver_sql(query).one())


def test_an_opinion_of_a_verdict_is_there_again_with_that_verdict(store: Store, clock: FakeClock) -> None:
    oracle = Oracle(store, clock)
    for name, value in (("judge ends", False), *FIRST):
        oracle.write(name, value)
    assert reviewed(store) == ("not_cleaned", None, 0, "not_cleaned")
    for name, value in (("rerun", 0), ("claim", None), ("finish", Verdict.CLEANED)):
        oracle.write(name, value)
    assert reviewed(store) == ("cleaned", "yes", 1, "cleaned")
    oracle.check()
