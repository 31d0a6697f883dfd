"""Compliance corrected for the model's mistakes, with the interval of what is not known of it. Pure.

A model calls some machines cleaned that are not, and some not cleaned that are. Two shares say how often it is right:
sensitivity (of what was cleaned, called so) and specificity (of what was not, called not cleaned). With them the true
share follows from the apparent one (W. J. Rogan and B. Gladen, "Estimating prevalence from the results of a screening
test", Am. J. Epidemiol. 107, 1978):

    corrected = (apparent + specificity - 1) / (sensitivity + specificity - 1)

People review verdicts that were drawn at random within each verdict, not among what was cleaned. So reviews tell first
which share of what was called cleaned, and of what was called not cleaned, was. The two shares above follow from these
and from how often each verdict was given (C. B. Begg and R. A. Greenes, Biometrics 39, 1983). The same formula, written
so that a model without any gain divides nothing by nothing, is

    corrected = true share where reviews were drawn
                + (apparent - apparent share where reviews were drawn) / (sensitivity + specificity - 1)

and of the very time that reviews were drawn from it is double sampling: the reviewed shares, weighted by how often each
verdict was given (A. Tenenbein, J. Am. Stat. Assoc. 65, 1970).

Some windows have two verdicts: on the attempt, and on the end of the use. Each prompt is corrected by its own reviews,
and the window was cleaned unless neither was. Of windows with both verdicts those that both find cleaned would count
twice, and are taken away: with the share of each verdict that is right in the span, by Bayes' rule, as if the mistakes
of the two questions had nothing to do with each other, since they are about other moments.

The 95 % interval runs from the 2.5th to the 97.5th percentile of what the counts leave possible: each share is drawn
from the beta distribution that its counts give with Jeffreys' prior, and carried through the formula. Windows and
reviews both count as samples. `Part.is_enough` and MAX_WIDTH say when that is too little to go by.

Of 216 simulated worlds (sensitivity 0.7 to 0.98, specificity 0.7 to 0.95, 30 to 500 reviews) it holds the truth in 93
to 97 % in all but seven, in which it holds it more often, in 97.7 to 99.3 %: there 30 reviews find about one mistake of
a nearly perfect model. So few mistakes are counted in steps, and an interval that is the same for the same counts
covers one step more or one less (L. D. Brown, T. T. Cai and A. DasGupta, Stat. Sci. 16, 2001): here one more.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend_api.contract.stats import Estimate

Counts = NDArray[np.float64]
"""Windows or reviews, or shares of them; what each axis is stands beside each use."""
Share = Callable[[Counts, Counts], Counts]
"""Which share the first counts are of both; the answer has an axis more, over what is possible."""

# A review may stand for at most this share of the verdicts that it was drawn from: for 25 reviews that are spread as
# verdicts are. With less, the interval of a rare kind of mistake holds the truth in less than 93 % (simulated).
MAX_SHARE_A_REVIEW = 0.04
# Of a verdict that is seldom given at least so many, or all.
MIN_REVIEWS_A_VERDICT = 5
# An interval over more than half of all shares says nothing that an operator could act on. It comes of few windows, or
# of a model that tells cleaned from not cleaned hardly better than chance.
MAX_WIDTH = 0.5

_POSSIBLE = 20_000
# The same counts always give the same interval.
_SEED = 1978
_JEFFREYS = 0.5
_95_PERCENT = (0.025, 0.975)


@dataclass(frozen=True, slots=True)
class Stratum:
    """The windows with one verdict, by whether they lie in the span that is asked for, and what reviews say of them.

    `reviewed` of them have a review that says what was true; of these `cleaned` were. A forecast holds parts of one.
    """

    in_span: int = 0
    elsewhere: int = 0
    reviewed: float = 0
    cleaned: float = 0

    @property
    def windows(self) -> int:
        """All with this verdict."""
        return self.in_span + self.elsewhere


@dataclass(frozen=True, slots=True)
class Part:
    """Windows that are reviewed in the same way, by their verdict."""

    cleaned: Stratum = Stratum()
    not_cleaned: Stratum = Stratum()

    @property
    def strata(self) -> tuple[Stratum, Stratum]:
        """Both, those that were called cleaned first."""
        return self.cleaned, self.not_cleaned

    @property
    def windows(self) -> int:
        """All of them."""
        return self.cleaned.windows + self.not_cleaned.windows

    @property
    def in_span(self) -> int:
        """Those in the span that is asked for."""
        return self.cleaned.in_span + self.not_cleaned.in_span

    def needed(self) -> tuple[int, int]:
        """How many reviews of each verdict it takes to go by them, those of what was called cleaned first."""
        first, second = (
            min(
                stratum.windows,
                max(MIN_REVIEWS_A_VERDICT, math.ceil(stratum.windows / (self.windows * MAX_SHARE_A_REVIEW))),
            )
            if stratum.windows
            else 0
            for stratum in self.strata
        )
        return first, second

    def missing(self) -> int:
        """How many more reviews that takes."""
        return sum(
            math.ceil(max(0, needed - stratum.reviewed))
            for needed, stratum in zip(self.needed(), self.strata, strict=True)
        )

    def is_enough(self) -> bool:
        """Whether the model can be judged by its reviews."""
        return self.windows > 0 and self.missing() == 0


@dataclass(frozen=True, slots=True)
class Judged:
    """One model's windows, each in one part: of completely reviewed days, of other days, and too new to be drawn."""

    complete: Part = Part()
    drawn: Part = Part()
    later: Part = Part()

    @property
    def called_cleaned(self) -> int:
        """The windows in the span that it called cleaned."""
        return sum(part.cleaned.in_span for part in (self.complete, self.drawn, self.later))

    @property
    def in_span(self) -> int:
        """The windows that lie in the span that is asked for."""
        return self.complete.in_span + self.drawn.in_span + self.later.in_span

    def usable(self) -> tuple[Part, ...]:
        """The parts whose reviews the model is judged by: as much as has enough of them."""
        if self.drawn.is_enough():
            return tuple(part for part in (self.complete, self.drawn) if part.windows)
        return (self.complete,) if self.complete.is_enough() else ()


@dataclass(frozen=True, slots=True)
class TwiceJudged:
    """Windows of the span with two verdicts: by which of the models, and whether it called them cleaned."""

    windows: int
    models: tuple[int, int]
    called_cleaned: tuple[bool, bool]


@dataclass(frozen=True, slots=True)
class TooFewReviews:
    """No figure can be given; it takes at least `missing` more reviews, spread as suggested."""

    missing: int


@dataclass(frozen=True, slots=True)
class Corrected:
    """The correction for one model, or for all; an axis over what is possible comes last."""

    share: Counts
    sensitivity: Counts
    specificity: Counts


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How often a model is right: of what was cleaned, and of what was not."""

    sensitivity: Estimate
    specificity: Estimate


def correct(models: Sequence[Judged], not_asked: int, twice: Sequence[TwiceJudged] = ()) -> Estimate | TooFewReviews:
    """The share of windows that were really cleaned, of those with a verdict and those of which nobody was asked.

    `not_asked` are the span's windows of the latter kind; they count as not cleaned. Windows that stand with two of
    `models` are in `twice`. A model without a window in the span does not matter. Raises ValueError when there is no
    window at all.
    """
    windows = sum(model.in_span for model in models) - sum(pair.windows for pair in twice) + not_asked
    if not windows:
        raise ValueError("there are no windows of which a share could be corrected")
    if missing := sum(model.drawn.missing() or 1 for model in models if model.in_span and not model.usable()):
        return TooFewReviews(missing)
    estimate = _estimate(lambda share: _share_of_all(models, not_asked, twice, share))
    return estimate if estimate.high - estimate.low <= MAX_WIDTH else TooFewReviews(1)


def measure_accuracy(model: Judged) -> Accuracy | TooFewReviews:
    """How often the model is right, by its reviews."""
    parts = model.usable()
    if not parts:
        return TooFewReviews(model.drawn.missing() or 1)
    counts, later = _arrays(model, parts)
    return Accuracy(
        sensitivity=_estimate(lambda share: carry_through(counts, later, share).sensitivity),
        specificity=_estimate(lambda share: carry_through(counts, later, share).specificity),
    )


def carry_through(counts: Counts, unreviewed: Counts, share: Share) -> Corrected:
    """The formula above, of one model, or of many at once along the axes before the named ones.

    `counts` is part by verdict (cleaned, not cleaned) by (in the span, elsewhere, reviewed, of these cleaned);
    `unreviewed` is by verdict: further windows in the span.
    """
    inside, elsewhere, reviewed, cleaned = (counts[..., index] for index in range(4))
    true = share(cleaned, reviewed - cleaned)
    called_inside = inside.sum(-1)[..., None] * share(inside[..., 0], inside[..., 1])
    called = called_inside + elsewhere.sum(-1)[..., None] * share(elsewhere[..., 0], elsewhere[..., 1])
    not_called = (inside + elsewhere).sum(-1)[..., None] - called
    hits, false_alarms = (called * true[..., 0, :]).sum(-2), (called * (1 - true[..., 0, :])).sum(-2)
    misses, rejections = (not_called * true[..., 1, :]).sum(-2), (not_called * (1 - true[..., 1, :])).sum(-2)
    sensitivity = _divide(hits, hits + misses, otherwise=1.0)
    specificity = _divide(rejections, rejections + false_alarms, otherwise=1.0)
    more = unreviewed.sum(-1)[..., None] * share(unreviewed[..., 0], unreviewed[..., 1])
    in_span = inside.sum((-1, -2)) + unreviewed.sum(-1)
    apparent = _divide(called_inside.sum(-2) + more, in_span[..., None], otherwise=0.0)
    windows = hits + false_alarms + misses + rejections
    ahead = apparent - (hits + false_alarms) / windows
    gain = sensitivity + specificity - 1
    # Without any gain the apparent share says nothing, unless it is the one that the reviews are of.
    shift = np.where(ahead == 0, 0.0, _divide(ahead, gain, otherwise=np.inf))
    return Corrected(np.clip((hits + misses) / windows + shift, 0, 1), sensitivity, specificity)


def possible(random: np.random.Generator, number: int) -> Share:
    """Draws `number` shares that counts leave possible: from the beta distribution, with Jeffreys' prior."""

    def draw(of: Counts, rest: Counts) -> Counts:
        return random.beta(of[..., None] + _JEFFREYS, rest[..., None] + _JEFFREYS, (*of.shape, number))

    return draw


def interval(shares: Counts) -> tuple[Counts, Counts]:
    """The ends of the 95 % interval over the last axis."""
    low, high = np.quantile(shares, _95_PERCENT, axis=-1)
    return np.asarray(low), np.asarray(high)


def _observed(of: Counts, rest: Counts) -> Counts:
    """The share that was counted; 0 of nothing, which has no weight."""
    return _divide(of, of + rest, otherwise=0.0)[..., None]


def _share_of_all(models: Sequence[Judged], not_asked: int, twice: Sequence[TwiceJudged], share: Share) -> Counts:
    judged = sum(model.in_span for model in models) - sum(pair.windows for pair in twice)
    asked = share(np.array(float(judged)), np.array(float(not_asked))) if not_asked else np.ones(1)
    if not judged:
        return asked
    found = {
        index: carry_through(*_arrays(model, model.usable()), share)
        for index, model in enumerate(models)
        if model.in_span
    }
    cleaned = np.sum([models[index].in_span * each.share for index, each in found.items()], axis=0)
    for pair in twice:
        first, second = (
            _share_of_verdict(models[index], found[index], called_cleaned=called)
            for index, called in zip(pair.models, pair.called_cleaned, strict=True)
        )
        cleaned = cleaned - pair.windows * first * second
    return np.asarray(asked * np.clip(cleaned / judged, 0, 1))


def _share_of_verdict(model: Judged, found: Corrected, *, called_cleaned: bool) -> Counts:
    """The share that was cleaned of the span's windows with one verdict of the model, by Bayes' rule."""
    called = model.called_cleaned / model.in_span
    if called_cleaned:
        return np.clip(_divide(found.sensitivity * found.share, np.asarray(called), otherwise=0.0), 0, 1)
    return np.clip(_divide((1 - found.sensitivity) * found.share, np.asarray(1 - called), otherwise=0.0), 0, 1)


def _estimate(follow: Callable[[Share], Counts]) -> Estimate:
    """The estimate by counts and formula, and the interval of what is possible, which holds it in any case."""
    value = float(follow(_observed).item())
    low, high = interval(follow(possible(np.random.default_rng(_SEED), _POSSIBLE)))
    return Estimate(value, min(value, float(low)), max(value, float(high)))


def _arrays(model: Judged, parts: Sequence[Part]) -> tuple[Counts, Counts]:
    """The input of `carry_through`: `parts` with their reviews, and the model's other windows in the span."""
    counts = [
        [[stratum.in_span, stratum.elsewhere, stratum.reviewed, stratum.cleaned] for stratum in part.strata]
        for part in parts
    ]
    others = [part for part in (model.complete, model.drawn, model.later) if part not in parts]
    unreviewed = [sum(part.strata[index].in_span for part in others) for index in (0, 1)]
    return np.array(counts, dtype=np.float64), np.array(unreviewed, dtype=np.float64)


def _divide(dividend: Counts, divisor: Counts, otherwise: float) -> Counts:
    """The quotient, and `otherwise` where the divisor is 0."""
    dividend, divisor = np.broadcast_arrays(dividend, divisor)
    quotient = np.full(divisor.shape, otherwise)
    np.divide(dividend, divisor, out=quotient, where=divisor != 0)
    return quotient
