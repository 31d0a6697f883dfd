"""Group commit: requests that arrive while the disk is busy share the next transaction.

A commit with synchronous=FULL waits for the disk, milliseconds in which other requests pile up. All that wait are
written in one transaction, in a thread, and each is answered only after its commit: durable, and many times faster than
a commit a request. The thread takes the next group by itself, so the disk never waits for the event loop.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from backend_api.arrivals import Arrival, Outcome
from backend_api.failures import StoreBusy

MAX_GROUP_EVENTS = 2_000
# Bounds the memory that requests take while the disk does not keep up.
MAX_WAITING_BYTES = 64 * 1024 * 1024

AddArrivals = Callable[[Sequence[Arrival]], list[Outcome]]


@dataclass(frozen=True, slots=True)
class _Job:
    arrivals: Sequence[Arrival]
    size_bytes: int
    answer: asyncio.Future[list[Outcome]]


@dataclass(slots=True)
class _Group:
    jobs: list[_Job] = field(default_factory=list)
    events: int = 0


class Writer:
    """Writes arrivals through `add_arrivals`, which stores all it is given in one transaction or raises.

    A group is open to more jobs until the thread takes it. All else happens in the event loop, one step after another.
    """

    def __init__(self, add_arrivals: AddArrivals) -> None:
        self._add_arrivals = add_arrivals
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")
        self._lock = threading.Lock()
        self._open: _Group | None = None
        self._waiting_jobs = 0
        self._waiting_bytes = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def add(self, arrivals: Sequence[Arrival]) -> list[Outcome]:
        """Store `arrivals`, all or, when this raises, none; one outcome each once they are on the disk.

        Raises what `add_arrivals` raises, and StoreBusy when too much waits already.
        """
        size_bytes = sum(len(arrival.body) for arrival in arrivals)
        if self._waiting_bytes + size_bytes > MAX_WAITING_BYTES:
            raise StoreBusy("more events arrive than the disk can take")
        loop = asyncio.get_running_loop()
        job = _Job(arrivals, size_bytes, loop.create_future())
        self._waiting_jobs += 1
        self._waiting_bytes += size_bytes
        self._idle.clear()
        if group := self._join(job):
            writing = self._thread.submit(self._write, group)
            # One step from the thread to the answers; asyncio's own way takes three.
            writing.add_done_callback(lambda written: loop.call_soon_threadsafe(self._answer, group, written))
        return await job.answer

    async def drain(self) -> None:
        """Wait until all is written that waits."""
        await self._idle.wait()

    def _join(self, job: _Job) -> _Group | None:
        """Put `job` into the open group; the group, when it is a new one that has yet to be written."""
        with self._lock:
            group = self._open
            is_new = group is None or group.events + len(job.arrivals) > MAX_GROUP_EVENTS
            if group is None or is_new:
                group = self._open = _Group()
            group.jobs.append(job)
            group.events += len(job.arrivals)
            return group if is_new else None

    def _write(self, group: _Group) -> list[Outcome]:
        with self._lock:
            if self._open is group:
                self._open = None
        return self._add_arrivals([arrival for job in group.jobs for arrival in job.arrivals])

    def _answer(self, group: _Group, written: Future[list[Outcome]]) -> None:
        error = written.exception()
        start = 0
        for job in group.jobs:
            self._waiting_jobs -= 1
            self._waiting_bytes -= job.size_bytes
            end = start + len(job.arrivals)
            if job.answer.done():
                pass  # its request was given up
            elif error is not None:
                job.answer.set_exception(error)
            else:
                job.answer.set_result(written.result()[start:end])
            start = end
        if not self._waiting_jobs:
            self._idle.set()
