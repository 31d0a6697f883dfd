"""How well verdicts agree with people: proportions and Cohen's kappa, each with its 95 % interval. Pure.

"Positive" is cleaned. Only verdicts that say cleaned or not_cleaned can be right or wrong.
"""

import math
from dataclasses import dataclass

# The 97.5th percentile of the normal distribution.
_Z = 1.959963984540054
# Rounding leaves up to 1e-9 of it; a single review among a million that differs makes 1e-6.
_NO_VARIANCE = 1e-8


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value between the ends of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Table:
    """Counts of verdicts against the truth: `hits` and `misses` are of what was cleaned.

    `false_alarms` were called cleaned and were not; `rejections` were neither.
    """

    hits: int = 0
    misses: int = 0
    false_alarms: int = 0
    rejections: int = 0

    @property
    def count(self) -> int:
        """Of all verdicts in it."""
        return self.hits + self.misses + self.false_alarms + self.rejections

    def sensitivity(self) -> Estimate | None:
        """The share of what was cleaned that is called so; None when nothing was."""
        return wilson(self.hits, self.hits + self.misses)

    def specificity(self) -> Estimate | None:
        """The share of what was not cleaned that is called so; None when everything was."""
        return wilson(self.rejections, self.rejections + self.false_alarms)

    def kappa(self) -> Estimate | None:
        """Cohen's kappa, agreement beyond chance; None when chance alone would make everything agree."""
        return kappa(((self.hits, self.misses), (self.false_alarms, self.rejections)))


def wilson(successes: int, count: int) -> Estimate | None:
    """The share of `successes` with the score interval of E. B. Wilson (1927); None when `count` is 0.

    In the form of Newcombe, "Two-sided confidence intervals for the single proportion", Stat. Med. 17 (1998), method 3.
    """
    if count == 0:
        return None
    share = successes / count
    middle = 2 * successes + _Z**2
    half = _Z * math.sqrt(_Z**2 + 4 * successes * (1 - share))
    scale = 2 * (count + _Z**2)
    return Estimate(share, max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale))


def kappa(counts: tuple[tuple[int, int], tuple[int, int]]) -> Estimate | None:
    """Cohen's kappa of two raters; `counts[i][j]` is how often one said i and the other j. None when undefined.

    The interval is kappa +- 1.96 standard errors, cut to -1..1, by the large-sample formula of Fleiss, Cohen and
    Everitt, "Large sample standard errors of kappa and weighted kappa", Psychol. Bull. 72 (1969). Where all agree, or a
    rater always says the same, that formula gives no width at all, however few were rated: then the interval is that of
    the observed agreement by Wilson, chance agreement taken as it is.
    """
    total = sum(map(sum, counts))
    if total == 0:
        return None
    shares = [[cell / total for cell in row] for row in counts]
    rows = [sum(row) for row in shares]
    columns = [sum(column) for column in zip(*shares, strict=True)]
    observed = shares[0][0] + shares[1][1]
    expected = sum(row * column for row, column in zip(rows, columns, strict=True))
    if math.isclose(expected, 1.0):
        return None
    value = (observed - expected) / (1 - expected)
    variance = _kappa_variance(shares, rows, columns)
    if variance < _NO_VARIANCE:
        agreed = wilson(counts[0][0] + counts[1][1], total)
        ends = (agreed.low, agreed.high) if agreed else (0.0, 1.0)
        low, high = ((end - expected) / (1 - expected) for end in ends)
    else:
        half = _Z * math.sqrt(variance / total)
        low, high = value - half, value + half
    return Estimate(value, max(-1.0, low), min(1.0, high))


def _kappa_variance(shares: list[list[float]], rows: list[float], columns: list[float]) -> float:
    """Of one rated thing."""
    observed = shares[0][0] + shares[1][1]
    expected = sum(row * column for row, column in zip(rows, columns, strict=True))
    on = sum(shares[i][i] * ((1 - expected) - (rows[i] + columns[i]) * (1 - observed)) ** 2 for i in (0, 1))
    off = (1 - observed) ** 2 * sum(shares[i][1 - i] * (columns[i] + rows[1 - i]) ** 2 for i in (0, 1))
    return (on + off - (observed * expected - 2 * expected + observed) ** 2) / (1 - expected) ** 4
