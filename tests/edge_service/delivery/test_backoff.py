"""The waits between two tries stay within their bounds, whatever happened and whatever the server says."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_service.delivery.backoff import MAX_DELAY_S, MAX_RETRY_AFTER_S, parse_retry_after, retry_delay_s

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)


@given(st.integers(1, 10**9), st.integers())
def test_the_delay_is_jitter_below_a_ceiling_that_doubles_from_half_a_second_to_a_minute(
    failures: int, seed: int
) -> None:
    ceiling_s = 0.5 * 2 ** (failures - 1) if failures < 8 else MAX_DELAY_S
    assert 0 <= retry_delay_s(failures, Random(seed)) <= min(ceiling_s, MAX_DELAY_S)


def test_the_jitter_is_full() -> None:
    delays_s = [retry_delay_s(20, Random(seed)) for seed in range(300)]
    assert min(delays_s) < 0.05 * MAX_DELAY_S
    assert max(delays_s) > 0.95 * MAX_DELAY_S


@given(st.integers(1, 100), st.integers(), st.floats(-10, 1e12))
def test_a_pause_that_was_asked_for_is_kept_up_to_a_limit(failures: int, seed: int, retry_after_s: float) -> None:
    pause_s = min(max(retry_after_s, 0), MAX_RETRY_AFTER_S)
    assert pause_s <= retry_delay_s(failures, Random(seed), retry_after_s) <= pause_s + MAX_DELAY_S


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("Sat, 31 Jan 2026 09:00:30 GMT", 30.0),
        ("Sat, 31 Jan 2026 09:00:30 -0000", 30.0),
        ("Saturday, 31-Jan-26 09:00:30 GMT", 30.0),
        ("Sat Jan 31 09:00:30 2026", 30.0),
        ("Fri, 30 Jan 2026 09:00:00 GMT", 0.0),
        ("Fri, 30 Jan 2026 09:00:00 +99999999999999999999", None),
        ("Fri, 30 Jan 9999999999999999999999 09:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_in_each_of_its_forms(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds


@given(st.one_of(st.text(), st.from_regex(r"[0-9]{1,400}", fullmatch=True)))
def test_no_header_is_too_strange(value: str) -> None:
    seconds = parse_retry_after(value, NOW)
    assert seconds is None or seconds >= 0


@given(st.integers(0, 10**6))
def test_a_date_counts_from_now(seconds: int) -> None:
    assert parse_retry_after(format_datetime(NOW + timedelta(seconds=seconds), usegmt=True), NOW) == seconds
