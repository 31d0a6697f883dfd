"""Whether a worker may take another job now: not while the model's server is in trouble, nor beyond a daily cap."""

import logging
import random
import threading
from dataclasses import dataclass

from backend_api.base.clock import Clock
from mm_worker.jobs.circuit_breaker import BreakerPolicy, Circuit
from mm_worker.vlm.budget import Ledger, day_left_s
from mm_worker.vlm.vlm import NotAsked, ServerTrouble, VlmError

log = logging.getLogger(__name__)

_PROBE_POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why no job may be taken, for how many seconds at least, and whether that is so for the rest of the day."""

    reason: str
    wait_s: float
    for_today: bool = False


class Gate:
    """One for all threads that ask one server; without `ledger` there are no caps."""

    def __init__(
        self,
        clock: Clock,
        rng: random.Random,
        ledger: Ledger | None = None,
        policy: BreakerPolicy = BreakerPolicy(),  # noqa: B008 - a frozen value
    ) -> None:
        self._clock = clock
        self._rng = rng
        self._ledger = ledger
        self._policy = policy
        self._lock = threading.Lock()
        self._circuit = Circuit()
        self._prober: int | None = None

    def blocked(self) -> Blocked | None:
        """What is in the way of the calling thread's next job, None when nothing is. Raises StoreBusy, StoreFull."""
        reason = self._ledger.reached() if self._ledger else None
        if reason is not None:
            return Blocked(reason, day_left_s(self._clock.now()), for_today=True)
        with self._lock:
            now_s = self._clock.monotonic_s()
            left_s, circuit = self._circuit.left_s(now_s), self._circuit
            if left_s > 0:
                return Blocked(f"waiting for the model's server: {circuit.reason}", left_s)
            if circuit.is_trying(now_s):
                self._prober = self._prober or threading.get_ident()
                if self._prober != threading.get_ident():
                    return Blocked(f"waiting for the model's server: {circuit.reason}", _PROBE_POLL_S)
        return None

    def passed(self) -> None:
        """The server answered, whatever it said."""
        with self._lock:
            if self._circuit.open_until_s is not None:
                log.info("the model's server answers again")
            self._circuit, self._prober = Circuit(), None

    def failed(self, error: VlmError) -> None:
        """The model gave no usable answer: when that was the server's fault, it counts against the server."""
        if not isinstance(error, ServerTrouble):
            if not isinstance(error, NotAsked):
                self.passed()
            return
        with self._lock:
            now_s = self._clock.monotonic_s()
            self._circuit = self._circuit.after_failure(self._policy, str(error), now_s, self._rng, error.retry_after_s)
            self._prober = None
            left_s = self._circuit.left_s(now_s)
        if left_s > 0:
            log.warning("the model's server is left alone for %.0f s: %s", left_s, error)
