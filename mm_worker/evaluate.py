"""Entry script: `python mm_worker/evaluate.py --db ./data/app.db` says how far the verdicts agree with people.

A review says whether one verdict is right, and so what was to be seen: "no" to cleaned means not cleaned. That truth
holds for every model that judged the event, whichever one was reviewed. "Unsure", and any opinion of a cannot_tell,
say nothing of what was to be seen. Of several reviews of an event the newest that says something counts.
"""

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from backend_api.base.environment import require_environment  # noqa: E402

require_environment()

from collections import Counter  # noqa: E402
from collections.abc import Iterable, Iterator, Mapping, Sequence  # noqa: E402
from contextlib import closing  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from uuid import UUID  # noqa: E402

from backend_api.base.arguments import ArgumentParser  # noqa: E402
from backend_api.base.clock import SystemClock  # noqa: E402
from backend_api.base.process import EXIT_DONE, REPOSITORY, FatalError, run_process  # noqa: E402
from backend_api.contract.verdicts import StoredReview, Verdict  # noqa: E402
from backend_api.reports.agreement import Estimate, Table, wilson  # noqa: E402
from backend_api.reports.opinions import known_truths  # noqa: E402
from backend_api.store.errors import StoreBusy, StoreFull  # noqa: E402
from backend_api.store.store import Store  # noqa: E402
from backend_api.store.verdict_history import StoredResult  # noqa: E402

# Hand hygiene watched by cameras, and by human auditors, against the truth: sensitivity and specificity.
# A. Singh et al., "Automatic detection of hand hygiene using computer vision technology", JAMIA 27 (2020), 1316-1320.
YARDSTICK = {"hand hygiene by camera": (0.921, 0.983), "hand hygiene by human auditors": (0.852, 0.994)}


@dataclass(frozen=True, slots=True)
class Score:
    """One model and prompt: its newest verdict on each of `events` events; `table` has those with a known truth."""

    model: str
    prompt_version: str
    events: int
    table: Table
    cannot_tell: Estimate


def main() -> int:
    """Write the report to standard output. Raises UsageError, FatalError."""
    parser = ArgumentParser(
        description="Compare every model's verdicts with people's reviews: sensitivity (of what was cleaned), "
        "specificity (of what was not), Cohen's kappa, and how often the model could not tell, each with its 95 % "
        "interval, per model and prompt.",
        epilog="Exit codes: 0 done, 2 wrong use or configuration, 1 anything else.",
    )
    parser.add_argument(
        "--db",
        default=str(REPOSITORY / "data" / "app.db"),
        metavar="FILE",
        help="the backend's database (default: %(default)s)",
    )
    options = parser.parse_args()
    with closing(Store.open(options.db, SystemClock(), create=False)) as store:
        try:
            scores = evaluate(store.results.history(), store.reviews.history())
        except (StoreBusy, StoreFull) as error:
            raise FatalError(f"{error}; run it again when that is over") from error
    sys.stdout.write("\n".join(report(scores)) + "\n")
    return EXIT_DONE


def evaluate(results: Iterable[StoredResult], reviews: Iterable[StoredReview]) -> list[Score]:
    """The scores, by model and prompt; both are given the oldest first."""
    truths = known_truths(reviews)
    newest: dict[tuple[str, str], dict[UUID, Verdict]] = {}
    for stored in results:
        asked = (stored.result.model, stored.result.prompt_version)
        newest.setdefault(asked, {})[stored.event_id] = stored.result.verdict
    return [_score(*asked, verdicts, truths) for asked, verdicts in sorted(newest.items())]


def report(scores: Sequence[Score]) -> Iterator[str]:
    """The lines of the report."""
    if not scores:
        yield "There are no verdicts yet: start the worker, and the edge before it."
    for score in scores:
        table = score.table
        yield f"{score.model}, prompt {score.prompt_version}"
        yield f"  verdicts     {score.events}, of which reviewed and decided: {table.count}"
        yield f"  sensitivity  {_share(table.sensitivity())}  ({table.hits} of {table.hits + table.misses} cleaned)"
        negatives = table.rejections + table.false_alarms
        yield f"  specificity  {_share(table.specificity())}  ({table.rejections} of {negatives} not cleaned)"
        yield f"  kappa        {_number(table.kappa())}"
        yield f"  cannot tell  {_share(score.cannot_tell)}"
        yield ""
    yield "Yardstick (JAMIA 2020, hand hygiene):"
    for auditor, (sensitivity, specificity) in YARDSTICK.items():
        yield f"  {auditor}: sensitivity {sensitivity:.1%}, specificity {specificity:.1%}"


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


def _share(estimate: Estimate | None) -> str:
    if estimate is None:
        return "unknown: nothing reviewed"
    return f"{estimate.value:.1%} [{estimate.low:.1%}, {estimate.high:.1%}]"


def _number(estimate: Estimate | None) -> str:
    if estimate is None:
        return "unknown: too little reviewed"
    return f"{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"


if __name__ == "__main__":
    run_process(main)
