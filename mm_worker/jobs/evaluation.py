"""Verdicts against people's reviews, for every model and prompt. Pure.

A review says whether one verdict is right, and so what was to be seen: "no" to cleaned means not cleaned. That truth
holds for every model that judged the event, whichever one was reviewed. "Unsure", and any opinion of a cannot_tell,
say nothing of what was to be seen. Of several reviews of an event the newest that says something counts.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from backend_api.contract.verdicts import Verdict
from backend_api.reports.agreement import Estimate, Table, wilson
from backend_api.store.verdict_history import Agree, Review, StoredResult, not_withdrawn

# Hand hygiene watched by cameras, and by human auditors, against the truth: sensitivity and specificity.
# A. Singh et al., "Automatic detection of hand hygiene using computer vision technology", JAMIA 27 (2020), 1316-1320.
YARDSTICK = {"hand hygiene by camera": (0.921, 0.983), "hand hygiene by human auditors": (0.852, 0.994)}

_OPPOSITE = {Verdict.CLEANED: Verdict.NOT_CLEANED, Verdict.NOT_CLEANED: Verdict.CLEANED}


@dataclass(frozen=True, slots=True)
class Score:
    """One model and prompt: its newest verdict on each of `events` events; `table` has those with a known truth."""

    model: str
    prompt_version: str
    events: int
    table: Table
    cannot_tell: Estimate


def evaluate(results: Iterable[StoredResult], reviews: Iterable[Review]) -> list[Score]:
    """The scores, by model and prompt; both are given the oldest first."""
    truths = known_truths(reviews)
    newest: dict[tuple[str, str], dict[UUID, Verdict]] = {}
    for stored in results:
        asked = (stored.result.model, stored.result.prompt_version)
        newest.setdefault(asked, {})[stored.event_id] = stored.result.verdict
    return [_score(*asked, verdicts, truths) for asked, verdicts in sorted(newest.items())]


def known_truths(reviews: Iterable[Review]) -> dict[UUID, Verdict]:
    """What was to be seen at each event, cleaned or not_cleaned, as far as people say; oldest review first."""
    truths = {}
    for review in not_withdrawn(reviews):
        if review.verdict in _OPPOSITE and review.agree is not Agree.UNSURE:
            truths[review.event_id] = review.verdict if review.agree is Agree.YES else _OPPOSITE[review.verdict]
    return truths


def _score(model: str, prompt_version: str, verdicts: Mapping[UUID, Verdict], truths: Mapping[UUID, Verdict]) -> Score:
    pairs = Counter((truths[event_id], verdict) for event_id, verdict in verdicts.items() if event_id in truths)
    table = Table(
        hits=pairs[Verdict.CLEANED, Verdict.CLEANED],
        misses=pairs[Verdict.CLEANED, Verdict.NOT_CLEANED],
        false_alarms=pairs[Verdict.NOT_CLEANED, Verdict.CLEANED],
        rejections=pairs[Verdict.NOT_CLEANED, Verdict.NOT_CLEANED],
    )
    count = sum(verdict is Verdict.CANNOT_TELL for verdict in verdicts.values())
    cannot_tell = wilson(count, len(verdicts))
    if cannot_tell is None:
        raise ValueError("a model without verdicts has no score")
    return Score(model, prompt_version, len(verdicts), table, cannot_tell)
