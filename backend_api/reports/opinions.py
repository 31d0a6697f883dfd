"""How far people agree with each model and prompt, from their reviews. Pure.

A review of "cleaned" that disagrees says that nobody cleaned, and the other way round: that is the truth against which
verdicts are counted. Of several reviews of one verdict the latest counts, unless it was withdrawn. Nothing follows from
those that are unsure, nor from those of a verdict that could not tell.
"""

from collections.abc import Iterable
from uuid import UUID

from backend_api.contract.agreement import Interval, ModelAgreement
from backend_api.contract.verdicts import Agree, StoredReview, Verdict
from backend_api.reports.agreement import Estimate, Table, wilson
from backend_api.store.verdict_history import not_withdrawn

_OPPOSITE = {Verdict.CLEANED: Verdict.NOT_CLEANED, Verdict.NOT_CLEANED: Verdict.CLEANED}


def known_truths(reviews: Iterable[StoredReview]) -> dict[UUID, Verdict]:
    """The truth of each event, cleaned or not_cleaned, as far as people say; `reviews` come oldest first."""
    truths = {}
    for review in not_withdrawn(reviews):
        if review.verdict in _OPPOSITE and review.agree is not Agree.UNSURE:
            truths[review.event_id] = review.verdict if review.agree is Agree.YES else _OPPOSITE[review.verdict]
    return truths


def measure_agreement(reviews: Iterable[StoredReview]) -> list[ModelAgreement]:
    """The agreement by model and prompt version, in their order; `reviews` come the oldest first."""
    latest = {(review.model, review.prompt_version, review.event_id): review for review in not_withdrawn(reviews)}
    groups: dict[tuple[str, str], list[StoredReview]] = {}
    for (model, prompt_version, _), review in latest.items():
        groups.setdefault((model, prompt_version), []).append(review)
    return [_measure(model, prompt_version, groups[model, prompt_version]) for model, prompt_version in sorted(groups)]


def _measure(model: str, prompt_version: str, reviews: list[StoredReview]) -> ModelAgreement:
    decided = [review for review in reviews if review.verdict is not Verdict.CANNOT_TELL]
    pairs = [(review.verdict, review.agree) for review in decided]
    table = Table(
        hits=pairs.count((Verdict.CLEANED, Agree.YES)),
        misses=pairs.count((Verdict.NOT_CLEANED, Agree.NO)),
        false_alarms=pairs.count((Verdict.CLEANED, Agree.NO)),
        rejections=pairs.count((Verdict.NOT_CLEANED, Agree.YES)),
    )
    return ModelAgreement(
        model=model,
        prompt_version=prompt_version,
        agreed=table.hits + table.rejections,
        disagreed=table.misses + table.false_alarms,
        unsure=len(decided) - table.count,
        cannot_tell=len(reviews) - len(decided),
        agreement=_interval(wilson(table.hits + table.rejections, table.count)),
        sensitivity=_interval(table.sensitivity()),
        specificity=_interval(table.specificity()),
        kappa=_interval(table.kappa()),
    )


def _interval(estimate: Estimate | None) -> Interval | None:
    return None if estimate is None else Interval(value=estimate.value, low=estimate.low, high=estimate.high)
