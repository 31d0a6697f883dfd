"""A worker that asks nobody: it claims and finishes one question after another, so that the database is measured.

    python tests/benchmarks/claiming.py DATABASE QUESTIONS

says `ready`, waits for a line, answers so many questions, and prints how many milliseconds each claim took.
"""

import sys
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from backend_api.base.clock import SystemClock
from backend_api.contract.verdicts import MmResult, Verdict
from backend_api.store.store import Store

LEASE_S = 60.0
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
    clock = SystemClock()
    with closing(Store.open(sys.argv[1], clock, create=False)) as store:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        for _ in range(int(sys.argv[2])):
            begin_s = clock.monotonic_s()
            claim = store.enrichments.claim(LEASE_S)
            sys.stdout.write(f"{1000 * (clock.monotonic_s() - begin_s)}\n")
            assert claim is not None
            assert store.enrichments.finish(claim, RESULT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
