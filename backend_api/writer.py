"""Group commit: requests that arrive while the disk is busy share the next transaction.

A commit with synchronous=FULL waits for the disk, milliseconds in which other requests pile up. One thread takes all
that wait, writes them in one transaction, and answers each only after the commit: durable, and many times faster than a
commit a request.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from backend_api.arrivals import Arrival, Outcome
from backend_api.failures import StoreBroken, StoreBusy, StoreFull

MAX_GROUP_EVENTS = 2_000
# Bounds the memory that requests take while the disk does not keep up.
MAX_WAITING_BYTES = 64 * 1024 * 1024

AddArrivals = Callable[[Sequence[Arrival]], list[Outcome]]


@dataclass(frozen=True, slots=True)
class _Job:
    arrivals: Sequence[Arrival]
    size_bytes: int
    answer: asyncio.Future[list[Outcome]]


class Writer:
    """Writes arrivals through `add_arrivals`, which stores all it is given in one transaction or raises."""

    def __init__(self, add_arrivals: AddArrivals) -> None:
        self._add_arrivals = add_arrivals
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._changing = threading.Lock()
        self._waiting_bytes = 0

    async def add(self, arrivals: Sequence[Arrival]) -> list[Outcome]:
        """Store `arrivals`, all or, when this raises, none; one outcome each once they are on the disk.

        Raises StoreBusy, also when too much waits already, and StoreFull.
        """
        size_bytes = sum(len(arrival.body) for arrival in arrivals)
        answer: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        with self._changing:
            if self._waiting_bytes + size_bytes > MAX_WAITING_BYTES:
                raise StoreBusy("more events arrive than the disk can take")
            self._waiting_bytes += size_bytes
            self._jobs.put(_Job(arrivals, size_bytes, answer))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
                self._thread.start()
        return await answer

    def stop(self) -> None:
        """Write what waits, then end the thread; it starts again with the next `add`."""
        with self._changing:
            thread, self._thread = self._thread, None
            if thread is not None:
                self._jobs.put(None)
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            group, is_last = self._gather(job)
            self._write(group)
            if is_last:
                return

    def _gather(self, first: _Job) -> tuple[list[_Job], bool]:
        """All jobs that wait, up to MAX_GROUP_EVENTS; and whether the thread is to end after them."""
        group, events = [first], len(first.arrivals)
        while events < MAX_GROUP_EVENTS:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return group, True
            group.append(job)
            events += len(job.arrivals)
        return group, False

    def _write(self, group: list[_Job]) -> None:
        arrivals = [arrival for job in group for arrival in job.arrivals]
        # What an error that nobody foresaw leaves behind: it ends this thread, and no request may wait for ever.
        answer: list[Outcome] | Exception = StoreBroken("the writer failed; the backend's log says why")
        try:
            answer = self._add_arrivals(arrivals)
        except (StoreBusy, StoreFull, StoreBroken) as error:
            answer = error
        finally:
            with self._changing:
                self._waiting_bytes -= sum(job.size_bytes for job in group)
            _answer(group, answer)


def _answer(group: list[_Job], answer: list[Outcome] | Exception) -> None:
    """Hand each job its part of the answer, waking each event loop once."""
    jobs_of: dict[asyncio.AbstractEventLoop, list[tuple[_Job, list[Outcome] | Exception]]] = {}
    start = 0
    for job in group:
        end = start + len(job.arrivals)
        part = answer if isinstance(answer, Exception) else answer[start:end]
        jobs_of.setdefault(job.answer.get_loop(), []).append((job, part))
        start = end
    for loop, parts in jobs_of.items():
        # A loop that was closed meanwhile has nobody left who waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, parts)


def _settle(parts: list[tuple[_Job, list[Outcome] | Exception]]) -> None:
    for job, part in parts:
        if job.answer.done():
            continue  # its request was given up
        if isinstance(part, Exception):
            job.answer.set_exception(part)
        else:
            job.answer.set_result(part)
