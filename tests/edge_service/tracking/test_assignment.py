"""The pairing of two groups: exact, as scipy's and as trying everything."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edge_service.detection.letterbox import Array
from edge_service.tracking.assignment import assign

SIZES = st.tuples(st.integers(1, 7), st.integers(1, 7))
ROUND = st.integers(0, 4).map(lambda quarter: quarter / 4)
GAINS = SIZES.flatmap(lambda size: arrays.arrays(np.float64, size, elements=st.one_of(ROUND, st.floats(0, 1))))


@given(GAINS)
def test_no_other_pairing_gains_more(gains: Array) -> None:
    # Here, so that not every process of the tests reads it.
    from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped]

    pairs = assign(gains)
    rows, columns = linear_sum_assignment(gains, maximize=True)
    assert np.isclose(sum(gains[pair] for pair in pairs), gains[rows, columns].sum())
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert all(gains[pair] > 0 for pair in pairs)
    assert pairs == sorted(pairs)


@given(GAINS)
def test_both_sides_are_alike(gains: Array) -> None:
    mirrored = assign(gains.T)
    assert np.isclose(sum(gains[pair] for pair in assign(gains)), sum(gains.T[pair] for pair in mirrored))


def test_the_sum_counts_and_not_the_best_pair() -> None:
    assert assign(np.array([[0.9, 0.8], [0.8, 0.1]])) == [(0, 1), (1, 0)]


def test_pairs_without_gain_are_left_out() -> None:
    assert assign(np.array([[0.0, 0.5, 0.0], [0.0, 0.0, 0.0]])) == [(0, 1)]


def test_nobody_is_paired_with_nobody() -> None:
    assert assign(np.zeros((0, 3))) == assign(np.zeros((3, 0))) == []
