"""Matching: as good as the best of all assignments."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_service.evaluation.pairing import Pair, match

# Tenths of a second, so that ties, and distances of exactly the tolerance, are common.
times = st.lists(st.integers(0, 120).map(lambda tenths: tenths / 10), max_size=6).map(sorted)
tolerances = st.sampled_from([0.0, 0.5, 1.0, 2.0, 5.0])


def brute_force(reported: Sequence[float], true: Sequence[float], tolerance_s: float) -> tuple[int, float]:
    """Pairs not made and the sum of distances of the best of all assignments."""
    if not reported:
        return 0, 0.0
    best = brute_force(reported[1:], true, tolerance_s)
    for index, time_s in enumerate(true):
        distance_s = abs(reported[0] - time_s)
        if distance_s <= tolerance_s + 1e-9:
            made, sum_s = brute_force(reported[1:], [*true[:index], *true[index + 1 :]], tolerance_s)
            best = min(best, (made - 1, round(sum_s + distance_s, 6)))
    return best


def cost(pairs: Sequence[Pair], reported: Sequence[float], true: Sequence[float]) -> tuple[int, float]:
    return -len(pairs), round(sum(abs(reported[i] - true[j]) for i, j in pairs), 6)


@given(times, times, tolerances)
@settings(max_examples=80)
def test_no_assignment_is_better(reported: list[float], true: list[float], tolerance_s: float) -> None:
    pairs = match(reported, true, tolerance_s)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert all(abs(reported[i] - true[j]) <= tolerance_s + 1e-6 for i, j in pairs)
    assert cost(pairs, reported, true) == brute_force(reported, true, tolerance_s)


@pytest.mark.parametrize(
    ("reported", "true", "tolerance_s", "pairs"),
    [
        pytest.param([], [1.0], 5, [], id="nothing reported"),
        pytest.param([1.0], [], 5, [], id="nothing true"),
        pytest.param([2.0, 6.5], [0.0, 4.0], 3, [(0, 0), (1, 1)], id="where the nearest first finds only one"),
        pytest.param([3.0], [1.0, 3.5, 6.0], 5, [(0, 1)], id="the nearest of several"),
        pytest.param([1.0, 1.0, 1.0], [1.0], 1, [(0, 0)], id="a repeat is false"),
        pytest.param([0.1 + 0.2 + 1.7], [1.0], 1.0, [(0, 0)], id="as far as the tolerance, but for rounding"),
        pytest.param([1.0, 100.0], [50.0, 101.0], 2, [(1, 1)], id="far apart"),
    ],
)
def test_pairs(reported: list[float], true: list[float], tolerance_s: float, pairs: list[Pair]) -> None:
    found = match(reported, true, tolerance_s)
    assert cost(found, reported, true) == cost(pairs, reported, true)
    assert len(found) == len(pairs)


def test_a_month_of_events_is_no_trouble() -> None:
    reported = [index * 7.0 for index in range(20_000)]
    true = [index * 7.0 + 0.5 for index in range(20_000)]
    assert match(reported, true, 2.0) == [(index, index) for index in range(20_000)]
