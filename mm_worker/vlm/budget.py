"""Daily caps on requests, tokens and cost, kept in the database, so that all workers and restarts count together.

A day is a day in UTC. A request's tokens are known only when it has been answered, so those that are under way when a
cap on tokens or cost is reached still end: the cap can be exceeded by as many answers as are asked for at once. The
tokens of a request without an answer are unknown: it counts as the dearest that this process got an answer to.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from backend_api.base.clock import Clock
from backend_api.store.db.errors import StoreBusy, StoreFull
from backend_api.store.model_calls import Spending
from backend_api.store.store import Store
from mm_worker.vlm.vlm import NotAsked

log = logging.getLogger(__name__)

_TOKENS_A_PRICE = 1_000_000


@dataclass(frozen=True, slots=True)
class Caps:
    """The most that may be spent in a day; None is no cap."""

    calls: int | None = None
    tokens: int | None = None
    cost: float | None = None

    def in_words(self) -> str:
        """Each cap that there is, such as `5 calls, 2 of cost`; "" without any."""
        parts = ((self.calls, "calls"), (self.tokens, "tokens"), (self.cost, "of cost"))
        return ", ".join(f"{most:g} {what}" for most, what in parts if most is not None)

    def reached(self, spent: Spending) -> str | None:
        """Which cap leaves no room for another request, in words; None when there is room."""
        if self.calls is not None and spent.calls >= self.calls:
            return f"the daily cap of {self.calls} calls is reached (--max-calls-per-day)"
        if self.tokens is not None and spent.tokens >= self.tokens:
            return f"the daily cap of {self.tokens} tokens is reached (--max-tokens-per-day)"
        if self.cost is not None and spent.cost >= self.cost:
            return f"the daily cap of {self.cost:g} on the cost is reached (--max-cost-per-day)"
        return None


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices of a million tokens, in any one currency."""

    input: float
    output: float

    def cost(self, input_tokens: int, output_tokens: int) -> float:
        """Of one request, in that currency."""
        return (input_tokens * self.input + output_tokens * self.output) / _TOKENS_A_PRICE


class Budget:
    """Writes every request down before it is sent. From any thread."""

    def __init__(self, store: Store, clock: Clock, caps: Caps, prices: Prices | None) -> None:
        self._store = store
        self._clock = clock
        self._caps = caps
        self._prices = prices
        self._told = False
        self._lock = threading.Lock()
        self._dearest = Spending()

    @property
    def caps_in_words(self) -> str:
        """The caps, the same for each worker that keeps the same; "" without any."""
        return self._caps.in_words()

    def reached(self) -> str | None:
        """Which cap is reached now and until when, None when there is room. Raises StoreBusy, StoreFull."""
        if self._caps == Caps():
            return None
        cap = self._caps.reached(self._store.calls.spent(day_start(self._clock.now())))
        return None if cap is None else f"{cap}; goes on at midnight UTC, or with a higher cap"

    def begin(self, event_id: UUID) -> int:
        """Write down a request that is about to be sent; its number. Raises NotAsked when there is no room."""
        since = day_start(self._clock.now())
        try:
            call = self._store.calls.begin(event_id, since, lambda spent: self._caps.reached(spent) is None)
        except (StoreBusy, StoreFull) as error:
            raise NotAsked(f"not asked, because the request could not be written down: {error}") from error
        if call is None:
            raise NotAsked(self.reached() or "a daily cap was reached")
        return call

    def settle(self, call: int, input_tokens: int | None, output_tokens: int | None) -> float | None:
        """Write down the tokens of an answered request; returns its cost, None when it is unknown."""
        if input_tokens is None and output_tokens is None:
            self._tell_once()
            return None
        used = (input_tokens or 0, output_tokens or 0)
        cost = None if self._prices is None else self._prices.cost(*used)
        with self._lock:
            dearest = self._dearest
            self._dearest = Spending(1, max(dearest.tokens, sum(used)), max(dearest.cost, cost or 0.0))
        self._write(call, sum(used), cost or 0.0)
        return cost

    def cancel(self, call: int) -> None:
        """Take back a request that was never sent."""
        try:
            self._store.calls.cancel(call)
        except (StoreBusy, StoreFull) as error:
            log.warning("a request that was not sent still counts: %s", error)

    def assume(self, call: int) -> None:
        """Write down a request that may have been billed, though nothing that it took is known."""
        with self._lock:
            dearest = self._dearest
        self._write(call, dearest.tokens, dearest.cost)

    def _write(self, call: int, tokens: int, cost: float) -> None:
        try:
            self._store.calls.settle(call, tokens, cost)
        except (StoreBusy, StoreFull) as error:
            log.warning("the tokens of a request could not be written down: %s", error)

    def _tell_once(self) -> None:
        if not self._told and (self._caps.tokens is not None or self._caps.cost is not None):
            self._told = True
            log.warning("the model's server tells no tokens: the daily caps on tokens and cost cannot hold")


def day_start(now: datetime) -> datetime:
    """The midnight, UTC, with which the day of `now` (aware, UTC) began."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def day_left_s(now: datetime) -> float:
    """Seconds until the next midnight, UTC."""
    return (day_start(now) + timedelta(days=1) - now).total_seconds()
