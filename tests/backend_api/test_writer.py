"""Group commit: what waits is written together, and each is told its own outcome."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from backend_api.arrivals import Arrival, Outcome
from backend_api.failures import StoreBusy, StoreFull
from backend_api.writer import MAX_GROUP_EVENTS, Writer
from tests.backend_api.events import START, make_event

STORED = Outcome.STORED


def arrivals(*numbers: int) -> list[Arrival]:
    return [Arrival.of(make_event(at_s=number), START) for number in numbers]


class SlowDisk:
    """Takes arrivals when it is let; remembers what came together."""

    def __init__(self) -> None:
        self.groups: list[int] = []
        self.began = threading.Event()
        self.may_go_on = threading.Event()
        self.error: Exception | None = None

    def add(self, group: Sequence[Arrival]) -> list[Outcome]:
        self.groups.append(len(group))
        self.began.set()
        assert self.may_go_on.wait(10)
        if self.error is not None:
            raise self.error
        return [STORED if arrival.event.media_time_s < 100 else Outcome.CONFLICT for arrival in group]


async def begin(writer: Writer, disk: SlowDisk, count: int) -> list["asyncio.Task[list[Outcome]]"]:
    """The first job, which the disk is busy with, and `count` more that wait meanwhile."""
    tasks = [asyncio.create_task(writer.add(arrivals(0)))]
    await asyncio.to_thread(disk.began.wait, 10)
    tasks += [asyncio.create_task(writer.add(arrivals(number, number + 100))) for number in range(1, count + 1)]
    await asyncio.sleep(0)
    return tasks


def test_what_arrives_while_the_disk_is_busy_shares_the_next_transaction() -> None:
    disk = SlowDisk()
    writer = Writer(disk.add)

    async def run() -> list[list[Outcome]]:
        tasks = await begin(writer, disk, 3)
        assert not any(task.done() for task in tasks)
        disk.may_go_on.set()
        return await asyncio.gather(*tasks)

    outcomes = asyncio.run(run())
    assert disk.groups == [1, 6]
    assert outcomes == [[STORED]] + 3 * [[STORED, Outcome.CONFLICT]]


@pytest.mark.parametrize("error", [StoreBusy("locked"), StoreFull("full"), KeyError("a mistake")])
def test_a_failure_reaches_everybody_and_the_writer_goes_on(error: Exception) -> None:
    disk = SlowDisk()
    writer = Writer(disk.add)

    async def run() -> None:
        disk.error = error
        tasks = await begin(writer, disk, 2)
        disk.may_go_on.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert results == [error] * 3
        disk.error = None
        assert await writer.add(arrivals(1)) == [STORED]

    asyncio.run(run())


def test_a_request_that_gave_up_disturbs_no_other() -> None:
    disk = SlowDisk()
    writer = Writer(disk.add)

    async def run() -> None:
        tasks = await begin(writer, disk, 2)
        tasks[1].cancel()
        await asyncio.sleep(0)
        disk.may_go_on.set()
        assert await tasks[0] == [STORED]
        assert await tasks[2] == [STORED, Outcome.CONFLICT]

    asyncio.run(run())


def test_more_than_the_memory_allows_is_put_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend_api.writer.MAX_WAITING_BYTES", 5 * len(arrivals(0)[0].body))
    disk = SlowDisk()
    writer = Writer(disk.add)

    async def run() -> None:
        tasks = await begin(writer, disk, 1)
        with pytest.raises(StoreBusy, match="more events"):
            await writer.add(arrivals(3, 4, 5))
        disk.may_go_on.set()
        await asyncio.gather(*tasks)
        assert await writer.add(arrivals(3, 4, 5)) == [STORED] * 3

    asyncio.run(run())


def test_a_transaction_is_bounded() -> None:
    disk = SlowDisk()
    writer = Writer(disk.add)
    half = arrivals(*range(MAX_GROUP_EVENTS // 2))

    async def run() -> None:
        tasks = await begin(writer, disk, 0)
        tasks += [asyncio.create_task(writer.add(half)) for _ in range(5)]
        await asyncio.sleep(0)
        disk.may_go_on.set()
        await asyncio.gather(*tasks)

    asyncio.run(run())
    assert disk.groups == [1, MAX_GROUP_EVENTS, MAX_GROUP_EVENTS, len(half)]


def test_draining_waits_for_all_that_waits() -> None:
    disk = SlowDisk()
    writer = Writer(disk.add)

    async def run() -> None:
        tasks = await begin(writer, disk, 2)
        draining = asyncio.create_task(writer.drain())
        await asyncio.sleep(0)
        assert not draining.done()
        disk.may_go_on.set()
        await draining
        assert disk.groups == [1, 4]
        await asyncio.gather(*tasks)
        await writer.drain()

    asyncio.run(run())


async def post_again_and_again(writer: Writer, numbers: Sequence[int]) -> None:
    for number in numbers:
        outcomes = await asyncio.wait_for(writer.add(arrivals(number, number + 100)), 10)
        assert outcomes == [STORED, Outcome.CONFLICT]


def test_the_disk_goes_on_without_the_event_loop() -> None:
    disk = SlowDisk()
    writer = Writer(disk.add)

    async def run() -> None:
        tasks = await begin(writer, disk, 3)
        disk.began.clear()
        disk.may_go_on.set()
        # Nothing of the event loop's runs meanwhile.
        assert disk.began.wait(10)
        assert not any(task.done() for task in tasks)
        await asyncio.gather(*tasks)

    asyncio.run(run())
    assert disk.groups == [1, 6]


def test_who_sends_alone_waits_for_nobody() -> None:
    disk = SlowDisk()
    disk.may_go_on.set()
    asyncio.run(post_again_and_again(Writer(disk.add), range(3)))
    assert disk.groups == [2, 2, 2]


def test_nobody_is_forgotten_or_written_twice_however_thread_and_loop_meet() -> None:
    written: list[float] = []

    def add(group: Sequence[Arrival]) -> list[Outcome]:
        written.extend(arrival.event.media_time_s for arrival in group)
        return [STORED if arrival.event.media_time_s < 100 else Outcome.CONFLICT for arrival in group]

    writer = Writer(add)

    async def run() -> None:
        for _ in range(20):
            clients = [post_again_and_again(writer, range(first, first + 5)) for first in range(0, 100, 5)]
            await asyncio.gather(*clients)
        await writer.drain()

    asyncio.run(run())
    assert sorted(written) == sorted(20 * [float(number) for number in range(200)])
    for first in range(0, 100, 5):
        own = [number for number in written if first <= number < first + 5]
        assert own == 20 * [float(number) for number in range(first, first + 5)]
