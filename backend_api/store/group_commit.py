"""Group commit: requests that arrive while the disk is busy share the next transaction.

A commit with synchronous=FULL waits for the disk, milliseconds in which other requests pile up. All that wait are
written in one transaction, in a thread, and each is answered only after its commit: durable, and many times faster than
a commit a request.

A client that has been answered often has more to send. So a transaction waits until as many requests are there as were
there at the last one, for GATHER_S at most; a client that sends alone waits for nobody. Without this the clients fall
into two halves that wait for each other's commits, of which there are twice as many then. (MySQL calls the two limits
binlog_group_commit_sync_no_delay_count and binlog_group_commit_sync_delay.)
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from backend_api.store.db.errors import StoreBusy
from backend_api.store.events import Arrival, IngestOutcome

MAX_GROUP_EVENTS = 2_000
# Bounds the memory that requests take while the disk does not keep up.
MAX_WAITING_BYTES = 64 * 1024 * 1024
# A few dozen clients have sent again by then, and nobody notices it.
GATHER_S = 0.01

AddArrivals = Callable[[Sequence[Arrival]], list[IngestOutcome]]


@dataclass(frozen=True, slots=True)
class _Job:
    arrivals: Sequence[Arrival]
    size_bytes: int
    answer: asyncio.Future[list[IngestOutcome]]


class Writer:
    """Writes arrivals through `add_arrivals`, which stores all it is given in one transaction or raises.

    Everything but that call happens in the event loop, one step after another, so nothing needs a lock.
    """

    def __init__(self, add_arrivals: AddArrivals) -> None:
        self._add_arrivals = add_arrivals
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")
        self._waiting: deque[_Job] = deque()
        self._waiting_bytes = 0
        self._is_writing = False
        # How many jobs the next transaction waits for, until the timer says that it waits no longer.
        self._expected = 1
        self._timer: asyncio.TimerHandle | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    async def add(self, arrivals: Sequence[Arrival]) -> list[IngestOutcome]:
        """Store `arrivals`, all or, when this raises, none; one outcome each once they are on the disk.

        Raises what `add_arrivals` raises, and StoreBusy when too much waits already.
        """
        size_bytes = sum(len(arrival.body) for arrival in arrivals)
        if self._waiting_bytes + size_bytes > MAX_WAITING_BYTES:
            raise StoreBusy("more events arrive than the disk can take")
        job = _Job(arrivals, size_bytes, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        self._waiting_bytes += size_bytes
        self._idle.clear()
        self._write_if_all_are_here()
        return await job.answer

    async def drain(self) -> None:
        """Wait until all is written that waits."""
        await self._idle.wait()

    def _write_if_all_are_here(self) -> None:
        if self._waiting and len(self._waiting) >= self._expected and not self._is_writing:
            self._is_writing = True
            # Requests that are read in the same turn of the loop come along.
            asyncio.get_running_loop().call_soon(self._write_next)

    def _write_next(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        group: list[_Job] = []
        events = 0
        # A job stays in the queue, and counts, until it is answered.
        for job in self._waiting:
            if group and events + len(job.arrivals) > MAX_GROUP_EVENTS:
                break
            group.append(job)
            events += len(job.arrivals)
        loop = asyncio.get_running_loop()
        writing = self._thread.submit(self._add_arrivals, [arrival for job in group for arrival in job.arrivals])
        # One step from the thread to the answers; asyncio's own way takes three.
        writing.add_done_callback(lambda written: loop.call_soon_threadsafe(self._answer, group, written))

    def _answer(self, group: list[_Job], written: Future[list[IngestOutcome]]) -> None:
        error = written.exception()
        start = 0
        for job in group:
            self._waiting.popleft()
            self._waiting_bytes -= job.size_bytes
            end = start + len(job.arrivals)
            if job.answer.done():
                pass  # its request was given up
            elif error is not None:
                job.answer.set_exception(error)
            else:
                job.answer.set_result(written.result()[start:end])
            start = end
        self._is_writing = False
        if not self._waiting:
            self._idle.set()
        self._gather(len(group) + len(self._waiting))

    def _gather(self, expected: int) -> None:
        self._expected = expected
        if expected > 1:
            self._timer = asyncio.get_running_loop().call_later(GATHER_S, self._gather, 1)
        self._write_if_all_are_here()
