"""Entry script: `python mm_worker/evaluate.py --db ./data/app.db` says how far the verdicts agree with people."""

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from backend_api.base.environment import require_environment  # noqa: E402

require_environment()

from collections.abc import Iterator, Sequence  # noqa: E402
from contextlib import closing  # noqa: E402

from backend_api.base.arguments import ArgumentParser  # noqa: E402
from backend_api.base.clock import SystemClock  # noqa: E402
from backend_api.base.database_address import add_database_flag  # noqa: E402
from backend_api.base.process import EXIT_DONE, FatalError, run_process  # noqa: E402
from backend_api.contract.stats import Estimate  # noqa: E402
from backend_api.reports.agreement import ModelScore, wilson  # noqa: E402
from backend_api.reports.reports import Reports  # noqa: E402
from backend_api.store.db.errors import StoreBusy, StoreFull  # noqa: E402
from backend_api.store.store import Store  # noqa: E402

# Hand hygiene watched by cameras, and by human auditors, against the truth: sensitivity and specificity.
# A. Singh et al., "Automatic detection of hand hygiene using computer vision technology", JAMIA 27 (2020), 1316-1320.
YARDSTICK = {"hand hygiene by camera": (0.921, 0.983), "hand hygiene by human auditors": (0.852, 0.994)}


def main() -> int:
    """Write the report to standard output. Raises UsageError, FatalError."""
    parser = ArgumentParser(
        description="Compare every model's verdicts with people's reviews: sensitivity (of what was cleaned), "
        "specificity (of what was not), Cohen's kappa, and how often the model could not tell, each with its 95 % "
        "interval, per model and prompt.",
        epilog="Exit codes: 0 done, 2 wrong use or configuration, 1 anything else.",
    )
    add_database_flag(parser, "the backend's database")
    options = parser.parse_args()
    with closing(Store.open(options.db, SystemClock(), create=False)) as store:
        try:
            scores = Reports(store).scores()
        except (StoreBusy, StoreFull) as error:
            raise FatalError(f"{error}; run it again when that is over") from error
    sys.stdout.write("\n".join(report(scores)) + "\n")
    return EXIT_DONE


def report(scores: Sequence[ModelScore]) -> Iterator[str]:
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
        yield f"  cannot tell  {_share(wilson(score.cannot_tell, score.events))}"
        yield ""
    yield "Yardstick (JAMIA 2020, hand hygiene):"
    for auditor, (sensitivity, specificity) in YARDSTICK.items():
        yield f"  {auditor}: sensitivity {sensitivity:.1%}, specificity {specificity:.1%}"


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
