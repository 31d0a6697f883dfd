"""Group commit: what waits is written together, and each is told its own outcome."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from backend_api.store.db.errors import StoreBusy, StoreFull
from backend_api.store.events import Arrival, IngestOutcome
from backend_api.store.group_commit import MAX_GROUP_EVENTS, Writer
from tests.backend_api.events import START, make_event
from tests.own_loop import run_alone

STORED = IngestOutcome.STORED
GUARD_S = 60


def arrivals(*numbers: int) -> list[Arrival]:
    return [Arrival.of(make_event(at_s=number), START) for number in numbers]


class SlowDisk:
    """Takes arrivals when it is let; remembers what came together."""

    def __init__(self) -> None:
        self.groups: list[int] = []
        self.began = threading.Event()
        self.may_go_on = threading.Event()
        self.error: Exception | None = None

    def add(self, group: Sequence[Arrival]) -> list[IngestOutcome]:
        self.groups.append(len(group))
        self.began.set()
        assert self.may_go_on.wait(GUARD_S)
        if self.error is not None:
            raise self.error
        return [STORED if arrival.event.media_time_s < 100 else IngestOutcome.CONFLICT for arrival in group]


async def begin(writer: Writer, disk: SlowDisk, count: int) -> list["asyncio.Task[list[IngestOutcome]]"]:
    """The first job, which the disk is busy with, and `count` more that wait meanwhile."""
    tasks = [asyncio.create_task(writer.add(arrivals(0)))]
    await asyncio.to_thread(disk.began.wait, GUARD_S)
    tasks += [asyncio.create_task(writer.add(arrivals(number, number + 100))) for number in range(1, count + 1)]
    await asyncio.sleep(0)
    return tasks


def test_what_arrives_while_the_disk_is_busy_shares_the_next_transaction() -> None:
    disk = SlowDisk()
    writer = Writer(disk.add)

    async def run() -> list[list[IngestOutcome]]:
        tasks = await begin(writer, disk, 3)
        assert not any(task.done() for task in tasks)
        disk.may_go_on.set()
        return await asyncio.gather(*tasks)

    outcomes = run_alone(run())
    assert disk.groups == [1, 6]
    assert outcomes == [[STORED]] + 3 * [[STORED, IngestOutcome.CONFLICT]]


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

    run_alone(run())


def test_a_request_that_gave_up_disturbs_no_other() -> None:
    disk = SlowDisk()
    writer = Writer(disk.add)

    async def run() -> None:
        tasks = await begin(writer, disk, 2)
        tasks[1].cancel()
        await asyncio.sleep(0)
        disk.may_go_on.set()
        assert await tasks[0] == [STORED]
        assert await tasks[2] == [STORED, IngestOutcome.CONFLICT]

    run_alone(run())


def test_more_than_the_memory_allows_is_put_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend_api.store.group_commit.MAX_WAITING_BYTES", 5 * len(arrivals(0)[0].body))
    disk = SlowDisk()
    writer = Writer(disk.add)

    async def run() -> None:
        tasks = await begin(writer, disk, 1)
        with pytest.raises(StoreBusy, match="more events"):
            await writer.add(arrivals(3, 4, 5))
        disk.may_go_on.set()
        await asyncio.gather(*tasks)
        assert await writer.add(arrivals(3, 4, 5)) == [STORED] * 3

    run_alone(run())


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

    run_alone(run())
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

    run_alone(run())


async def post_again_and_again(writer: Writer, count: int) -> None:
    for number in range(count):
        await asyncio.wait_for(writer.add(arrivals(number)), GUARD_S)


def test_who_is_answered_is_waited_for_by_the_next_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend_api.store.group_commit.GATHER_S", 1000.0)
    disk = SlowDisk()
    writer = Writer(disk.add)

    async def run() -> None:
        clients = [asyncio.create_task(post_again_and_again(writer, 4))]
        await asyncio.to_thread(disk.began.wait, GUARD_S)
        clients += [asyncio.create_task(post_again_and_again(writer, 3)) for _ in range(7)]
        await asyncio.sleep(0)
        disk.may_go_on.set()
        await asyncio.gather(*clients)

    run_alone(run())
    assert disk.groups == [1, 8, 8, 8]


def test_who_sends_alone_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend_api.store.group_commit.GATHER_S", 1000.0)
    disk = SlowDisk()
    disk.may_go_on.set()
    run_alone(post_again_and_again(Writer(disk.add), 3))
    assert disk.groups == [1, 1, 1]


def test_who_does_not_come_back_is_not_waited_for_long() -> None:
    disk = SlowDisk()
    disk.may_go_on.set()
    writer = Writer(disk.add)

    async def run() -> None:
        await asyncio.gather(*(writer.add(arrivals(number)) for number in range(8)))
        await post_again_and_again(writer, 2)

    run_alone(run())
    assert disk.groups == [8, 1, 1]


def test_requests_that_come_together_are_written_together() -> None:
    disk = SlowDisk()
    disk.may_go_on.set()
    writer = Writer(disk.add)

    async def run() -> None:
        await asyncio.gather(*(writer.add(arrivals(number)) for number in range(8)))

    run_alone(run())
    assert disk.groups == [8]
