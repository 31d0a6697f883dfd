"""The sender: a thread of its own that empties the outbox, so that no frame ever waits for the network."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from random import Random
from typing import Self

from backend_api.base.backoff import full_jitter_s
from backend_api.base.clock import Clock
from backend_api.base.lasting import explain_unforeseen
from backend_api.base.process import in_same_name
from backend_api.contract.events import MAX_BATCH_LINES
from edge_service.delivery.backend_client import Transport
from edge_service.delivery.batch_delivery import Courier, Failed, Idle, Moved
from edge_service.outbox.outbox import Outbox

# How long `drain` goes on while nothing but failures comes back: at the end of the video, and when somebody waits.
DRAIN_PATIENCE_S = 5.0
STOPPED_PATIENCE_S = 1.0
FIRST_DELAY_S = 0.5
MAX_DELAY_S = 60.0
MAX_PAUSE_S = 300.0
_IDLE_S = 3600.0

log = logging.getLogger(__name__)


class Sender:
    """Sends what is in `outbox`, as it comes, in order, until `stop` or `drain`; failures are tried again for ever.

    `backend_url` is what messages call the backend, `most_lines` the most events of a request. Use it as a context
    manager, so that its thread ends with the work.
    """

    def __init__(
        self,
        outbox: Outbox,
        transport: Transport,
        clock: Clock,
        rng: Random,
        *,
        backend_url: str,
        most_lines: Callable[[], int] = lambda: MAX_BATCH_LINES,
    ) -> None:
        self._outbox = outbox
        self._courier = Courier(outbox, transport, clock, f"backend {backend_url}", most_lines=most_lines)
        self._clock = clock
        self._rng = rng
        self._backend_url = backend_url
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sender")
        self._running: Future[None] | None = None
        self._stop = threading.Event()
        self._hurry = threading.Event()
        self._drain_began_s: float | None = None
        self._patience_s = DRAIN_PATIENCE_S
        self._failing_since_s: float | None = None
        self._last_error: str | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def last_error(self) -> str | None:
        """Why nothing can be delivered at present, in one line; None when all is well."""
        return self._last_error

    def start(self) -> None:
        """Begin to send."""
        self._running = self._executor.submit(in_same_name(self._run))

    def stop(self) -> int:
        """End after the request that is under way; say how many events wait."""
        self._stop.set()
        self._hurry.set()
        return self._finish()

    def drain(self, patience_s: float = DRAIN_PATIENCE_S) -> int:
        """Send what waits, then end; say how many events still wait.

        It goes on as long as the backend takes events, and gives up after `patience_s` seconds of failures.
        """
        self._patience_s = patience_s
        self._drain_began_s = self._clock.monotonic_s()
        if self._running is None:
            self.start()
        else:
            self._hurry.set()
        return self._finish()

    def _finish(self) -> int:
        self._outbox.signal.set()
        self._executor.shutdown()
        if self._running is not None:
            self._running.result()
        return self._outbox.depth

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            step = self._step()
            if isinstance(step, Failed):
                failures += 1
                self._note_failure(step.reason)
                delay_s = retry_delay_s(failures, self._rng, step.retry_after_s)
                if self._gives_up(delay_s):
                    return
                if self._clock.wait(self._hurry, delay_s):
                    self._hurry.clear()
                    failures = 0
            elif isinstance(step, Idle):
                if self._drain_began_s is not None:
                    return
                self._clock.wait(self._outbox.signal, _IDLE_S)
            else:
                failures = 0
                self._note_success()

    def _step(self) -> Idle | Moved | Failed:
        try:
            return self._courier.deliver_batch()
        except Exception as error:  # noqa: BLE001 - the thread's edge: events wait, and it is told why
            return Failed(f"events cannot be sent: {explain_unforeseen(error)}")

    def _gives_up(self, delay_s: float) -> bool:
        if self._drain_began_s is None or self._failing_since_s is None:
            return False
        began_s = max(self._drain_began_s, self._failing_since_s)
        return self._clock.monotonic_s() + delay_s > began_s + self._patience_s

    def _note_failure(self, reason: str) -> None:
        self._last_error = reason
        if self._failing_since_s is None:
            self._failing_since_s = self._clock.monotonic_s()
            log.warning("%s; %s until that is over", reason, self._outbox.waiting)

    def _note_success(self) -> None:
        self._last_error = None
        if self._failing_since_s is not None:
            self._failing_since_s = None
            log.info("backend %s answers again; %s", self._backend_url, self._outbox.waiting)


def retry_delay_s(failures: int, rng: Random, pause_s: float | None = None) -> float:
    """How many seconds to wait after `failures` failures in a row, from 1.

    When the server asked for a pause, the wait is that pause, at most MAX_PAUSE_S, and the jitter after it, so that not
    all edges come back in the same moment.
    """
    pause_s = min(max(pause_s or 0.0, 0.0), MAX_PAUSE_S)
    return pause_s + full_jitter_s(failures, rng, FIRST_DELAY_S, MAX_DELAY_S)
