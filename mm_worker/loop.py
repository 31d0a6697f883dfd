"""The worker's loop: claim a cleaning attempt, show its clip to the model, store the verdict or the failure.

Invariants: a verdict is stored only by the worker whose claim is the newest, and only when the model gave it after
seeing the very clip that the event promises. Whatever happens in between ends as a failed attempt with its reason, or,
when this process dies, by the lease running out: another worker claims the event then. An attempt whose worker died
counts, but no event is given up for that alone: it takes a failure that was reported.
"""

import logging
import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from backend_api.clock import Clock
from backend_api.contract import Event, MmResult
from backend_api.media import MediaFolder
from backend_api.store import Claim, Store, StoreBusy, StoreFull
from mm_worker.clip_frames import ClipUnreadable, read_clip, sample_frames
from mm_worker.heartbeat import heartbeat
from mm_worker.retry import RetryPolicy
from mm_worker.vlm import Question, Vlm, VlmError

log = logging.getLogger(__name__)

_T = TypeVar("_T")
# Two renewals may fail before a claim is lost.
_RENEWALS_PER_LEASE = 3


class Outcome(StrEnum):
    """What became of one claim; a `LOST` one was, or will be, settled by another worker."""

    DONE = "done"
    FAILED = "failed for now"
    DEAD = "given up"
    LOST = "left to another worker"


class NoClip(Exception):
    """The event has no clip and, events being immutable, never will: trying again can't help."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a claim holds without a renewal, and how long to wait after finding nothing to do; in seconds."""

    lease_s: float = 30.0
    poll_s: float = 0.5


class Worker:
    """One worker; `stop` ends it after the job at hand."""

    def __init__(
        self,
        store: Store,
        media: MediaFolder,
        vlm: Vlm,
        *,
        clock: Clock,
        stop: threading.Event,
        pace: Pace,
        retry: RetryPolicy,
        rng: random.Random,
    ) -> None:
        self._store = store
        self._media = media
        self._vlm = vlm
        self._clock = clock
        self._stop = stop
        self._pace = pace
        self._retry = retry
        self._rng = rng

    def run(self, *, drain: bool) -> Counter[Outcome]:
        """Work until `stop` is set or, with `drain`, until every event is DONE or DEAD, by whomever."""
        outcomes: Counter[Outcome] = Counter()
        while not self._stop.is_set():
            claim = self._patiently(lambda: self._store.claim(self._pace.lease_s))
            if claim is not None:
                outcomes[self._work(claim)] += 1
            elif drain and self._patiently(self._store.next_due_s) is None:
                break
            else:
                self._clock.wait(self._stop, self._pace.poll_s)
        return outcomes

    def _work(self, claim: Claim) -> Outcome:
        began_s = self._clock.monotonic_s()
        try:
            with heartbeat(lambda: self._renew(claim), self._pace.lease_s / _RENEWALS_PER_LEASE, self._clock):
                result = self._judge(claim.event)
        except NoClip as error:
            return self._fail(claim, str(error), None)
        except (ClipUnreadable, VlmError) as error:
            return self._fail(claim, str(error), self._retry.delay_s(claim.attempt, self._rng))
        return self._finish(claim, result, (self._clock.monotonic_s() - began_s) * 1000)

    def _judge(self, event: Event) -> MmResult:
        """The model's verdict. Raises NoClip, ClipUnreadable or VlmError, never settles for less than an answer."""
        if event.clip is None:
            raise NoClip(f"the event has no clip: {event.clip_error or 'the edge gave no reason'}")
        frames = sample_frames(read_clip(self._media.clip_path(event.event_id), event.clip))
        asked_s = self._clock.monotonic_s()
        judgement = self._vlm.judge(Question(event, frames))
        latency_ms = (self._clock.monotonic_s() - asked_s) * 1000
        times_s = tuple(round(frame.time_s, 3) for frame in frames)
        return MmResult(**judgement.model_dump(), frame_times_s=times_s, latency_ms=round(latency_ms, 1))

    def _renew(self, claim: Claim) -> bool:
        try:
            return self._store.renew(claim, self._pace.lease_s)
        except (StoreBusy, StoreFull) as error:
            log.warning("the lease of %s was not renewed: %s", _name(claim.event), error)
            return True

    def _finish(self, claim: Claim, result: MmResult, took_ms: float) -> Outcome:
        if not self._patiently(lambda: self._store.finish(claim, result)):
            return _lost(claim)
        facts = (_name(claim.event), result.verdict, result.confidence, claim.attempt, took_ms)
        log.info("%s: %s, confidence %.2f, attempt %d, %.0f ms", *facts)
        return Outcome.DONE

    def _fail(self, claim: Claim, error: str, retry_in_s: float | None) -> Outcome:
        if not self._patiently(lambda: self._store.fail(claim, error, retry_in_s)):
            return _lost(claim)
        if retry_in_s is None:
            log.error("%s: given up after attempt %d: %s", _name(claim.event), claim.attempt, error)
            return Outcome.DEAD
        log.warning("%s: attempt %d failed, next in %.1f s: %s", _name(claim.event), claim.attempt, retry_in_s, error)
        return Outcome.FAILED

    def _patiently(self, call: Callable[[], _T]) -> _T | None:
        """What `call` to the store returns, however long a lock or a full disk is in the way; None when stopped."""
        while True:
            try:
                return call()
            except (StoreBusy, StoreFull) as error:
                log.warning("%s; trying again", error)
            if self._clock.wait(self._stop, self._pace.poll_s):
                return None


def _name(event: Event) -> str:
    return f"{event.event_id} {event.machine_id}"


def _lost(claim: Claim) -> Outcome:
    log.warning(
        "%s: the outcome of attempt %d is dropped; another worker has the event, or will when the lease ends",
        _name(claim.event),
        claim.attempt,
    )
    return Outcome.LOST
