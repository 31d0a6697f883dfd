"""How far verdicts agree with people, for every model and prompt: the one reading of what a review says.

A review says whether one verdict is right, and so what was to be seen: "no" to cleaned means not cleaned. Of several
reviews of one verdict the latest counts, unless it was withdrawn. "Unsure", and any opinion of a cannot_tell, say
nothing of what was to be seen. The newest review that says something tells the event's truth, which holds for every
model that judged the event, whichever one was reviewed. Of each model and prompt the newest verdict on an event counts.
Nothing counts of a use that was none, as people say: nobody was there to be judged.

Proportions and Cohen's kappa come with their 95 % intervals. "Positive" is cleaned.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import starmap
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, select

from backend_api.contract.stats import Estimate, ModelAgreement
from backend_api.contract.verdicts import Agree, StoredReview, Verdict
from backend_api.store.db.tables import events, results, reviews
from backend_api.store.event_rows import IS_VISIBLE, is_of_a_use
from backend_api.store.verdict_history import not_withdrawn, to_review

# The 97.5th percentile of the normal distribution.
_Z = 1.959963984540054
# Rounding leaves up to 1e-9 of it; a single review among a million that differs makes 1e-6.
_NO_VARIANCE = 1e-8


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


_REVIEWS = (
    select(events.c.event_id, reviews)
    .select_from(reviews.join(events))
    .where(IS_VISIBLE, is_of_a_use(events.c.seq))
    .order_by(reviews.c.id)
)
_GIVEN = (
    select(events.c.event_id, *results.c["model", "prompt_version", "verdict"])
    .select_from(results.join(events))
    .where(IS_VISIBLE, is_of_a_use(events.c.seq))
    .order_by(results.c.id)
)
_IS_REVIEWED = results.c.seq.in_(select(reviews.c.seq))
_OPPOSITE = {Verdict.CLEANED: Verdict.NOT_CLEANED, Verdict.NOT_CLEANED: Verdict.CLEANED}


class GivenVerdict(NamedTuple):
    """A verdict as it was given on an event by a model that was asked with a prompt."""

    event_id: str
    model: str
    prompt_version: str
    verdict: str


@dataclass(frozen=True, slots=True)
class ModelScore:
    """One model and prompt: its newest verdict on each of `events` events, `cannot_tell` of which could not tell.

    Of the events that somebody reviewed, `table` has those with a known truth, where the model could tell; on `unsure`
    nobody says what was to be seen, on `reviewed_cannot_tell` the model could not tell.
    """

    model: str
    prompt_version: str
    events: int
    cannot_tell: int
    table: Table
    unsure: int
    reviewed_cannot_tell: int

    @property
    def is_reviewed(self) -> bool:
        """Whether people say anything of what it judged."""
        return self.table.count + self.unsure + self.reviewed_cannot_tell > 0

    def agreement(self) -> ModelAgreement:
        """As the API answers it."""
        table = self.table
        return ModelAgreement(
            model=self.model,
            prompt_version=self.prompt_version,
            agreed=table.hits + table.rejections,
            disagreed=table.misses + table.false_alarms,
            unsure=self.unsure,
            cannot_tell=self.reviewed_cannot_tell,
            agreement=wilson(table.hits + table.rejections, table.count),
            sensitivity=table.sensitivity(),
            specificity=table.specificity(),
            kappa=table.kappa(),
        )


def known_truths(reviews: Iterable[StoredReview]) -> dict[str, Verdict | None]:
    """The truth of each reviewed event by its id, as far as people say: cleaned, not_cleaned, or None, unknown.

    `reviews` come the oldest first.
    """
    # In the order in which each verdict's latest review came.
    latest: dict[tuple[str, str, str], StoredReview] = {}
    for review in not_withdrawn(reviews):
        of = (str(review.event_id), review.model, review.prompt_version)
        latest.pop(of, None)
        latest[of] = review
    truths: dict[str, Verdict | None] = {}
    for (event_id, _, _), review in latest.items():
        truths.setdefault(event_id, None)
        if review.verdict in _OPPOSITE and review.agree is not Agree.UNSURE:
            truths[event_id] = review.verdict if review.agree is Agree.YES else _OPPOSITE[review.verdict]
    return truths


def score(given: Iterable[GivenVerdict], reviews: Iterable[StoredReview]) -> list[ModelScore]:
    """The scores, by model and prompt version; both are given the oldest first. Pure."""
    truths = known_truths(reviews)
    newest: dict[tuple[str, str], dict[str, str]] = {}
    for event_id, model, prompt_version, verdict in given:
        newest.setdefault((model, prompt_version), {})[event_id] = verdict
    return [_score(*asked, verdicts, truths) for asked, verdicts in sorted(newest.items())]


def read_scores(connection: Connection, *, reviewed_alone: bool) -> list[ModelScore]:
    """`score` of everything that is stored; `reviewed_alone` leaves out models of whose events nobody reviewed any."""
    said = [to_review(UUID(row.event_id), row) for row in connection.execute(_REVIEWS)]
    given = connection.execute(_GIVEN.where(_IS_REVIEWED) if reviewed_alone else _GIVEN)
    scores = score(starmap(GivenVerdict, given), said)
    return [found for found in scores if found.is_reviewed] if reviewed_alone else scores


def _score(
    model: str, prompt_version: str, verdicts: Mapping[str, str], truths: Mapping[str, Verdict | None]
) -> ModelScore:
    pairs = Counter((truths[event_id], verdict) for event_id, verdict in verdicts.items() if event_id in truths)
    reviewed_cannot_tell = sum(count for (_, verdict), count in pairs.items() if verdict == Verdict.CANNOT_TELL)
    return ModelScore(
        model,
        prompt_version,
        events=len(verdicts),
        cannot_tell=sum(verdict == Verdict.CANNOT_TELL for verdict in verdicts.values()),
        table=Table(
            hits=pairs[Verdict.CLEANED, Verdict.CLEANED],
            misses=pairs[Verdict.CLEANED, Verdict.NOT_CLEANED],
            false_alarms=pairs[Verdict.NOT_CLEANED, Verdict.CLEANED],
            rejections=pairs[Verdict.NOT_CLEANED, Verdict.NOT_CLEANED],
        ),
        unsure=sum(pairs[None, verdict] for verdict in _OPPOSITE),
        reviewed_cannot_tell=reviewed_cannot_tell,
    )


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
