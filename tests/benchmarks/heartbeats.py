"""A backend that hears a thousand cameras for some simulated minutes, as a program of its own: what that takes.

    python -m tests.benchmarks.heartbeats app.db MINUTES

prints `CPU_SECONDS WRITTEN_BYTES` of these minutes. A hundred edges of ten cameras report every five seconds; between
their reports the backend looks after its cameras as it does while it runs.
"""

import asyncio
import resource
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from backend_api.app import create_app
from backend_api.contract.cameras import HEARTBEAT_INTERVAL_S, CameraReport, CameraReports, NamedReport
from backend_api.media.folder import MediaFolder
from backend_api.store.store import Store
from tests.backend_api.events import START
from tests.fake_clock import FakeClock

EDGES, CAMERAS_AN_EDGE = 100, 10
HISTORY = 300
BEGIN_MS, DAY_MS = 1_700_000_000_000, 86_400_000
# How often the feed of changes looks whether a camera's status has changed.
LOOKS_A_BEAT = 25
_SCOPE: dict[str, Any] = {
    "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "PUT", "scheme": "http",
    "path": "/cameras", "raw_path": b"/cameras", "query_string": b"", "root_path": "",
    "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")],
    "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000),
}  # fmt: skip


def body(edge: int, beat: int) -> bytes:
    """What an edge sends at a beat: counters grow, the rest stays."""
    report = CameraReport.model_validate(
        {
            "store_id": f"gym_{edge:03}",
            "media_time_s": 5.0 * beat + edge,
            "frames_captured": 125 * beat + edge,
            "frames_processed": 25 * beat,
            "frames_skipped": 100 * beat + edge,
            "outbox_depth": 0,
            "version": "0.1.0",
            "started_at": START,
            "detector": "onnx",
            "network": {"runs_on": "cpu", "width": 416, "height": 416, "frame_ms": 20.5 + beat % 7},
            "decoder": {"runs_on": "cpu"},
        }
    )
    named = (NamedReport(camera_id=f"cam_{number:02}", report=report) for number in range(CAMERAS_AN_EDGE))
    return CameraReports(reports=tuple(named)).model_dump_json().encode()


async def put(app: ASGIApp, content: bytes) -> int:
    """The status of the answer to an edge's reports, without a network between."""
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Any) -> None:  # noqa: ANN401 - ASGI's
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(dict(_SCOPE), receive, send)
    return statuses[0]


def cpu_s() -> float:
    """Of this process, user and system, in seconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def written_bytes() -> int:
    """What this process has given to the system to be written."""
    fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text(encoding="ascii").splitlines())
    return int(fields["wchar"])


def remember(path: Path) -> None:
    """Let every camera have been observed HISTORY times before: what is written lies far apart then."""
    rows = (
        (f"gym_{edge:03}", f"cam_{number:02}", begin_ms, begin_ms + 3_600_000)
        for begin_ms in range(BEGIN_MS, BEGIN_MS + HISTORY * DAY_MS, DAY_MS)
        for edge in range(EDGES)
        for number in range(CAMERAS_AN_EDGE)
    )
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO observed_intervals (store_id, camera_id, begin_ms, end_ms) VALUES (?, ?, ?, ?)", rows
        )


def beats(minutes: int) -> Iterator[int]:
    return iter(range(round(minutes * 60 / HEARTBEAT_INTERVAL_S)))


def main() -> None:
    """Hear them, and print what it took."""
    path, minutes = Path(sys.argv[1]), int(sys.argv[2])
    clock = FakeClock()
    spent_s, written = 0.0, 0
    with closing(Store.open(path, clock, create=True)) as store:
        remember(path)
        app = create_app(store, MediaFolder.open(path.parent / "media"), clock)
        with asyncio.Runner() as runner:
            for beat in beats(minutes + 1):
                bodies = [body(edge, beat) for edge in range(EDGES)]
                before_s, before = cpu_s(), written_bytes()
                for content in bodies:
                    assert runner.run(put(app, content)) == 200
                for _ in range(LOOKS_A_BEAT):
                    store.cameras.log_statuses()
                clock.advance(HEARTBEAT_INTERVAL_S)
                store.tidy()
                # The first minute, in which all is new, does not count.
                if beat * HEARTBEAT_INTERVAL_S >= 60:
                    spent_s += cpu_s() - before_s
                    written += written_bytes() - before
    print(spent_s, written)


if __name__ == "__main__":
    main()
