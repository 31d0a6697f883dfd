"""When a failed attempt is tried again: exponential backoff with full jitter, and an end to it."""

import random
from dataclasses import dataclass

from backend_api.base.backoff import full_jitter_s


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`max_attempts` >= 1; the longest wait after attempt n is `base_s` * 2**(n-1) seconds, at most `cap_s`."""

    max_attempts: int = 5
    base_s: float = 2.0
    cap_s: float = 60.0

    def delay_s(self, attempt: int, rng: random.Random) -> float | None:
        """Seconds to wait after the failure of `attempt` (from 1), or None when it was the last one."""
        if attempt >= self.max_attempts:
            return None
        return full_jitter_s(attempt, rng, self.base_s, self.cap_s)
