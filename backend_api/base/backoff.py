"""When to try again: exponential backoff with full jitter, and what a server asks for in Retry-After (pure)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import Random

MAX_RETRY_AFTER_S = 86_400.0
"""No server is left alone for longer than a day, whatever it asks for."""


def longest_delay_s(failures: int, first_s: float, max_s: float) -> float:
    """The most to wait after `failures` failures in a row, from 1: `first_s` seconds, doubled each time up to `max_s`.

    `first_s` is above 0.
    """
    # After weeks of failures the power itself would overflow a float.
    return min(max_s, first_s * 2.0 ** min(failures - 1, 64))


def full_jitter_s(failures: int, rng: Random, first_s: float, max_s: float) -> float:
    """How many seconds to wait after `failures` failures in a row, from 1: evenly between 0 and the longest delay.

    Full jitter spreads those who failed together best (M. Brooker, "Exponential Backoff and Jitter", AWS Architecture
    Blog, 2015).
    """
    return rng.uniform(0.0, longest_delay_s(failures, first_s, max_s))


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """The seconds from `now` (aware) that a Retry-After header asks for (RFC 9110, 10.2.3: seconds or an HTTP date).

    At most MAX_RETRY_AFTER_S; 0 for a date that has passed; None without such a header, or for one that makes no sense.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), MAX_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - now).total_seconds()), MAX_RETRY_AFTER_S)
