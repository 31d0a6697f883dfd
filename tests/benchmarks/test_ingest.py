"""How fast events become durable, beside the textbook, the framework's own limit, and the disk's."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from uuid import uuid4

from backend_api.base.clock import SystemClock
from backend_api.contract.events import MAX_BATCH_LINES, Event, EventType, make_event_id
from backend_api.store.store import Store
from tests.benchmarks.load import post_all
from tests.benchmarks.rounds import in_words, measure_in_turn, ratio
from tests.processes import Running, free_port, script

CLIENTS = 16
ROUNDS = 31
EVENTS_A_ROUND = 320
BATCHED = 100_000
BATCHES_A_ROUND = 5
INSERT_EVENT = (
    "INSERT INTO events (seq, event_id, event_type, store_id, camera_id, machine_id, session_id, ts_ms,"
    " received_at_ms, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
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


class Poster:
    """Posts the next events of its own to a server, one a request; `refused` counts those that it did not take."""

    def __init__(self, port: int, bodies: list[bytes]) -> None:
        self.refused = 0
        self._port = port
        self._bodies = iter(bodies)

    def post(self, count: int) -> float:
        """Post `count` more; how many a second were taken."""
        bodies = list(islice(self._bodies, count))
        answers = post_all(self._port, "/events", bodies, clients=CLIENTS, content_type="application/json")
        self.refused += len(answers.refused)
        return answers.served_per_s


def test_single_events(tmp_path: Path) -> None:
    bodies = make_bodies((ROUNDS + 1) * EVENTS_A_ROUND)
    textbook_db = tmp_path / "textbook.db"
    Store.open(textbook_db, SystemClock(), create=True).close()
    ports = [free_port() for _ in range(3)]
    with ExitStack() as stack:
        stack.enter_context(served(backend_command(tmp_path, ports[0]), ports[0]))
        stack.enter_context(served(peer_command("no_op_api.py", str(ports[1])), ports[1]))
        stack.enter_context(served(peer_command("textbook_api.py", str(ports[2]), str(textbook_db)), ports[2]))
        ours, no_op, textbook = (Poster(port, bodies) for port in ports)
        rates = measure_in_turn(
            {
                "ours": lambda: ours.post(EVENTS_A_ROUND),
                "no-op": lambda: no_op.post(EVENTS_A_ROUND),
                # A round of a few hundred milliseconds, like the others'.
                "textbook": lambda: textbook.post(EVENTS_A_ROUND // 5),
            },
            ROUNDS,
        )
    most = ratio(rates, "no-op", "textbook")
    print(
        f"\nPOST /events, {CLIENTS} clients: {in_words(rates, 'ours', 'events')}; "
        f"the no-op is {most:.1f} times the textbook, which refused {textbook.refused}"
    )
    assert (ours.refused, no_op.refused) == (0, 0)
    assert ratio(rates, "ours", "textbook") >= 4


def test_a_flushed_outbox(tmp_path: Path) -> None:
    bodies = make_bodies(BATCHED)
    documents = iter([b"\n".join(bodies[at : at + MAX_BATCH_LINES]) for at in range(0, BATCHED, MAX_BATCH_LINES)])
    port = free_port()
    raw_db = tmp_path / "raw.db"
    Store.open(raw_db, SystemClock(), create=True).close()
    with served(backend_command(tmp_path, port), port), closing(sqlite3.connect(raw_db)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        raw = RawWriter(connection, bodies)
        rates = measure_in_turn(
            {
                "ours": lambda: flush(port, list(islice(documents, BATCHES_A_ROUND))),
                "raw executemany": lambda: raw.write(BATCHES_A_ROUND),
            },
            BATCHED // (BATCHES_A_ROUND * MAX_BATCH_LINES) - 1,
        )
    print(f"\n/events/batch: {in_words(rates, 'ours', 'rows')}")
    assert ratio(rates, "ours", "raw executemany") >= 0.25


def flush(port: int, documents: list[bytes]) -> float:
    """Post batches as an edge does, one after another; rows a second."""
    answers = post_all(port, "/events/batch", documents, clients=1, content_type="application/x-ndjson")
    assert not answers.refused
    return answers.served_per_s * MAX_BATCH_LINES


class RawWriter:
    """The limit: sqlite3 alone writes the same rows into the same tables with the same indexes, on the same disk."""

    def __init__(self, connection: sqlite3.Connection, bodies: list[bytes]) -> None:
        self._connection = connection
        self._clock = SystemClock()
        events = enumerate(map(Event.model_validate_json, bodies), start=1)
        self._rows = iter(
            [event_row(seq, event, body.decode()) for (seq, event), body in zip(events, bodies, strict=True)]
        )

    def write(self, batches: int) -> float:
        """Write the next `batches`, a transaction each; rows a second."""
        begin_s = self._clock.monotonic_s()
        for _ in range(batches):
            rows = list(islice(self._rows, MAX_BATCH_LINES))
            with self._connection:
                self._connection.executemany(INSERT_EVENT, rows)
        return batches * MAX_BATCH_LINES / (self._clock.monotonic_s() - begin_s)


def event_row(seq: int, event: Event, body: str) -> tuple[int | str, ...]:
    names = (event.event_type.value, event.store_id, event.camera_id, event.machine_id, str(event.session_id))
    ts_ms = round(event.ts.timestamp() * 1000)
    return (seq, str(event.event_id), *names, ts_ms, ts_ms, body)
