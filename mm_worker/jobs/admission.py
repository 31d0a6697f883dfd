"""Whether a worker may take another job now: not while the model's server is in trouble, nor beyond a daily cap."""

import logging
import random
import threading
from dataclasses import dataclass

from backend_api.base.clock import Clock
from mm_worker.jobs.circuit_breaker import BreakerPolicy, Circuit
from mm_worker.vlm.budget import Budget, day_left_s
from mm_worker.vlm.vlm import NotAsked, ServerTrouble, VlmError

log = logging.getLogger(__name__)

_PROBE_POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class Blocked:
    """The reason why no job may be taken, for at least `wait_s` seconds, or `for_today`: the rest of the day (UTC)."""

    reason: str
    wait_s: float
    for_today: bool = False


class Admission:
    """One for all threads that ask one server; without `budget` there are no caps."""

    def __init__(
        self,
        clock: Clock,
        rng: random.Random,
        budget: Budget | None = None,
        policy: BreakerPolicy = BreakerPolicy(),  # noqa: B008 - a frozen value
    ) -> None:
        self._clock = clock
        self._rng = rng
        self._budget = budget
        self._policy = policy
        self._lock = threading.Lock()
        self._circuit = Circuit()
        self._prober: int | None = None

    @property
    def caps(self) -> str:
        """The daily caps, in words; "" without any."""
        return self._budget.caps_in_words if self._budget else ""

    def reached(self) -> str | None:
        """Which daily cap is reached, in words; None without one. Raises StoreBusy, StoreFull."""
        return self._budget.reached() if self._budget else None

    def blocked(self) -> Blocked | None:
        """The obstacle to the calling thread's next job, None without one. Raises StoreBusy, StoreFull."""
        reason = self.reached()
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
        """Note that the server answered."""
        with self._lock:
            if self._circuit.open_until_s is not None:
                log.info("the model's server answers again")
            self._circuit, self._prober = Circuit(), None

    def failed(self, error: VlmError) -> None:
        """Note that the model gave no usable answer: a fault of the server counts against the server."""
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
