"""One step of delivery: the oldest waiting events go to the backend, and the outbox learns what became of them.

Order: read, post, keep what was refused for good, acknowledge. A crash after any of them repeats the step, and the
backend recognises what it has already.
"""

from collections.abc import Callable
from dataclasses import dataclass

from backend_api.base.clock import Clock
from backend_api.base.http_client import NoAnswer
from backend_api.contract.events import MAX_BATCH_BYTES, MAX_BATCH_LINES
from edge_service.delivery.answers import Refused, Taken, TryAgain, judge
from edge_service.delivery.backend_client import Transport
from edge_service.outbox.batch import Batch, Refusal
from edge_service.outbox.outbox import Outbox


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing waits."""


@dataclass(frozen=True, slots=True)
class Moved:
    """The backend answered, and there may be more."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Nothing can be delivered now; `reason` is a sentence, `retry_after_s` the pause that the backend asked for."""

    reason: str
    retry_after_s: float | None = None


class Courier:
    """Delivers from `outbox` through `transport` to what reasons call `backend`.

    It never waits, and a single thread calls it. A request holds at most `most_lines()` events.
    """

    def __init__(
        self,
        outbox: Outbox,
        transport: Transport,
        clock: Clock,
        backend: str,
        *,
        most_lines: Callable[[], int] = lambda: MAX_BATCH_LINES,
    ) -> None:
        self._outbox = outbox
        self._transport = transport
        self._clock = clock
        self._backend = backend
        self._most_lines = most_lines
        # Fewer while the culprit for a refused request is looked for.
        self._max_lines = MAX_BATCH_LINES

    def deliver_batch(self) -> Idle | Moved | Failed:
        """Deliver one batch, or the part of it that the backend takes."""
        try:
            batch = self._outbox.read(min(self._max_lines, self._most_lines()), MAX_BATCH_BYTES)
            return Idle() if batch is None else self._deliver(batch)
        except OSError as error:
            return Failed(f"outbox {self._outbox.path} cannot be read or written ({error.strerror})")
        except NoAnswer as error:
            return Failed(f"{self._backend} cannot be reached ({error})")

    def _deliver(self, batch: Batch) -> Moved | Failed:
        if not batch.events:
            self._outbox.acknowledge(batch)
            return Moved()
        answer = self._transport.post(batch.ndjson())
        outcome = judge(answer, len(batch.events), self._clock.now())
        match outcome:
            case TryAgain(reason, retry_after_s):
                return Failed(f"{self._backend} {reason}", retry_after_s)
            case Refused():
                return self._isolate(batch, outcome)
            case Taken():
                return self._settle(batch, outcome)

    def _isolate(self, batch: Batch, refused: Refused) -> Moved:
        """One event may be the culprit for the whole request: send half as many, down to the single one that it is."""
        if len(batch.events) > 1:
            self._max_lines = len(batch.events) // 2
        else:
            self._outbox.reject([Refusal(batch.events[0].body, refused.status, refused.error)])
            self._outbox.acknowledge(batch)
        return Moved()

    def _settle(self, batch: Batch, taken: Taken) -> Moved | Failed:
        if taken.rejected:
            self._outbox.reject(
                [Refusal(batch.events[line.line - 1].body, line.status, line.error) for line in taken.rejected]
            )
        if taken.stuck is None:
            self._outbox.acknowledge(batch)
            self._max_lines = min(MAX_BATCH_LINES, self._max_lines * 2)
            return Moved()
        if taken.count:
            self._outbox.acknowledge(batch.first(taken.count))
        return Failed(f"{self._backend} {taken.stuck}")
