"""A worker that asks nobody: it claims and finishes one question after another, so that the database is measured.

    python tests/benchmarks/claiming.py DATABASE QUESTIONS

answers WARM_UP questions, says `ready`, waits for a line, answers so many questions, and prints how many milliseconds
each claim took. A worker runs for days: neither its start nor its end is what is measured.
"""

import sys
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from backend_api.base.clock import SystemClock
from backend_api.contract.verdicts import MmResult, Verdict
from backend_api.store.store import Store

LEASE_S = 60.0
# psycopg prepares a statement when it comes for the sixth time, and PostgreSQL keeps its plan five times later.
WARM_UP = 12
RESULT = MmResult(
    verdict=Verdict.CLEANED,
    confidence=0.9,
    summary="Somebody wiped the seat.",
    model="mock",
    prompt_version="1",
    frame_times_s=(0.5, 1.5),
    latency_ms=1.0,
    raw=None,
)


def main() -> int:
    """Work as the command line says."""
    with closing(Store.open(sys.argv[1], SystemClock(), create=False)) as store:
        for _ in range(WARM_UP):
            answer(store)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        taken_s = [answer(store) for _ in range(int(sys.argv[2]))]
        sys.stdout.writelines(f"{1000 * each}\n" for each in taken_s)
        sys.stdout.flush()
    return 0


def answer(store: Store) -> float:
    """Claim and finish one question; the seconds of the claim."""
    clock = SystemClock()
    begin_s = clock.monotonic_s()
    claim = store.enrichments.claim(LEASE_S)
    taken_s = clock.monotonic_s() - begin_s
    assert claim is not None
    assert store.enrichments.finish(claim, RESULT)
    return taken_s


if __name__ == "__main__":
    sys.exit(main())
