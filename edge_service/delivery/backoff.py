"""When to try again: exponential backoff with full jitter, and what a server asks for in Retry-After (pure)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import Random

FIRST_DELAY_S = 0.5
MAX_DELAY_S = 60.0
MAX_RETRY_AFTER_S = 300.0


def retry_delay_s(failures: int, rng: Random, retry_after_s: float | None = None) -> float:
    """How many seconds to wait after `failures` failures in a row, counted from 1.

    Full jitter (M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015): evenly between 0 and
    FIRST_DELAY_S, which doubles up to MAX_DELAY_S. When the server asked for a pause, the wait is that pause, of at
    most MAX_RETRY_AFTER_S, and the jitter after it, so that not all edges come back in the same moment.
    """
    # 2**7 * FIRST_DELAY_S lies beyond MAX_DELAY_S; after weeks of failures the power itself would overflow a float.
    ceiling_s = min(MAX_DELAY_S, FIRST_DELAY_S * 2 ** min(failures - 1, 7))
    pause_s = min(max(retry_after_s or 0.0, 0.0), MAX_RETRY_AFTER_S)
    return pause_s + rng.uniform(0.0, ceiling_s)


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """The seconds from `now` (aware) that a Retry-After header asks for (RFC 9110, 10.2.3: seconds or an HTTP date).

    None when there is no such header, or none that makes sense; 0 for a date that has passed.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        # Longer than any pause that is kept to, and short enough for a float.
        return float(text[:12])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
