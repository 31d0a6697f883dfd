"""The worker's loop: claim an attempt or the end of a use, show its clip to the model, store the verdict or failure.

Invariants: a verdict is stored only by the worker whose claim is the newest, and only when the model gave it after
seeing the very clip that the event promises. Whatever happens in between ends as a failed attempt with its reason, or,
when this process dies, by the lease running out: another worker claims the event then. An attempt without an answer
counts like a failed one: a clip that ends its workers (a crash, no memory) is given up after as many attempts as any
other. A hindrance that is no event's fault (the model's server is away, a daily cap is reached) counts as no attempt;
the events that wait for it say so.
"""

import logging
import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from backend_api.base.backoff import full_jitter_s
from backend_api.base.clock import Clock
from backend_api.base.lasting import explain_unforeseen
from backend_api.base.process import FatalError
from backend_api.contract.events import AttemptAttributes, EndAttributes, Event, EventType
from backend_api.contract.media import clip_name
from backend_api.contract.values import Zone
from backend_api.contract.verdicts import MmResult, Verdict
from backend_api.media.media import Media, MediaAway
from backend_api.store.db.errors import StoreBusy, StoreFull
from backend_api.store.enrichments import Claim
from backend_api.store.store import Store
from mm_worker.frames.clip_frames import AROUND_ATTEMPT, AROUND_END, Around, ClipUnreadable, open_clip, sample_frames
from mm_worker.frames.kept_frames import keep_pictures
from mm_worker.frames.pictures import MIN_FRAMES, make_pictures
from mm_worker.jobs.admission import Admission, Blocked
from mm_worker.jobs.lease_renewal import renewing
from mm_worker.vlm.vlm import Judgement, NotAsked, Question, ServerAway, Vlm, VlmError

log = logging.getLogger(__name__)

_T = TypeVar("_T")
# Two renewals may fail before a claim is lost.
_RENEWALS_PER_LEASE = 3
# How long an event is left alone whose clip's bucket does not answer.
_BUCKET_AWAY_S = 15.0
# While nothing may be asked, this often events that came since are told why, and the wall clock is looked at.
_LOOK_AGAIN_S = 10.0
# The "model" and the "prompt" of a verdict for which the clip had too little to see.
NOBODY, TOO_FEW_FRAMES = "none", "too-few-frames-1"


class JobOutcome(StrEnum):
    """How one claim ended; a `LOST` one was, or will be, settled by another worker."""

    DONE = "done"
    FAILED = "failed for now"
    DEAD = "given up"
    RELEASED = "put back"
    LOST = "left to another worker"


class NoClip(Exception):
    """The event has no clip and, events being immutable, never will: trying again cannot help."""


class ClaimLost(Exception):
    """Another worker has the event."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a claim holds without a renewal, and how long to wait after finding nothing to do; in seconds."""

    lease_s: float = 30.0
    poll_s: float = 0.5


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """After how many attempts an event is given up, and how long each failed one waits before the next.

    `max_attempts` >= 1; the longest wait after attempt n is `base_s` * 2**(n-1) seconds, at most `cap_s`.
    """

    max_attempts: int = 5
    base_s: float = 2.0
    cap_s: float = 60.0

    def delay_s(self, attempt: int, rng: random.Random) -> float | None:
        """Seconds to wait after the failure of `attempt` (from 1), or None when it was the last one."""
        if attempt >= self.max_attempts:
            return None
        return full_jitter_s(attempt, rng, self.base_s, self.cap_s)


class Worker:
    """One worker, for one thread; `stop` ends it after the job at hand."""

    def __init__(
        self,
        store: Store,
        media: Media,
        vlm: Vlm,
        admission: Admission,
        *,
        clock: Clock,
        stop: threading.Event,
        pace: Pace,
        retry: RetryPolicy,
        rng: random.Random,
        feed: Callable[[], None] = lambda: None,
    ) -> None:
        """`feed` is called before each claim and each look for one: the loop works."""
        self._feed = feed
        self._store = store
        self._media = media
        self._vlm = vlm
        self._admission = admission
        self._clock = clock
        self._stop = stop
        self._pace = pace
        self._retry = retry
        self._rng = rng
        self._awaits_late = True

    def run(self, *, drain: bool) -> Counter[JobOutcome]:
        """Work until `stop` is set or, with `drain`, until every question is DONE or DEAD, by whomever.

        A drain asks at once about the end of a use whose window has closed, rather than wait for attempts that may
        still be on their way.

        A daily cap ends a drain, too: nothing is left that may be done today.
        """
        outcomes: Counter[JobOutcome] = Counter()
        self._awaits_late = not drain
        while not self._stop.is_set():
            self._feed()
            blocked = self._retry_until_stopped(self._admission.blocked)
            claim = None if blocked else self._retry_until_stopped(self._claim)
            if claim is not None:
                self._work_on(claim, outcomes)
            elif drain and self._retry_until_stopped(self._store.enrichments.next_due_s) is None:
                break
            elif blocked is None:
                self._clock.wait(self._stop, self._pace.poll_s)
            elif self._is_over_today(blocked, drain=drain):
                break
            else:
                self._clock.wait(self._stop, min(blocked.wait_s, _LOOK_AGAIN_S))
        return outcomes

    def _claim(self) -> Claim | None:
        return self._store.enrichments.claim(self._pace.lease_s, awaits_late=self._awaits_late)

    def _is_over_today(self, blocked: Blocked, *, drain: bool) -> bool:
        """Tell the events that wait why they do; whether a `drain` ends here."""
        told = self._retry_until_stopped(lambda: self._store.enrichments.note_blocked(blocked.reason))
        if told:
            log.warning("%s; events that wait: %d", blocked.reason, told)
        return drain and blocked.for_today

    def _work_on(self, first: Claim, outcomes: Counter[JobOutcome]) -> None:
        """Work on `first`, and on those that are claimed with each result."""
        claim: Claim | None = first
        while claim is not None:
            self._feed()
            outcome, claim = self._work(claim)
            outcomes[outcome] += 1

    def _work(self, claim: Claim) -> tuple[JobOutcome, Claim | None]:
        if claim.attempt > self._retry.max_attempts:
            return self._fail(claim, _unanswered(claim.attempt - 1), None), None
        began_s = self._clock.monotonic_s()
        try:
            with renewing(lambda: self._renew(claim), self._pace.lease_s / _RENEWALS_PER_LEASE, self._clock):
                result = self._judge(claim)
        except NoClip as error:
            return self._fail(claim, str(error), None), None
        except ClaimLost:
            return _lost(claim), None
        except (NotAsked, ServerAway, MediaAway) as error:
            return self._release(claim, error), None
        except (ClipUnreadable, VlmError) as error:
            delay_s = self._retry.delay_s(claim.attempt, self._rng)
            wanted_s = error.retry_after_s if isinstance(error, VlmError) else None
            return self._fail(claim, str(error), None if delay_s is None else max(delay_s, wanted_s or 0.0)), None
        except FatalError:
            raise
        except Exception as error:  # noqa: BLE001 - one event that nothing is prepared for ends no worker
            return self._fail(claim, explain_unforeseen(error), self._retry.delay_s(claim.attempt, self._rng)), None
        return self._finish(claim, result, (self._clock.monotonic_s() - began_s) * 1000)

    def _judge(self, claim: Claim) -> MmResult:
        """The model's verdict. Raises NoClip, ClipUnreadable, ClaimLost or VlmError; settles for nothing less."""
        event = claim.event
        if event.clip is None:
            raise NoClip(f"the event has no clip: {event.clip_error or 'the edge gave no reason'}")
        event_s = (event.ts - event.clip.start_ts).total_seconds()
        with self._media.local(clip_name(event.event_id)) as path, open_clip(path, event.clip) as clip:
            frames = sample_frames(clip, event.clip, event_s, around=_around(event.event_type))
            pictures = make_pictures(frames, _zone(event))
        # The whole view shows one of the frames once more.
        frame_count = len({picture.time_s for picture in pictures})
        if frame_count < MIN_FRAMES:
            return _cannot_tell(claim, frame_count)
        keep_pictures(self._media, event.event_id, pictures)
        # Preparing may have outlasted the lease, with the computer asleep: nobody pays for a claim that is not held.
        if not self._renew(claim):
            raise ClaimLost
        asked_s = self._clock.monotonic_s()
        judgement = self._ask(Question(event, pictures))
        return MmResult(
            **judgement.model_dump(),
            frame_times_s=tuple(round(picture.time_s, 3) for picture in pictures),
            frame_sha256s=tuple(picture.sha256 for picture in pictures),
            latency_ms=round((self._clock.monotonic_s() - asked_s) * 1000, 1),
            attempt=claim.attempt,
        )

    def _ask(self, question: Question) -> Judgement:
        try:
            judgement = self._vlm.judge(question)
        except VlmError as error:
            self._admission.failed(error)
            raise
        self._admission.passed()
        return judgement

    def _renew(self, claim: Claim) -> bool:
        try:
            return self._store.enrichments.renew(claim, self._pace.lease_s)
        except (StoreBusy, StoreFull) as error:
            log.warning("the lease of %s was not renewed: %s", _name(claim.event), error)
            return True

    def _finish(self, claim: Claim, result: MmResult, took_ms: float) -> tuple[JobOutcome, Claim | None]:
        """Store the verdict and, when nothing is in the way of another job, claim it: one wait for the disk a job."""
        following: Claim | None = None
        blocked = self._retry_until_stopped(self._admission.blocked)
        if blocked or self._stop.is_set():
            is_stored = self._retry_until_stopped(lambda: self._store.enrichments.finish(claim, result))
        else:
            both = self._retry_until_stopped(
                lambda: self._store.enrichments.finish_and_claim(
                    claim, result, self._pace.lease_s, awaits_late=self._awaits_late
                )
            )
            is_stored, following = both or (False, None)
        if not is_stored:
            return _lost(claim), following
        facts = (_name(claim.event), result.verdict, result.confidence, claim.attempt, took_ms)
        log.info("%s: %s, confidence %.2f, attempt %d, %.0f ms", *facts)
        return JobOutcome.DONE, following

    def _fail(self, claim: Claim, error: str, retry_in_s: float | None) -> JobOutcome:
        if not self._retry_until_stopped(lambda: self._store.enrichments.fail(claim, error, retry_in_s)):
            return _lost(claim)
        if retry_in_s is None:
            log.error("%s: given up after attempt %d: %s", _name(claim.event), claim.attempt, error)
            return JobOutcome.DEAD
        log.warning("%s: attempt %d failed, next in %.1f s: %s", _name(claim.event), claim.attempt, retry_in_s, error)
        return JobOutcome.FAILED

    def _release(self, claim: Claim, error: VlmError | MediaAway) -> JobOutcome:
        wanted_s = _BUCKET_AWAY_S if isinstance(error, MediaAway) else error.retry_after_s or 0.0
        # The admission makes everybody wait; this only spreads those that come back.
        retry_in_s = max(self._rng.uniform(0.0, self._retry.base_s), wanted_s)
        if not self._retry_until_stopped(lambda: self._store.enrichments.release(claim, str(error), retry_in_s)):
            return _lost(claim)
        log.warning("%s: put back, due in %.1f s: %s", _name(claim.event), retry_in_s, error)
        return JobOutcome.RELEASED

    def _retry_until_stopped(self, call: Callable[[], _T]) -> _T | None:
        """The return value of `call` to the store, however long a lock or a full disk blocks it; None when stopped."""
        told = ""
        while True:
            try:
                return call()
            except (StoreBusy, StoreFull) as error:
                # A server may be away for minutes, and is asked several times a second.
                if str(error) != told:
                    told = str(error)
                    log.warning("%s; trying again", told)
            if self._clock.wait(self._stop, self._pace.poll_s):
                return None


def _around(event_type: EventType) -> Around:
    return AROUND_END if event_type is EventType.MACHINE_OCCUPIED_END else AROUND_ATTEMPT


def _zone(event: Event) -> Zone | None:
    """Where the machine is in the picture, as far as its event says."""
    if event.event_type is EventType.MACHINE_OCCUPIED_END:
        return EndAttributes.model_validate(event.attributes).zone
    return AttemptAttributes.model_validate(event.attributes).zone


def _cannot_tell(claim: Claim, count: int) -> MmResult:
    return MmResult(
        verdict=Verdict.CANNOT_TELL,
        confidence=0.0,
        summary=f"Too little to see: {count or 'no'} readable {'frame' if count == 1 else 'frames'} in the clip. "
        "The model was not asked.",
        model=NOBODY,
        prompt_version=TOO_FEW_FRAMES,
        frame_times_s=(),
        latency_ms=0.0,
        attempt=claim.attempt,
        requests=0,
        raw=None,
    )


def _unanswered(attempts: int) -> str:
    return (
        f"no answer came of the last of {attempts} attempts: its worker ended meanwhile (out of memory, a crash or a "
        "kill); look for the event in the worker's log and for the worker in the system's, then ask again"
    )


def _name(event: Event) -> str:
    return f"{event.event_id} {event.machine_id}"


def _lost(claim: Claim) -> JobOutcome:
    log.warning(
        "%s: the outcome of attempt %d is dropped; another worker has the event, or will when the lease ends",
        _name(claim.event),
        claim.attempt,
    )
    return JobOutcome.LOST
