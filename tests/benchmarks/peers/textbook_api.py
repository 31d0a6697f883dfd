"""The peer: FastAPI with sqlite3 as the textbooks have it: a model, a connection and a commit a request, same PRAGMAs.

python tests/benchmarks/peers/textbook_api.py PORT DB
"""

import sqlite3
import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[3])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

import uvicorn  # noqa: E402
from fastapi import FastAPI  # noqa: E402

from backend_api.contract import Event  # noqa: E402

app = FastAPI()
DB = sys.argv[2] if len(sys.argv) > 2 else ":memory:"


def connect() -> sqlite3.Connection:
    """A connection with the durability that the project's own has."""
    connection = sqlite3.connect(DB, timeout=30)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


@app.post("/events", status_code=201)
def store(event: Event) -> Event:
    """Store one event and answer it."""
    connection = connect()
    try:
        with connection:
            connection.execute(
                "INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?)",
                (str(event.event_id), event.event_type, event.ts.isoformat(), event.model_dump_json()),
            )
    finally:
        connection.close()
    return event


if __name__ == "__main__":
    with connect() as made:
        made.execute("CREATE TABLE events (event_id TEXT PRIMARY KEY, event_type TEXT, ts TEXT, body TEXT)")
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="info", access_log=False)
