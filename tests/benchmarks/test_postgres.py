"""PostgreSQL beside SQLite and beside the framework's limit, all on the same cores and the same disk."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import islice
from pathlib import Path

import psycopg
import pytest

from backend_api.base.clock import SystemClock
from backend_api.contract.events import MAX_BATCH_LINES
from backend_api.store.store import Store
from tests.benchmarks.claiming import WARM_UP
from tests.benchmarks.rounds import in_words, measure_in_turn, ratio
from tests.benchmarks.test_ingest import (
    EVENTS_A_ROUND,
    ROUNDS,
    Poster,
    backend_command,
    flush,
    make_bodies,
    peer_command,
    served,
)
from tests.benchmarks.test_queue import make_attempts
from tests.chaos.chain import Cluster, temporary_cluster
from tests.processes import Running, eventually, free_port, script

BATCH_ROUNDS, BATCHES_A_ROUND = 15, 3
QUESTIONS = 640
CLAIM_ROUNDS = 5
AT_MOST_MS = 100.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A server of these benchmarks alone, which waits for its disk as SQLite does."""
    with temporary_cluster("log_min_messages=fatal") as cluster, Running(cluster.command, cwd=Path("/")):
        eventually(cluster.answers, "PostgreSQL answers")
        yield cluster


def new_database(cluster: Cluster, name: str) -> str:
    with closing(psycopg.connect(cluster.base, autocommit=True)) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
    return f"postgresql://gym@127.0.0.1:{cluster.port}/{name}"


def postgres_command(url: str, folder: Path, port: int) -> list[str]:
    flags = ["--db", url, "--media-dir", str(folder / "media"), "--port", str(port)]
    return [*script("backend_api/main.py"), *flags]


def test_single_events(cluster: Cluster, tmp_path: Path) -> None:
    """All three behind the same server, which takes most of the time."""
    bodies = make_bodies((ROUNDS + 1) * EVENTS_A_ROUND)
    ports = [free_port() for _ in range(3)]
    (tmp_path / "file").mkdir()
    with ExitStack() as stack:
        command = postgres_command(new_database(cluster, "single"), tmp_path, ports[0])
        stack.enter_context(served(command, ports[0]))
        stack.enter_context(served(backend_command(tmp_path / "file", ports[1]), ports[1]))
        stack.enter_context(served(peer_command("no_op_api.py", str(ports[2])), ports[2]))
        ours, file, no_op = (Poster(port, bodies) for port in ports)
        rates = measure_in_turn(
            {
                "ours": lambda: ours.post(EVENTS_A_ROUND),
                "SQLite": lambda: file.post(EVENTS_A_ROUND),
                "no-op": lambda: no_op.post(EVENTS_A_ROUND),
            },
            ROUNDS,
        )
    print(f"\nPOST /events on PostgreSQL: {in_words(rates, 'ours', 'events')}")
    assert (ours.refused, file.refused, no_op.refused) == (0, 0, 0)
    assert ratio(rates, "ours", "SQLite") >= 0.5
    assert ratio(rates, "ours", "no-op") >= 0.3


def test_a_flushed_outbox(cluster: Cluster, tmp_path: Path) -> None:
    bodies = make_bodies((BATCH_ROUNDS + 1) * BATCHES_A_ROUND * MAX_BATCH_LINES)
    batches = [b"\n".join(bodies[at : at + MAX_BATCH_LINES]) for at in range(0, len(bodies), MAX_BATCH_LINES)]
    ports = [free_port(), free_port()]
    (tmp_path / "file").mkdir()
    with ExitStack() as stack:
        command = postgres_command(new_database(cluster, "batches"), tmp_path, ports[0])
        stack.enter_context(served(command, ports[0]))
        stack.enter_context(served(backend_command(tmp_path / "file", ports[1]), ports[1]))
        ours, file = iter(batches), iter(batches)
        rates = measure_in_turn(
            {
                "ours": lambda: flush(ports[0], list(islice(ours, BATCHES_A_ROUND))),
                "SQLite": lambda: flush(ports[1], list(islice(file, BATCHES_A_ROUND))),
            },
            BATCH_ROUNDS,
        )
    print(f"\n/events/batch on PostgreSQL: {in_words(rates, 'ours', 'rows')}")
    assert ratio(rates, "ours", "SQLite") >= 0.35


def claim_all(url: str, workers: int) -> tuple[float, list[float]]:
    """Questions a second of so many workers together, and the milliseconds of each claim."""
    clock = SystemClock()
    command = [sys.executable, str(Path(__file__).with_name("claiming.py")), url, str(QUESTIONS // workers)]
    with ExitStack() as stack:
        running = [
            stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            for _ in range(workers)
        ]
        for one in running:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        begin_s = clock.monotonic_s()
        for one in running:
            assert one.stdin is not None
            one.stdin.write("\n")
            one.stdin.flush()
        taken_ms = [
            float(line)
            for one in running
            if one.stdout is not None
            for line in islice(one.stdout, QUESTIONS // workers)
        ]
        rate = len(taken_ms) / (clock.monotonic_s() - begin_s)
    assert len(taken_ms) == QUESTIONS // workers * workers
    return rate, taken_ms


def test_workers_share_the_queue(cluster: Cluster) -> None:
    url = new_database(cluster, "queue")
    waits_ms: list[float] = []

    def work(workers: int) -> float:
        rate, taken_ms = claim_all(url, workers)
        if workers == 8:
            waits_ms.extend(taken_ms)
        return rate

    with closing(Store.open(url, SystemClock(), create=True)) as store:
        attempts = make_attempts((CLAIM_ROUNDS + 1) * (3 * QUESTIONS + (1 + 4 + 8) * WARM_UP))
        for start in range(0, len(attempts), MAX_BATCH_LINES):
            store.events.add(attempts[start : start + MAX_BATCH_LINES])
    peers = {"1 worker": lambda: work(1), "4 workers": lambda: work(4), "8 workers": lambda: work(8)}
    rates = measure_in_turn(peers, CLAIM_ROUNDS)
    p99_ms = sorted(waits_ms)[int(len(waits_ms) * 0.99)]
    print(f"\nclaim and finish on PostgreSQL, 4 workers: {in_words(rates, '4 workers', 'jobs')}; ", end="")
    print(f"a claim beside 7 others: p99 {p99_ms:.0f} ms, slowest {max(waits_ms):.0f} ms")
    assert ratio(rates, "4 workers", "1 worker") >= 1.3
    assert p99_ms <= AT_MOST_MS
