"""How many jobs a second the worker's queue hands out and takes back, beside persist-queue at the same durability."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import persistqueue

from backend_api.clock import SystemClock
from backend_api.contract import Event, EventType, make_event_id
from backend_api.contract_verdicts import MmResult, Verdict
from backend_api.store import Store

JOBS = 2000
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


def store_jobs_per_s(db: Path) -> float:
    clock = SystemClock()
    store = Store.open(db, clock, create=True)
    try:
        for at in range(0, JOBS, 500):
            store.add(make_attempts(JOBS)[at : at + 500])
        begin_s = clock.monotonic_s()
        done = 0
        while claim := store.claim(lease_s=60.0):
            assert store.finish(claim, RESULT)
            done += 1
        elapsed_s = clock.monotonic_s() - begin_s
    finally:
        store.close()
    assert done == JOBS
    return done / elapsed_s


def persist_queue_jobs_per_s(folder: Path) -> float:
    clock = SystemClock()
    queue = persistqueue.SQLiteAckQueue(str(folder), multithreading=True)
    for connection in (queue._getter, queue._putter):
        assert connection is not None
        connection.execute("PRAGMA synchronous=FULL")
    for event in make_attempts(JOBS):
        queue.put(event.model_dump_json())
    begin_s = clock.monotonic_s()
    for _ in range(JOBS):
        queue.ack(queue.get(block=False))
    elapsed_s = clock.monotonic_s() - begin_s
    queue.close()
    return JOBS / elapsed_s


def test_claims_and_acknowledgements(tmp_path: Path) -> None:
    ours, theirs = store_jobs_per_s(tmp_path / "app.db"), persist_queue_jobs_per_s(tmp_path / "queue")
    print(f"\nclaim and finish: {ours:.0f} jobs/s, persist-queue {theirs:.0f} jobs/s ({ours / theirs:.2f} times)")
    assert ours > theirs
