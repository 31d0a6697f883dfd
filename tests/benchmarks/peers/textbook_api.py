"""The peer: FastAPI with sqlite3 as their tutorials have it. Each request connects, writes, commits, and hangs up.

    python tests/benchmarks/peers/textbook_api.py PORT DB

The body is a pydantic model and the endpoint a plain function, which FastAPI runs in its pool of threads. A request
opens a connection with `sqlite3.connect`, whose defaults stay (5 s of patience with a lock; who waits longer gets a
500), writes the event in one transaction, and answers it. PRAGMAs and tables are the project's own, so that the event
is as durable; what follows from it, such as its session, the textbook leaves out. DB must exist.
"""

import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[3])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

import uvicorn  # noqa: E402
from fastapi import FastAPI  # noqa: E402

from backend_api.contract.events import Event  # noqa: E402

app = FastAPI()
DB = sys.argv[2]
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "temp_store=MEMORY",
    "wal_autocheckpoint=4000",
)


@app.post("/events", status_code=201)
def store(event: Event) -> Event:
    """Store one event and answer it."""
    ts_ms = round(event.ts.timestamp() * 1000)
    received_at_ms = round(datetime.now(UTC).timestamp() * 1000)  # noqa: TID251
    with closing(sqlite3.connect(DB)) as connection:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute(
            "INSERT INTO events (event_id, event_type, store_id, camera_id, machine_id, session_id, ts_ms,"
            " received_at_ms, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                str(event.event_id),
                event.event_type,
                event.store_id,
                event.camera_id,
                event.machine_id,
                str(event.session_id),
                ts_ms,
                received_at_ms,
                event.model_dump_json(),
            ),
        )
        connection.commit()
    return event


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="info", access_log=False)
