"""When a server in trouble is left alone: a circuit breaker (M. Nygard, "Release It!", 2007), as pure values.

Closed, everything is let through. After `threshold` failures in a row, or when the server names a time itself, it
opens: nothing is let through until a time, which grows with every further failure. Then one request may try.
"""

import random
from dataclasses import dataclass, replace

from backend_api.base.backoff import longest_delay_s


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """`threshold` failures in a row open it, for up to `base_s` seconds, doubled at each further one up to `cap_s`."""

    threshold: int = 3
    base_s: float = 5.0
    cap_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Circuit:
    """`failures` in a row, the last because of `reason`; open until `open_until_s`, monotonic seconds."""

    failures: int = 0
    reason: str = ""
    open_until_s: float | None = None

    def left_s(self, now_s: float) -> float:
        """Seconds until it lets anything through, 0 when it does now."""
        return 0.0 if self.open_until_s is None else max(0.0, self.open_until_s - now_s)

    def is_trying(self, now_s: float) -> bool:
        """Whether it was open and its time is over: one request may find out how the server is."""
        return self.open_until_s is not None and self.open_until_s <= now_s

    def after_failure(
        self, policy: BreakerPolicy, reason: str, now_s: float, rng: random.Random, retry_after_s: float | None = None
    ) -> "Circuit":
        """One failure more. The wait is drawn between half and all of the longest, so that workers come back apart.

        While it is open, only requests that were under way already can fail: they say nothing new, and make no wait
        longer but by a time that the server names.
        """
        if self.left_s(now_s) > 0:
            return replace(self, open_until_s=max(now_s + (retry_after_s or 0.0), self.open_until_s or 0.0))
        failed = replace(self, failures=self.failures + 1, reason=reason)
        if failed.failures < policy.threshold and retry_after_s is None:
            return failed
        wait_s = retry_after_s or 0.0
        if failed.failures >= policy.threshold:
            longest_s = longest_delay_s(failed.failures - policy.threshold + 1, policy.base_s, policy.cap_s)
            wait_s = max(wait_s, rng.uniform(longest_s / 2, longest_s))
        return replace(failed, open_until_s=now_s + wait_s)
