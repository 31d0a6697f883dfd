"""One use of a machine as a row: what its events, the verdicts on it and people's corrections add up to. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import JsonValue, ValidationError
from pydantic_core import to_json

from backend_api.base.instants import to_ms
from backend_api.contract.corrections import NO_USE_TRUTHS
from backend_api.contract.events import EventType, WindowAttributes, has_pictures
from backend_api.contract.sessions import SessionOutcome
from backend_api.contract.sources import source_of
from backend_api.contract.verdicts import MmStatus, Verdict

# The outcome_key of a session of which no verdict decides; with one it is that, or that it waits or has failed.
UNOPENED, OPENED = "unopened", "opened"
WAITING, FAILED = SessionOutcome.WAITING.value, SessionOutcome.FAILED.value
NOT_JUDGED = SessionOutcome.NOT_JUDGED.value
CLEANED, NOT_CLEANED, CANNOT_TELL = Verdict.CLEANED.value, Verdict.NOT_CLEANED.value, Verdict.CANNOT_TELL.value
# People say that there was no use, whatever its events are.
NO_USE = SessionOutcome.NO_USE.value
WITHDRAWN = "withdrawn"
# What one of two questions says that the other's `not_cleaned` does not make certain, the most open first.
_OPEN_KEYS = (WAITING, FAILED, NOT_JUDGED, CANNOT_TELL)
# With an attempt judged like this it matters whether the machine was wiped before it was left.
UNCLEANED = (NOT_CLEANED, CANNOT_TELL, FAILED)
# An attempt that begins in the last second of its window is known, with its clip, about ten seconds later, and then on
# its way; one that comes later still costs a question that need not have been put.
LATE_ATTEMPT_MS = 30_000


class EventFacts(NamedTuple):
    """One event's part in its session; `seq` is its place in the order of arrival."""

    seq: int
    event_type: str
    store_id: str
    camera_id: str
    machine_id: str
    session_id: str
    ts_ms: int
    received_at_ms: int
    end_reason: str | None
    closes_ms: int | None
    source: str | None = None
    has_pictures: bool = True

    @property
    def source_key(self) -> str | None:
        """The key of its `source`, which is canonical JSON."""
        return None if self.source is None else hashlib.blake2b(self.source.encode(), digest_size=16).hexdigest()


class VerdictFacts(NamedTuple):
    """The newest verdict on an attempt or END, and the latest review of one, withdrawn or not.

    `is_unasked`: nobody is asked, since there is no picture.
    """

    verdict: str | None
    is_dead: bool
    agree: str | None
    reviewed_verdict: str | None
    is_unasked: bool = False

    @property
    def review(self) -> str | None:
        """The latest review's opinion of the newest verdict; None when it was withdrawn, or is of another verdict."""
        return None if self.agree == WITHDRAWN or self.reviewed_verdict != self.verdict else self.agree

    @property
    def outcome_key(self) -> str:
        """The session's outcome_key if this alone decides."""
        if self.is_unasked:
            return NOT_JUDGED
        return self.verdict or (FAILED if self.is_dead else WAITING)


NO_VERDICT = VerdictFacts(None, is_dead=False, agree=None, reviewed_verdict=None)
UNASKED = NO_VERDICT._replace(is_unasked=True)


@dataclass(slots=True)
class SessionRow:
    """A row of `sessions` without its number; times are milliseconds since 1970."""

    session_id: str
    store_id: str
    camera_id: str
    machine_id: str
    ts_ms: int
    started_ms: int | None = None
    ended_ms: int | None = None
    end_reason: str | None = None
    opened_ms: int | None = None
    closes_ms: int | None = None
    attempt_seq: int | None = None
    attempt_ms: int | None = None
    end_seq: int | None = None
    heard_ms: int | None = None
    end_is_asked: bool = False
    end_due_ms: int | None = None
    verdict: str | None = None
    end_verdict: str | None = None
    judged_seq: int | None = None
    review: str | None = None
    is_reviewed: bool = False
    outcome_key: str = UNOPENED
    source_key: str | None = None
    correction: str | None = None

    @classmethod
    def of(cls, events: Sequence[EventFacts]) -> "SessionRow":
        """The session of `events`, one at least, of which nothing is said yet."""
        first = events[0]
        row = cls(first.session_id, first.store_id, first.camera_id, first.machine_id, first.ts_ms)
        for event in events:
            row._add(event)
        attempts = (event for event in events if event.seq == row.attempt_seq)
        row.judge(next((NO_VERDICT if event.has_pictures else UNASKED for event in attempts), None), None)
        return row

    def _add(self, event: EventFacts) -> None:
        """Take in an event that came later. Events come in any order; of two that say the same, the first counts."""
        ts_ms = event.ts_ms
        self.ts_ms = min(self.ts_ms, ts_ms)
        self.source_key = self.source_key or event.source_key
        match event.event_type:
            case EventType.MACHINE_OCCUPIED_START:
                self.started_ms = ts_ms if self.started_ms is None else self.started_ms
            case EventType.MACHINE_OCCUPIED_END:
                self.ended_ms = ts_ms if self.ended_ms is None else self.ended_ms
                self.end_reason = self.end_reason or event.end_reason
                self.end_seq = event.seq if self.end_seq is None else self.end_seq
                self._hear(event)
            case EventType.CLEANING_WINDOW_OPEN:
                self.opened_ms = ts_ms if self.opened_ms is None else self.opened_ms
                self.closes_ms = event.closes_ms if self.closes_ms is None else self.closes_ms
                self._hear(event)
            case EventType.CLEANING_ATTEMPT if self.attempt_seq is None:
                self.attempt_seq, self.attempt_ms = event.seq, ts_ms

    def _hear(self, event: EventFacts) -> None:
        self.heard_ms = max(event.received_at_ms, self.heard_ms or event.received_at_ms)

    def judge(self, attempt: VerdictFacts | None, end: VerdictFacts | None) -> None:
        """Take in what is said of its attempt, None without one, and of its end, None when nobody was asked."""
        attempt_key = None if attempt is None else attempt.outcome_key
        end_key = None if end is None or end.is_unasked else end.outcome_key
        self.verdict = None if attempt is None else attempt.verdict
        self.end_verdict = None if end is None else end.verdict
        is_by_end = _decides_end(attempt_key, end_key)
        deciding = end if is_by_end else attempt
        self.judged_seq = self.end_seq if is_by_end else self.attempt_seq
        self.review = None if deciding is None else deciding.review
        self.is_reviewed = self.review is not None
        key = end_key if is_by_end else attempt_key
        if key is None or (attempt is None and key == NOT_CLEANED):
            # Nobody wiped it before leaving, so that it is as without the question.
            key = UNOPENED if self.opened_ms is None else OPENED
        self.outcome_key = key
        self.end_is_asked = end is not None
        self.end_due_ms = None if self.end_is_asked else self._end_due_ms(attempt_key)

    def correct(self, truth: str | None) -> None:
        """Take in, last of all, what people say of the use. A use that was none is not to be reviewed, nor
        is anybody asked about it any more.
        """
        self.correction = truth
        if truth in NO_USE_TRUTHS:
            self.is_reviewed, self.outcome_key, self.end_due_ms = False, NO_USE, None

    def _end_due_ms(self, attempt_key: str | None) -> int | None:
        """From when on it matters whether the machine was wiped before it was left, as far as is known by now."""
        if self.end_seq is None or self.heard_ms is None:
            return None
        if attempt_key is not None:
            return self.heard_ms if attempt_key in UNCLEANED else None
        if self.opened_ms is None:
            return None
        closes_ms = self.opened_ms if self.closes_ms is None else self.closes_ms
        return max(closes_ms, self.heard_ms) + LATE_ATTEMPT_MS


def _decides_end(attempt_key: str | None, end_key: str | None) -> bool:
    """Whether the outcome goes by the question about the END rather than by the attempt.

    One `cleaned` is enough; `not_cleaned` takes both, and what one of them leaves open is open.
    """
    if end_key is None or attempt_key == CLEANED:
        return False
    if attempt_key is None or end_key == CLEANED:
        return True
    if end_key not in _OPEN_KEYS:
        return False
    return attempt_key not in _OPEN_KEYS or _OPEN_KEYS.index(end_key) < _OPEN_KEYS.index(attempt_key)


def verdict_facts(
    verdict: str | None, status: str | None, agree: str | None, reviewed_verdict: str | None
) -> VerdictFacts:
    """The facts of a question whose enrichment has that `status`."""
    return VerdictFacts(
        verdict, status == MmStatus.DEAD, agree, reviewed_verdict, is_unasked=status == MmStatus.NOT_ASKED
    )


def event_facts(
    seq: int,
    names: tuple[str, str, str, str, str],
    ts_ms: int,
    received_at_ms: int,
    attributes: Mapping[str, JsonValue],
) -> EventFacts:
    """The facts of an event; `names` are its type, store, camera, machine and session."""
    end_reason: object = None
    closes_ms: int | None = None
    if names[0] == EventType.MACHINE_OCCUPIED_END:
        end_reason = attributes.get("end_reason")
    elif names[0] == EventType.CLEANING_WINDOW_OPEN and attributes:
        closes_ms = _closes_ms(attributes)
    found = source_of(attributes)
    return EventFacts(
        seq,
        *names,
        ts_ms,
        received_at_ms,
        end_reason if isinstance(end_reason, str) else None,
        closes_ms,
        None if found is None else to_json(found.told()).decode(),
        has_pictures(attributes),
    )


def session_of(arrived: Sequence[EventFacts], said: Mapping[int, VerdictFacts], truth: str | None = None) -> SessionRow:
    """The session whose events `arrived` are, one at least, in the order of arrival; `said` of those that were asked
    about, by their `seq`.

    `truth` is what people say of the use. Pure: the tables are compared with it.
    """
    row = SessionRow.of(arrived)
    attempt = None if row.attempt_seq is None else said.get(row.attempt_seq, NO_VERDICT)
    row.judge(attempt, None if row.end_seq is None else said.get(row.end_seq))
    row.correct(truth)
    return row


def _closes_ms(attributes: Mapping[str, JsonValue]) -> int | None:
    try:
        closes_at = WindowAttributes.model_validate(attributes).closes_at
    except ValidationError:
        return None  # stored by a version that knew no bounds of it
    return None if closes_at is None else to_ms(closes_at)
