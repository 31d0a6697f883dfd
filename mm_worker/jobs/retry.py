"""When a failed attempt is tried again: exponential backoff with full jitter, and an end to it."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`max_attempts` >= 1; the longest wait after attempt n is `base_s` * 2**(n-1) seconds, at most `cap_s`."""

    max_attempts: int = 5
    base_s: float = 2.0
    cap_s: float = 60.0

    def delay_s(self, attempt: int, rng: random.Random) -> float | None:
        """Seconds to wait after the failure of `attempt` (from 1), or None when it was the last one.

        Full jitter, uniform between 0 and the longest wait, spreads the retries of many workers best
        (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
        """
        if attempt >= self.max_attempts:
            return None
        return rng.uniform(0.0, min(self.cap_s, self.base_s * 2.0 ** min(attempt - 1, 64)))
