"""Which verdicts to review next, so that the corrected figure's interval narrows most. Pure.

Each model and prompt version has a seed, which gives every event a number that nobody can foresee and that never
changes (permanent random numbers: E. Ohlsson in "Business Survey Methods", 1995). Of each verdict those with the least
numbers are proposed. So the proposed ones are a random sample of all that there are, also when more come later: these
find their place in the same order, and come first where they lie before what was proposed already.

Among verdicts the next reviews are given, one after the other, to the one that narrows the interval most: by sampling
variance (J. Neyman, J. R. Stat. Soc. 97, 1934), in whole numbers (T. Wright, Stat. Probab. Lett. 82, 2012), after what
it takes to give a figure at all.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from uuid import UUID

from backend_api.contract.verdicts import Verdict
from backend_api.reports.correction import Part, Stratum


@dataclass(frozen=True, slots=True)
class Allocation:
    """How many more reviews of each verdict."""

    cleaned: int
    not_cleaned: int

    @property
    def number(self) -> int:
        """All of them."""
        return self.cleaned + self.not_cleaned

    def of(self, verdict: Verdict) -> int:
        """How many of `verdict`; 0 of one that says nothing."""
        return {Verdict.CLEANED: self.cleaned, Verdict.NOT_CLEANED: self.not_cleaned}.get(verdict, 0)


def order_of(event_id: UUID, seed: str) -> str:
    """The event's place among all: the lesser in the order of text, the sooner it is proposed."""
    return sha256(f"{seed}:{event_id}".encode()).hexdigest()


def draw(candidates: Iterable[UUID], seed: str, number: int) -> list[UUID]:
    """The first `number` of `candidates`, or all, in the order in which they are proposed."""
    return sorted(candidates, key=lambda event_id: order_of(event_id, seed))[:number]


def allocate(part: Part, number: int) -> Allocation:
    """How to spread the next `number` reviews, or as many as there are windows left."""
    drawn = [stratum.reviewed for stratum in part.strata]
    for _ in range(number):
        worth = [_worth(part, index, drawn[index]) for index in (0, 1)]
        best = max((0, 1), key=lambda index: worth[index])
        if worth[best] <= (0, 0.0):
            break
        drawn[best] += 1
    first, second = (round(drawn[index] - stratum.reviewed) for index, stratum in enumerate(part.strata))
    return Allocation(first, second)


def expect(part: Part, more: Allocation) -> Part:
    """`part` as it is to be expected when `more` of its windows are reviewed, if they go on as those before."""
    return Part(_grown(part.cleaned, more.cleaned), _grown(part.not_cleaned, more.not_cleaned))


def _worth(part: Part, index: int, drawn: float) -> tuple[int, float]:
    """The worth of one more review of a verdict, of which `drawn` are there: first what is missing, then variance."""
    stratum = part.strata[index]
    if drawn + 1 > stratum.windows:
        return 0, 0.0
    weight, share = stratum.windows / part.windows, _share(stratum)
    variance = weight**2 * share * (1 - share)
    return int(drawn < part.needed()[index]), variance / ((drawn + 0.5) * (drawn + 1.5))


def _grown(stratum: Stratum, more: int) -> Stratum:
    cleaned = stratum.cleaned + more * _share(stratum)
    return replace(stratum, reviewed=stratum.reviewed + more, cleaned=cleaned)


def _share(stratum: Stratum) -> float:
    """The share that was cleaned, with Jeffreys' prior: a half of nothing, and never quite 0 or 1."""
    return (stratum.cleaned + 0.5) / (stratum.reviewed + 1)
