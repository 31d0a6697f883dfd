"""Whether a machine of a kind was free, against counting by the second."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_api.reports.buckets import Interval, union
from backend_api.reports.kinds import Availability, Watched, measure_availability
from backend_api.reports.opening import is_within, overlap

UTC = ZoneInfo("UTC")
HOUR_MS = 3_600_000
SPAN = Interval(5, 45)


def stretches(lo: int, hi: int) -> st.SearchStrategy[list[Interval]]:
    pairs = st.tuples(st.integers(lo, hi), st.integers(lo, hi)).map(sorted)
    return st.lists(pairs.map(lambda pair: Interval(*pair)), max_size=4).map(union)


watched = st.tuples(stretches(0, 50), stretches(0, 50)).map(
    lambda both: Watched(observed=both[0], occupied=overlap(both[0], both[1]))
)


@given(machines=st.lists(watched, min_size=1, max_size=4))
def test_a_kind_is_free_in_each_millisecond_in_which_one_of_its_machines_is(machines: list[Watched]) -> None:
    free = used = 0
    for instant in range(SPAN.begin_ms, SPAN.end_ms):
        in_use = [is_within(list(machine.occupied), instant) for machine in machines]
        seen = [is_within(list(machine.observed), instant) for machine in machines]
        free += any(watched and not occupied for watched, occupied in zip(seen, in_use, strict=True))
        used += all(in_use)
    found = measure_availability(machines, SPAN, UTC)
    assert (found.some_free_ms, found.none_free_ms) == (free, used)
    if free + used:
        assert found.share_some_free == free / (free + used)
    else:
        assert found.share_some_free is None


def test_availability_at_peak_is_of_the_hour_of_the_day_with_the_most_use() -> None:
    """Two treadmills for two days: both from 18:00 to 18:30, one from 9:00 to 9:50, watched all the time."""
    day = 24 * HOUR_MS
    evenings = [Interval(d * day + 18 * HOUR_MS, d * day + 18 * HOUR_MS + HOUR_MS // 2) for d in (0, 1)]
    morning = Interval(9 * HOUR_MS, 9 * HOUR_MS + 50 * 60_000)
    always = [Interval(0, 2 * day)]
    found = measure_availability([Watched(always, [morning, *evenings]), Watched(always, evenings)], always[0], UTC)
    assert (found.machines, found.peak_hour, found.free_at_peak) == (2, 18, 0.5)
    assert found.none_free_ms == HOUR_MS
    assert found.share_some_free == pytest.approx(47 / 48)


def test_hours_are_those_of_the_zone() -> None:
    busy = [Interval(0, HOUR_MS)]
    assert measure_availability([Watched(busy, busy)], busy[0], ZoneInfo("Asia/Tokyo")).peak_hour == 9


def test_without_use_there_is_no_peak_and_unwatched_there_is_nothing() -> None:
    seen = [Interval(0, HOUR_MS)]
    idle = measure_availability([Watched(seen, [])], seen[0], UTC)
    assert (idle.share_some_free, idle.peak_hour, idle.free_at_peak) == (1.0, None, None)
    assert measure_availability([Watched([], [])], seen[0], UTC) == Availability(1)
