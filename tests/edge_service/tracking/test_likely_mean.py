"""What the mean of scores may be: a little more than it is, by how much they differ and how few they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_service.tracking.likely_mean import likely_mean


def of(scores: list[float]) -> float:
    return likely_mean(len(scores), sum(scores), sum(score**2 for score in scores))


def test_of_scores_that_are_the_same_it_is_their_mean() -> None:
    assert of([0.37] * 20) == pytest.approx(0.37)
    assert of([0.6]) == pytest.approx(0.6)


def test_it_is_more_by_half_a_standard_error() -> None:
    assert of([0.2, 0.6] * 8) == pytest.approx(0.4 + 0.5 * 0.2 / 4)


def test_a_person_whose_scores_differ_may_be_one_and_a_thing_whose_scores_do_not_may_not() -> None:
    assert of([0.6, 0.2, 0.5, 0.26] * 4) >= 0.4 > of([0.42, 0.36, 0.4, 0.38] * 4)


def test_the_more_there_are_the_less_is_added() -> None:
    assert of([0.2, 0.6]) > of([0.2, 0.6] * 10) > of([0.2, 0.6] * 100) > 0.4


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_it_is_never_less_than_the_mean_nor_more_than_one(scores: list[float]) -> None:
    assert sum(scores) / len(scores) - 1e-9 <= of(scores) <= 1
