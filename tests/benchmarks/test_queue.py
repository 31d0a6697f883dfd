"""How many jobs a second the worker's queue hands out and takes back, beside persist-queue at the same durability.

Both run with synchronous=FULL. Theirs commits twice a job, when it marks one as taken and as acknowledged. Ours claims
the next job with the result of the one before, as the worker does, and so waits for the disk once.
"""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import persistqueue

from backend_api.base.clock import SystemClock
from backend_api.contract.events import Event, EventType, make_event_id
from backend_api.store.store import Store
from tests.benchmarks.claiming import LEASE_S, RESULT
from tests.benchmarks.rounds import in_words, measure_in_turn, ratio

ROUNDS = 31
JOBS_A_ROUND = 60
# What PRAGMA synchronous answers.
FULL = 2


def make_attempts(count: int) -> list[Event]:
    begin = datetime(2026, 1, 31, 9, tzinfo=UTC)
    kind = EventType.CLEANING_ATTEMPT
    return [
        Event(
            event_id=make_event_id("bench", "cam_01", "bike_01", kind, begin + timedelta(seconds=number)),
            event_type=kind,
            store_id="bench",
            camera_id="cam_01",
            machine_id="bike_01",
            session_id=uuid4(),
            ts=begin + timedelta(seconds=number),
            media_time_s=number,
            confidence=0.9,
            needs_mm=True,
        )
        for number in range(count)
    ]


class Worker:
    """Takes jobs from the store and finishes them, one at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._clock = SystemClock()
        self._claim = store.enrichments.claim(LEASE_S)

    def work(self) -> float:
        """JOBS_A_ROUND jobs, one after another; jobs a second."""
        begin_s = self._clock.monotonic_s()
        for _ in range(JOBS_A_ROUND):
            assert self._claim is not None
            is_stored, self._claim = self._store.enrichments.finish_and_claim(self._claim, RESULT, LEASE_S)
            assert is_stored
        return JOBS_A_ROUND / (self._clock.monotonic_s() - begin_s)


def acknowledge(queue: persistqueue.SQLiteAckQueue) -> float:
    """Take and acknowledge JOBS_A_ROUND jobs, one after another; jobs a second."""
    clock = SystemClock()
    begin_s = clock.monotonic_s()
    for _ in range(JOBS_A_ROUND):
        queue.ack(queue.get(block=False))
    return JOBS_A_ROUND / (clock.monotonic_s() - begin_s)


def test_claims_and_acknowledgements(tmp_path: Path) -> None:
    attempts = make_attempts((ROUNDS + 1) * JOBS_A_ROUND)
    queue = persistqueue.SQLiteAckQueue(str(tmp_path / "queue"), multithreading=True)
    with closing(Store.open(tmp_path / "app.db", SystemClock(), create=True)) as store, closing(queue):
        store.events.add(attempts)
        for event in attempts:
            queue.put(event.model_dump_json())
        with store.database.write() as transaction:
            assert transaction.driver.execute("PRAGMA synchronous").fetchone() == (FULL,)
        assert queue._putter is not None
        assert queue._putter.execute("PRAGMA synchronous").fetchone() == (FULL,)
        worker = Worker(store)
        rates = measure_in_turn({"ours": worker.work, "persist-queue": lambda: acknowledge(queue)}, ROUNDS)
        assert store.enrichments.next_due_s() is None
    print(f"\nclaim and finish: {in_words(rates, 'ours', 'jobs')}")
    assert ratio(rates, "ours", "persist-queue") > 1
