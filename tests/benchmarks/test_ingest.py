"""How fast events become durable, beside the textbook, the framework's own limit, and the disk's."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from uuid import uuid4

from backend_api.clock import SystemClock
from backend_api.contract import MAX_BATCH_LINES, Event, EventType, make_event_id
from backend_api.store import Store
from tests.benchmarks.load import post_all
from tests.processes import Running, free_port, script

CLIENTS = 16
ROUNDS = 3
BATCHED = 100_000
ATTEMPT = EventType.CLEANING_ATTEMPT.value
INSERT_EVENT = (
    "INSERT INTO events (seq, event_id, event_type, store_id, camera_id, machine_id, session_id, ts_ms,"
    " received_at_ms, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
INSERT_ENRICHMENT = (
    "INSERT INTO enrichments (seq, ts_ms, status, attempts, token, due_ms, changed_at_ms)"
    " VALUES (?, ?, 'PENDING', 0, 0, 0, 0)"
)


def make_bodies(count: int) -> list[bytes]:
    """Distinct events as JSON; every fourth waits for the model."""
    begin = datetime(2026, 1, 31, 9, tzinfo=UTC)
    session_id = uuid4()
    bodies = []
    for number in range(count):
        kind = list(EventType)[number % 4]
        ts = begin + timedelta(milliseconds=number)
        event = Event(
            event_id=make_event_id("bench", "cam_01", "bike_01", kind, ts),
            event_type=kind,
            store_id="bench",
            camera_id="cam_01",
            machine_id="bike_01",
            session_id=session_id,
            ts=ts,
            media_time_s=number / 1000,
            track_id=1,
            confidence=0.9,
            needs_mm=kind is EventType.CLEANING_ATTEMPT,
            clip_error="measured without clips",
        )
        bodies.append(event.model_dump_json().encode())
    return bodies


@contextmanager
def served(command: list[str], port: int) -> Iterator[int]:
    """A server in a process of its own, for the length of a `with`; gives its port."""
    with Running(command) as running:
        running.wait_for(f"127.0.0.1:{port}")
        yield port


def peer_command(name: str, *arguments: str) -> list[str]:
    return [sys.executable, str(Path(__file__).with_name("peers") / name), *arguments]


def backend_command(folder: Path, port: int) -> list[str]:
    flags = ["--db", str(folder / "app.db"), "--media-dir", str(folder / "media"), "--port", str(port)]
    return [*script("backend_api/main.py"), *flags]


def events_per_s(command: list[str], port: int, bodies: list[bytes]) -> float:
    with served(command, port):
        return post_all(port, "/events", bodies, clients=CLIENTS, content_type="application/json")


def test_single_events(tmp_path: Path) -> None:
    port = free_port()
    rates: dict[str, list[float]] = {"ours": [], "no-op": [], "textbook": []}
    # In turn, because the speed of a disk drifts; the median of each, because it jumps.
    for number in range(ROUNDS):
        folder = tmp_path / str(number)
        folder.mkdir()
        rates["ours"].append(events_per_s(backend_command(folder, port), port, make_bodies(3000)))
        rates["no-op"].append(events_per_s(peer_command("no_op_api.py", str(port)), port, make_bodies(3000)))
        textbook_command = peer_command("textbook_api.py", str(port), str(folder / "textbook.db"))
        rates["textbook"].append(events_per_s(textbook_command, port, make_bodies(1000)))
    ours, no_op, textbook = (median(rates[name]) for name in ("ours", "no-op", "textbook"))
    print(
        f"\nPOST /events, {CLIENTS} clients: {ours:.0f}/s, textbook {textbook:.0f}/s ({ours / textbook:.1f} times), "
        f"framework's no-op {no_op:.0f}/s ({ours / no_op:.2f} of it)"
    )
    assert ours >= 10 * textbook
    assert ours >= 0.5 * no_op


def test_a_flushed_outbox(tmp_path: Path) -> None:
    bodies = make_bodies(BATCHED)
    batches = [b"\n".join(bodies[at : at + MAX_BATCH_LINES]) for at in range(0, BATCHED, MAX_BATCH_LINES)]
    port = free_port()
    with served(backend_command(tmp_path, port), port):
        ours = MAX_BATCH_LINES * post_all(
            port, "/events/batch", batches, clients=1, content_type="application/x-ndjson"
        )
    raw = raw_rows_per_s(tmp_path / "raw.db", bodies)
    print(f"\n/events/batch: {ours:.0f} rows/s, raw executemany {raw:.0f} rows/s ({ours / raw:.2f} of it)")
    assert ours >= 0.25 * raw


def raw_rows_per_s(db: Path, bodies: list[bytes]) -> float:
    """The limit: sqlite3 alone writes the same rows into the same tables with the same indexes, on the same disk."""
    clock = SystemClock()
    Store.open(db, clock, create=True).close()
    events = [event_row(number, Event.model_validate_json(body), body.decode()) for number, body in enumerate(bodies)]
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        begin_s = clock.monotonic_s()
        for at in range(0, len(events), MAX_BATCH_LINES):
            rows = events[at : at + MAX_BATCH_LINES]
            with connection:
                connection.executemany(INSERT_EVENT, rows)
                connection.executemany(INSERT_ENRICHMENT, [(row[0], row[7]) for row in rows if row[2] == ATTEMPT])
        return len(events) / (clock.monotonic_s() - begin_s)


def event_row(seq: int, event: Event, body: str) -> tuple[int | str, ...]:
    names = (event.event_type.value, event.store_id, event.camera_id, event.machine_id, str(event.session_id))
    ts_ms = round(event.ts.timestamp() * 1000)
    return (seq, str(event.event_id), *names, ts_ms, ts_ms, body)
