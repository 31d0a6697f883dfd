"""The corrected share is what published formulas give, and its interval holds the truth as often as it says."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from backend_api.contract.stats import Estimate
from backend_api.reports import correction
from backend_api.reports.correction import (
    MAX_WIDTH,
    Counts,
    Judged,
    Part,
    Stratum,
    TooFewReviews,
    TwiceJudged,
    carry_through,
    correct,
    interval,
    measure_accuracy,
    possible,
)

RUNS = 2000
POSSIBLE = 400


@dataclass(frozen=True, slots=True)
class World:
    """What is true: how many windows of the span were cleaned, and how often the model is right of them."""

    sensitivity: float
    specificity: float
    cleaned: float
    windows: int
    # Further windows, of other days, that reviews are drawn from, too, and how many of them were cleaned.
    others: int = 0
    others_cleaned: float = 0.5


def called(random: np.random.Generator, world: World, windows: int, cleaned: float) -> NDArray[np.int64]:
    """Windows by run, by verdict, by what was true (cleaned first)."""
    true = random.binomial(windows, cleaned, RUNS)
    hits, false_alarms = (
        random.binomial(true, world.sensitivity),
        random.binomial(windows - true, 1 - world.specificity),
    )
    return np.moveaxis(np.array([[hits, false_alarms], [true - hits, windows - true - false_alarms]]), -1, 0)


def coverage(world: World, reviews: int, seed: int) -> tuple[float, float]:
    """In which share of the runs a figure is given, and in which share of these its interval holds the truth."""
    random = np.random.default_rng(seed)
    here = called(random, world, world.windows, world.cleaned)
    there = called(random, world, world.others, world.others_cleaned)
    both = here + there
    by_verdict = both.sum(-1)
    # As the suggestions do: as verdicts are spread, but enough of each.
    seldom = np.round(reviews * by_verdict.min(-1) / by_verdict.sum(-1)).clip(reviews // 4).astype(int)
    first_is_seldom = by_verdict[:, 0] <= by_verdict[:, 1]
    wanted = np.stack([np.where(first_is_seldom, seldom, reviews - seldom)] * 2, axis=-1)
    wanted[:, 1] = reviews - wanted[:, 0]
    reviewed = np.minimum(wanted, by_verdict)
    cleaned = random.hypergeometric(both[..., 0], both[..., 1], reviewed)
    counts = np.stack([here.sum(-1), there.sum(-1), reviewed, cleaned], axis=-1)[:, None].astype(float)
    low, high = interval(carry_through(counts, np.zeros((RUNS, 2)), possible(random, POSSIBLE)).share)
    given_ = np.array([is_enough(run) for run in counts[:, 0]]) & (high - low <= MAX_WIDTH)
    holds = (low <= world.cleaned) & (world.cleaned <= high)
    return float(given_.mean()), float(holds[given_].mean()) if given_.any() else 0.0


def is_enough(run: Counts) -> bool:
    first, second = (Stratum(*(int(count) for count in stratum)) for stratum in run)
    return Part(first, second).is_enough()


def found_mistakes(world: World, reviews: int) -> float:
    """How many of the model's mistakes `reviews` find, on average."""
    share = world.cleaned * world.sensitivity + (1 - world.cleaned) * (1 - world.specificity)
    false_alarms = (1 - world.cleaned) * (1 - world.specificity) / share
    misses = world.cleaned * (1 - world.sensitivity) / (1 - share)
    first = reviews * min(0.75, max(0.25, share))
    return first * min(false_alarms, 1 - false_alarms) + (reviews - first) * min(misses, 1 - misses)


SENSITIVITIES, SPECIFICITIES, REVIEWS = (0.7, 0.8, 0.9, 0.98), (0.7, 0.85, 0.95), (30, 100, 500)
# Compliance goes with the row, so that each of these meets each of those.
WORLDS = [
    (World(sensitivity, specificity, (0.3, 0.6, 0.8)[(i + j + k) % 3], 1000, others=(i + k) % 2 * 2000), reviews)
    for i, sensitivity in enumerate(SENSITIVITIES)
    for j, specificity in enumerate(SPECIFICITIES)
    for k, reviews in enumerate(REVIEWS)
]


# In every second one each value of one still meets each value of another.
@pytest.mark.parametrize(
    ("world", "reviews"), [*WORLDS[::2], *(pytest.param(*one, marks=pytest.mark.thorough) for one in WORLDS[1::2])]
)
def test_the_interval_holds_the_truth_as_often_as_it_says(world: World, reviews: int) -> None:
    """In 93 to 97 % of 2,000 runs; in no fewer where reviews find hardly any mistake, of which no interval is exact."""
    share_given, share_held = coverage(world, reviews, seed=1)
    if share_given < 0.5:
        pytest.fail("nearly always too few reviews")
    assert share_held >= 0.93
    if found_mistakes(world, reviews) >= 3:
        assert share_held <= 0.97


LEAST = [World(0.8, 0.7, 0.6, 1000), World(0.8, 0.85, 0.6, 1000), World(0.8, 0.85, 0.3, 1000)]
NEARLY_PERFECT = [
    World(0.98, 0.85, 0.8, 1000),
    *(World(0.98, 0.95, cleaned, 1000, others=others) for cleaned in (0.3, 0.6, 0.8) for others in (0, 2000)),
]


@pytest.mark.parametrize("world", LEAST)
def test_where_it_holds_the_truth_least_it_is_enough(world: World) -> None:
    """In single runs of 2,000 these lay at 92 to 93 %."""
    held = [coverage(world, 30, seed)[1] for seed in range(10, 14)]
    assert 0.93 <= sum(held) / len(held) <= 0.97


@pytest.mark.parametrize("world", NEARLY_PERFECT)
def test_with_a_nearly_perfect_model_and_few_reviews_it_is_too_careful_and_never_too_bold(world: World) -> None:
    """About one mistake is found: docs/decisions/0038 has the figures. All other worlds are held to 93 to 97 %."""
    assert found_mistakes(world, 30) < 1.5
    share_given, share_held = coverage(world, 30, seed=1)
    assert share_given == 1.0
    assert share_held >= 0.97


def test_where_the_interval_would_not_hold_the_truth_nothing_is_said() -> None:
    """A model that calls 93 % cleaned, and 15 reviews of each verdict: 92 % of the intervals would hold the truth."""
    few = Part(Stratum(1860, reviewed=15, cleaned=15), Stratum(140, reviewed=15, cleaned=8))
    assert correct([Judged(drawn=few)], 0) == TooFewReviews(9)
    assert few.needed() == (24, 5)


def test_a_model_that_is_hardly_better_than_chance_gives_no_figure_of_other_days() -> None:
    world = World(0.55, 0.5, 0.6, 300, others=2000)
    share_given, _ = coverage(world, 100, seed=3)
    assert share_given < 0.2


def judged(*strata: tuple[int, int, int, int], later: Part | None = None) -> Judged:
    first, second = (Stratum(*counts) for counts in strata)
    return Judged(drawn=Part(first, second), later=later or Part())


def test_of_the_time_that_reviews_were_drawn_from_it_is_double_sampling() -> None:
    """28 of 30 and 5 of 15, weighted by 300 and 100 windows."""
    found = correct([judged((300, 0, 30, 28), (100, 0, 15, 5))], 0)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx((300 * 28 / 30 + 100 * 5 / 15) / 400)
    assert found.low < found.value < found.high


def test_of_other_days_it_is_rogan_and_gladen() -> None:
    """All of 2,000 other windows reviewed, sensitivity 0.9 and specificity 0.8; here 460 of 800 are called cleaned."""
    reviewed = Part(Stratum(0, 1100, 1100, 900), Stratum(0, 900, 900, 100))
    model = Judged(complete=reviewed, later=Part(Stratum(460), Stratum(340)))
    accuracy = measure_accuracy(model)
    assert not isinstance(accuracy, TooFewReviews)
    assert (accuracy.sensitivity.value, accuracy.specificity.value) == (0.9, 0.8)
    found = correct([model], 0)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx((460 / 800 + 0.8 - 1) / (0.9 + 0.8 - 1))


def test_windows_without_an_attempt_count_as_not_cleaned() -> None:
    model = judged((300, 0, 30, 28), (100, 0, 15, 5))
    alone, beside = correct([model], 0), correct([model], 400)
    assert isinstance(alone, Estimate)
    assert isinstance(beside, Estimate)
    assert beside.value == pytest.approx(alone.value / 2)
    assert isinstance(nothing := correct([], 40), Estimate)
    assert (nothing.value, nothing.low) == (0, 0)
    assert 0 < nothing.high < 0.1


def test_models_count_by_their_windows() -> None:
    perfect, useless = judged((100, 0, 50, 50), (100, 0, 50, 0)), judged((30, 0, 30, 0), (30, 0, 30, 30))
    found = correct([perfect, useless, Judged()], 0)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx((100 + 30) / 260)
    assert isinstance(correct([perfect, judged((30, 0, 0, 0), (30, 0, 0, 0))], 0), TooFewReviews)


def test_a_model_that_always_says_the_same_is_corrected_by_what_was_true() -> None:
    found = correct([judged((300, 0, 40, 36), (0, 0, 0, 0))], 0)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(0.9)


def test_completely_reviewed_days_are_enough_until_draws_are() -> None:
    complete = Part(Stratum(30, 0, 30, 28), Stratum(20, 0, 20, 5))
    few, many = (
        Part(Stratum(300, 0, 3, 2), Stratum(200, 0, 2, 1)),
        Part(Stratum(300, 0, 60, 42), Stratum(200, 0, 40, 10)),
    )
    assert Judged(complete, few).usable() == (complete,)
    assert Judged(complete, many).usable() == (complete, many)
    assert Judged(few).usable() == ()
    by_days, by_both = correct([Judged(complete, few)], 0), correct([Judged(complete, many)], 0)
    assert isinstance(by_days, Estimate)
    assert isinstance(by_both, Estimate)
    assert by_both.value == pytest.approx((28 + 5 + 300 * 0.7 + 200 * 0.25) / 550)
    assert by_both.high - by_both.low < by_days.high - by_days.low


def test_no_windows_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="no windows"):
        correct([Judged()], 0)


counts = st.integers(0, 300)


@st.composite
def strata(draw: st.DrawFn) -> Stratum:
    here, elsewhere = draw(counts), draw(counts)
    reviewed = draw(st.integers(0, here + elsewhere))
    return Stratum(here, elsewhere, reviewed, draw(st.integers(0, reviewed)))


@pytest.fixture
def fewer_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the draws: where hundreds of intervals are made, the noise of each is small beside theirs."""
    monkeypatch.setattr(correction, "_POSSIBLE", 2000)


@pytest.mark.usefixtures("fewer_draws")
@given(parts=st.lists(st.builds(Part, strata(), strata()), min_size=3, max_size=3), not_attempted=counts)
def test_whatever_was_counted_the_interval_holds_the_value_and_lies_in_0_to_1(
    parts: list[Part], not_attempted: int
) -> None:
    model = Judged(*parts)
    if model.in_span + not_attempted == 0:
        return
    found = correct([model], not_attempted)
    assert found == correct([model], not_attempted)
    if isinstance(found, TooFewReviews):
        assert found.missing > 0
    else:
        assert 0 <= found.low <= found.value <= found.high <= 1
        assert found.high - found.low <= MAX_WIDTH


@dataclass(frozen=True, slots=True)
class TwoQuestions:
    """Windows with two independent truths: wiped before leaving, and wiped by an attempt, which some have.

    The attempt is judged; the end of the use only where that did not find it cleaned.
    """

    windows: int = 1200
    before: float = 0.35
    attempted: float = 0.6
    in_window: float = 0.7
    of_attempt: tuple[float, float] = (0.8, 0.85)
    of_end: tuple[float, float] = (0.75, 0.9)

    def play(self, random: np.random.Generator, reviews: int) -> tuple[list[Judged], list[TwiceJudged], float]:
        """What `correct` takes after `reviews` of each question's verdicts, and the share that was cleaned.

        Of an attempt that was wrongly called cleaned nobody asks what was before: that counts as not cleaned here.
        """
        before = random.random(self.windows) < self.before
        has_attempt = random.random(self.windows) < self.attempted
        wiped = has_attempt & (random.random(self.windows) < self.in_window)
        called = has_attempt & _called(random, wiped, *self.of_attempt)
        asked = ~called
        called_end = asked & _called(random, before, *self.of_end)
        attempts = _judged(random, wiped[has_attempt], called[has_attempt], reviews)
        ends = _judged(random, before[asked], called_end[asked], reviews)
        both = has_attempt & asked
        twice = [TwiceJudged(int((both & (called_end == said)).sum()), (0, 1), (False, said)) for said in (True, False)]
        return [attempts, ends], twice, float((wiped | (before & asked)).mean())


def _called(
    random: np.random.Generator, truth: NDArray[np.bool_], sensitivity: float, specificity: float
) -> NDArray[np.bool_]:
    chance = random.random(truth.shape)
    return np.where(truth, chance < sensitivity, chance >= specificity)


def _judged(random: np.random.Generator, truth: NDArray[np.bool_], called: NDArray[np.bool_], reviews: int) -> Judged:
    strata = []
    for said in (True, False):
        of_verdict = truth[called == said]
        number = min(reviews // 2, len(of_verdict))
        reviewed = random.choice(of_verdict, number, replace=False)
        strata.append(Stratum(len(of_verdict), reviewed=number, cleaned=int(reviewed.sum())))
    return Judged(drawn=Part(*strata))


def test_of_windows_with_two_verdicts_one_that_was_right_is_enough() -> None:
    """Reviews of everything leave no doubt but that of the two truths of one window being independent."""
    models, twice, truth = TwoQuestions(windows=200_000).play(np.random.default_rng(1), 10**6)
    found = correct(models, 0, twice)
    assert isinstance(found, Estimate)
    assert abs(found.value - truth) < 0.003
    simple = sum(model.in_span for model in models) - sum(pair.windows for pair in twice)
    assert simple == 200_000
    added = correct(models, 0)
    assert isinstance(added, Estimate)
    assert abs(added.value - truth) > 0.05, "without taking away what counts twice it would be far off"


@pytest.mark.usefixtures("fewer_draws")
@pytest.mark.parametrize(("reviews", "seed"), [(120, 1), (300, 2)])
def test_the_interval_over_two_questions_holds_the_truth_as_often(reviews: int, seed: int) -> None:
    random, held, runs = np.random.default_rng(seed), 0, 300
    for _ in range(runs):
        models, twice, truth = TwoQuestions().play(random, reviews)
        found = correct(models, 0, twice)
        assert isinstance(found, Estimate)
        held += found.low <= truth <= found.high
    # Three standard deviations of 300 runs at 0.95 are 0.038. It holds this very sample, hence rather more.
    assert held / runs >= 0.91


def test_windows_that_two_models_judged_are_counted_once() -> None:
    sure = Judged(drawn=Part(Stratum(0), Stratum(100, reviewed=100, cleaned=0)))
    found = correct([sure, sure], 100, [TwiceJudged(100, (0, 1), (False, False))])
    assert isinstance(found, Estimate)
    assert found.value == 0
    with pytest.raises(ValueError, match="no windows"):
        correct([Judged()], 0)
