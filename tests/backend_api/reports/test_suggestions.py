"""What is proposed is a random sample at any time, spread over verdicts so that the interval narrows most."""

from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_api.contract.stats import Estimate
from backend_api.contract.verdicts import Verdict
from backend_api.reports.correction import Judged, Part, Stratum, TooFewReviews, correct
from backend_api.reports.suggestions import Allocation, allocate, draw, expect

IDS = [UUID(int=number) for number in range(400)]


def variance(part: Part, more: tuple[int, int]) -> float:
    """The sum of the weighted shares' variances, with `more` reviews of each verdict."""
    total = 0.0
    for stratum, extra in zip(part.strata, more, strict=True):
        share = (stratum.cleaned + 0.5) / (stratum.reviewed + 1)
        total += (stratum.windows / part.windows) ** 2 * share * (1 - share) / (stratum.reviewed + extra + 0.5)
    return total


@st.composite
def parts(draw: st.DrawFn) -> Part:
    strata = []
    for _ in range(2):
        windows = draw(st.integers(0, 300))
        reviewed = draw(st.integers(0, windows))
        strata.append(Stratum(windows, 0, reviewed, draw(st.integers(0, reviewed))))
    return Part(*strata)


@given(part=parts().filter(Part.is_enough), number=st.integers(1, 25))
def test_no_other_way_to_spread_them_leaves_less_variance(part: Part, number: int) -> None:
    left = [stratum.windows - int(stratum.reviewed) for stratum in part.strata]
    found = allocate(part, number)
    assert found.cleaned + found.not_cleaned == min(number, sum(left))
    least = min(
        variance(part, (first, second))
        for first, second in product(range(number + 1), repeat=2)
        if first + second == min(number, sum(left)) and first <= left[0] and second <= left[1]
    )
    assert variance(part, (found.cleaned, found.not_cleaned)) == pytest.approx(least)


@given(part=parts())
def test_what_is_missing_comes_first(part: Part) -> None:
    missing = part.missing()
    found = allocate(part, missing)
    grown = Part(
        *(
            Stratum(stratum.windows, 0, stratum.reviewed + more, 0)
            for stratum, more in zip(part.strata, (found.cleaned, found.not_cleaned), strict=True)
        )
    )
    assert found.cleaned + found.not_cleaned == missing
    assert grown.missing() == 0


def test_most_go_where_the_model_is_least_sure() -> None:
    """Of what was called cleaned nearly all was; of the rest a half: that is where reviews tell most."""
    part = Part(Stratum(500, 0, 50, 49), Stratum(500, 0, 50, 25))
    assert allocate(part, 20) == Allocation(0, 20)
    assert [Allocation(1, 2).of(verdict) for verdict in Verdict] == [1, 2, 0]


def test_the_forecast_is_narrower_the_more_are_reviewed() -> None:
    part = Part(Stratum(500, 0, 30, 27), Stratum(500, 0, 30, 10))
    model = Judged(drawn=part)
    now = correct([model], 100)
    widths = [now.high - now.low] if isinstance(now, Estimate) else []
    for number in (20, 100, 400):
        later = correct([Judged(drawn=expect(part, allocate(part, number)))], 100)
        assert isinstance(later, Estimate)
        widths.append(later.high - later.low)
    assert widths == sorted(widths, reverse=True)
    assert len(widths) == 4


def test_the_forecast_says_when_there_would_still_be_too_few() -> None:
    part = Part(Stratum(500), Stratum(500))
    assert isinstance(correct([Judged(drawn=expect(part, allocate(part, 10)))], 0), TooFewReviews)
    assert isinstance(correct([Judged(drawn=expect(part, allocate(part, part.missing())))], 0), Estimate)


def test_the_same_seed_draws_the_same_and_another_one_others() -> None:
    assert draw(IDS, "a", 20) == draw(reversed(IDS), "a", 20)
    assert set(draw(IDS, "a", 20)) != set(draw(IDS, "b", 20))
    assert draw(IDS, "a", 30)[:20] == draw(IDS, "a", 20)
    assert draw(IDS, "a", 1000) == draw(IDS, "a", 400)


def test_what_comes_later_is_as_likely_as_what_came_before() -> None:
    """Half of the events came after the first draw; with the second draw each half is drawn from as often."""
    later = 0
    for seed in range(300):
        first = draw(IDS[:200], str(seed), 20)
        second = draw((one for one in IDS if one not in set(first)), str(seed), 60)
        # Those behind the first draw's last come as often from either half; those before it only from the later one.
        later += len([one for one in second if one.int >= 200])
    assert later / (300 * 80) == pytest.approx(0.5, abs=0.02)
