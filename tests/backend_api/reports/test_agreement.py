"""The statistics against published worked examples, and what they do at the edges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_api.reports.agreement import Table, kappa, wilson

counts = st.integers(0, 500)


@pytest.mark.parametrize(
    ("successes", "count", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_intervals_of_newcombe_1998_table_1(
    successes: int, count: int, low: float, high: float
) -> None:
    estimate = wilson(successes, count)
    assert estimate is not None
    assert (round(estimate.low, 4), round(estimate.high, 4)) == (low, high)
    assert estimate.value == successes / count


def test_kappa_gives_the_worked_example_of_statpsych() -> None:
    """Bonett's R package statpsych, `ci.kappa(.05, 31, 12, 4, 58)`, after Fleiss and Paik (2003)."""
    estimate = kappa(((31, 12), (4, 58)))
    assert estimate is not None
    assert estimate.value == pytest.approx(0.6756757, abs=1e-7)
    assert (estimate.low, estimate.high) == pytest.approx((0.5317210, 0.8196303), abs=1e-6)


@pytest.mark.parametrize("counts", [((2, 0), (0, 2)), ((0, 3), (3, 0)), ((3, 0), (1, 0)), ((0, 0), (2, 2))])
def test_few_reviews_never_make_kappa_certain(counts: tuple[tuple[int, int], tuple[int, int]]) -> None:
    few, many = kappa(counts), kappa(((counts[0][0] * 99, counts[0][1] * 99), (counts[1][0] * 99, counts[1][1] * 99)))
    assert few is not None
    assert many is not None
    assert few.high - few.low > 0.4
    assert 0 < many.high - many.low < (few.high - few.low) / 2
    assert few.value == pytest.approx(many.value)


def test_kappa_of_perfect_agreement_reaches_as_low_as_the_agreement_does() -> None:
    """Of 10 that agree, Wilson's interval begins at 0.7225; half would agree by chance."""
    estimate = kappa(((5, 0), (0, 5)))
    assert estimate is not None
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((1.0, 0.4449, 1.0), abs=1e-4)


def test_the_table_names_what_is_divided_by_what() -> None:
    table = Table(hits=9, misses=1, false_alarms=2, rejections=6)
    sensitivity, specificity = table.sensitivity(), table.specificity()
    assert sensitivity is not None
    assert specificity is not None
    assert (sensitivity.value, specificity.value, table.count) == (0.9, 0.75, 18)
    assert table.kappa() == kappa(((9, 1), (2, 6)))


def test_nothing_reviewed_is_unknown() -> None:
    assert (Table().sensitivity(), Table().specificity(), Table().kappa()) == (None, None, None)
    assert Table(hits=7).kappa() is None
    assert Table(hits=7).specificity() is None


@given(successes=counts, others=counts)
def test_an_interval_holds_its_value_and_stays_in_0_to_1(successes: int, others: int) -> None:
    estimate = wilson(successes, successes + others)
    if successes + others == 0:
        assert estimate is None
    else:
        assert estimate is not None
        assert 0 <= estimate.low <= estimate.value + 1e-12
        assert estimate.value - 1e-12 <= estimate.high <= 1


@given(a=counts, b=counts, c=counts, d=counts)
def test_kappa_is_the_same_whoever_is_asked_first_and_whatever_is_called_positive(
    a: int, b: int, c: int, d: int
) -> None:
    one = kappa(((a, b), (c, d)))
    for other in (kappa(((a, c), (b, d))), kappa(((d, c), (b, a)))):
        if one is None:
            assert other is None
        else:
            assert other is not None
            assert (other.value, other.low, other.high) == pytest.approx((one.value, one.low, one.high), abs=1e-6)
    if one is not None:
        assert -1 <= one.low <= one.value + 1e-9
        assert one.value - 1e-9 <= one.high <= 1
