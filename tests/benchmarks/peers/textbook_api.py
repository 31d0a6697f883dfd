"""The peer: FastAPI with sqlite3 as the textbooks have it, one connection and one commit a request, the same PRAGMAs.

python tests/benchmarks/peers/textbook_api.py PORT DB
"""

import sqlite3
import sys
from typing import Any

import uvicorn
from fastapi import FastAPI

app = FastAPI()
DB = sys.argv[2] if len(sys.argv) > 2 else ":memory:"


def connect() -> sqlite3.Connection:
    """A connection with the durability that the project's own has."""
    connection = sqlite3.connect(DB, timeout=30)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


@app.post("/events", status_code=201)
def store(event: dict[str, Any]) -> dict[str, Any]:
    """Store one event and answer it."""
    connection = connect()
    try:
        with connection:
            connection.execute(
                "INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?)",
                (event["event_id"], event["event_type"], event["ts"], str(event)),
            )
    finally:
        connection.close()
    return event


if __name__ == "__main__":
    with connect() as made:
        made.execute("CREATE TABLE events (event_id TEXT PRIMARY KEY, event_type TEXT, ts TEXT, body TEXT)")
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="info", access_log=False)
