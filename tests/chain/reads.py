"""How long the reads of one gym's dashboard take in the chain, and those of the chain's own."""

import http.client
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from statistics import median
from urllib.parse import urlencode

from backend_api.base.clock import SystemClock
from backend_api.contract.values import format_timestamp

_ROUNDS = 7
# The dashboard's pages: Needs attention, Live, Sessions, Review, Statistics, Setup, and the lists below them.
_READS: tuple[tuple[str, dict[str, str]], ...] = (
    ("/events", {"limit": "50"}),
    ("/events", {"limit": "50", "event_type": "CLEANING_ATTEMPT"}),
    ("/events", {"limit": "50", "mm_status": "PENDING"}),
    ("/sessions", {"limit": "50"}),
    ("/sessions", {"limit": "50", "outcome": "not_cleaned"}),
    ("/sessions", {"limit": "50", "verdict": "cannot_tell", "reviewed": "false"}),
    ("/machines", {"limit": "50"}),
    ("/cameras", {"limit": "50"}),
    ("/stats", {"by": "day"}),
    ("/stats", {"by": "hour", "since": "yesterday"}),
    ("/stats/compliance", {}),
    ("/stats/days", {}),
    ("/alerts", {}),
    ("/board", {}),
)
_OF_THE_CHAIN: tuple[tuple[str, dict[str, str]], ...] = (
    ("/stores", {}),
    ("/queue", {}),
    ("/reviews/suggested", {}),
    ("/stats/agreement", {}),
    ("/metrics", {}),
    ("/ready", {}),
)


@dataclass(frozen=True, slots=True)
class Read:
    """A read's address without its gym, its answer's status and bytes, and its milliseconds."""

    address: str
    status: int
    size_bytes: int
    median_ms: float
    slowest_ms: float


def fill_days(port: int) -> int:
    """Ask for the last week of the whole chain until its days are computed; how many requests that takes."""
    asked, is_done = 0, False
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
        while not is_done:
            connection.request("GET", "/stats/days")
            answer = connection.getresponse()
            said, asked, is_done = answer.read(), asked + 1, answer.status == HTTPStatus.OK
            assert is_done or answer.status == HTTPStatus.SERVICE_UNAVAILABLE, said
    return asked


def time_reads(port: int, store_id: str | None, now: datetime) -> list[Read]:
    """The reads of the gym `store_id`, or of the whole chain, the slowest first."""
    wanted = _READS if store_id is not None else (*_READS, *_OF_THE_CHAIN)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    found = [_time(connection, path, query, store_id, now) for path, query in wanted]
    connection.close()
    return sorted(found, key=lambda read: read.median_ms, reverse=True)


def _time(
    connection: http.client.HTTPConnection, path: str, query: dict[str, str], store_id: str | None, now: datetime
) -> Read:
    clock, taken_ms = SystemClock(), []
    query = {key: format_timestamp(now - timedelta(days=1)) if key == "since" else text for key, text in query.items()}
    asked = query | ({"store_id": store_id} if store_id is not None else {})
    status, size_bytes = 0, 0
    for _ in range(_ROUNDS):
        begin_s = clock.monotonic_s()
        connection.request("GET", f"{path}?{urlencode(asked)}")
        answer = connection.getresponse()
        size_bytes, status = len(answer.read()), answer.status
        taken_ms.append(1000 * (clock.monotonic_s() - begin_s))
    # The first one fills the database's memory.
    rest = taken_ms[1:]
    shown = "&".join(f"{key}={text if key != 'since' else '...'}" for key, text in query.items())
    return Read(f"{path}?{shown}" if shown else path, status, size_bytes, median(rest), max(rest))


def in_lines(reads: Sequence[Read]) -> str:
    """A table."""
    return "\n".join(
        f"  {read.median_ms:8.1f} ms median {read.slowest_ms:8.1f} ms slowest {read.size_bytes:8d} bytes  "
        f"{read.status}  {read.address}"
        for read in reads
    )
