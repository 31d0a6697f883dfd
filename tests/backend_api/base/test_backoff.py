"""The waits between two tries stay within their bounds, whatever happened and whatever a server says."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_api.base.backoff import MAX_RETRY_AFTER_S, full_jitter_s, longest_delay_s, retry_after_s

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)


def test_the_longest_delay_doubles_up_to_its_bound() -> None:
    assert [longest_delay_s(failures, 0.5, 60) for failures in range(1, 10)] == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    assert longest_delay_s(10**9, 0.01, 60) == 60


@given(st.integers(1, 10**9), st.integers(), st.floats(0.01, 100), st.floats(0.01, 1000))
def test_the_delay_is_jitter_below_the_longest(failures: int, seed: int, first_s: float, max_s: float) -> None:
    delay_s = full_jitter_s(failures, Random(seed), first_s, max_s)
    assert 0 <= delay_s <= longest_delay_s(failures, first_s, max_s) <= max_s


def test_the_jitter_is_full() -> None:
    delays_s = [full_jitter_s(20, Random(seed), 0.5, 60) for seed in range(300)]
    assert min(delays_s) < 0.05 * 60
    assert max(delays_s) > 0.95 * 60


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("²", None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("9" * 30, MAX_RETRY_AFTER_S),
        ("Sat, 31 Jan 2026 09:00:30 GMT", 30.0),
        ("Sat, 31 Jan 2026 09:00:30 -0000", 30.0),
        ("Saturday, 31-Jan-26 09:00:30 GMT", 30.0),
        ("Sat Jan 31 09:00:30 2026", 30.0),
        ("Fri, 30 Jan 2026 09:00:00 GMT", 0.0),
        ("Sat, 31 Jan 2099 08:00:00 GMT", MAX_RETRY_AFTER_S),
        ("Fri, 30 Jan 2026 09:00:00 +99999999999999999999", None),
        ("Fri, 30 Jan 9999999999999999999999 09:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_in_each_of_its_forms(header: str | None, seconds: float | None) -> None:
    assert retry_after_s(header, NOW) == seconds


@given(st.one_of(st.text(), st.from_regex(r"[0-9]{1,400}", fullmatch=True)))
def test_whatever_a_header_says_it_is_no_time_or_one_within_a_day(header: str) -> None:
    seconds = retry_after_s(header, NOW)
    assert seconds is None or 0 <= seconds <= MAX_RETRY_AFTER_S


@given(st.integers(0, 86_400))
def test_a_date_counts_from_now(seconds: int) -> None:
    assert retry_after_s(format_datetime(NOW + timedelta(seconds=seconds), usegmt=True), NOW) == seconds
