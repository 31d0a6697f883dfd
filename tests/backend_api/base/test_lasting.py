"""Work that lasts: it is begun again after pauses that grow, is told of, and ends when it is to."""

import asyncio
import itertools
import threading

import pytest

from backend_api.base import lasting
from backend_api.base.lasting import SOUND_RUN_S, explain_unforeseen, in_background, keep_running, keep_running_in_loop
from tests.fake_clock import FakeClock
from tests.own_loop import run_alone

GUARD_S = 60


def test_it_begins_again_after_pauses_that_grow_until_a_sound_run(caplog: pytest.LogCaptureFixture) -> None:
    clock, begins, told = FakeClock(), list[float](), list[str]()
    lasts_s = iter([0.0] * 8 + [SOUND_RUN_S, 0.0])

    def run() -> None:
        begins.append(clock.monotonic_s())
        if (lasted_s := next(lasts_s, None)) is None:
            return
        clock.advance(lasted_s)
        raise LookupError("odd\nthing")

    keep_running(run, "old clips are not removed", clock, threading.Event(), told.append)
    pauses_s = [after - before for before, after in itertools.pairwise(begins)]
    assert pauses_s == [1, 2, 4, 8, 16, 32, 60, 60, SOUND_RUN_S + 1, 2]
    assert told[0] == (
        "old clips are not removed: LookupError: odd thing (unforeseen; GYM_DEBUG=1 shows where); trying again in 1 s"
    )
    assert [record.message for record in caplog.records] == told


def test_stopping_ends_it_and_its_pause() -> None:
    stop = threading.Event()

    def run() -> None:
        stop.set()
        raise LookupError

    keep_running(run, "nothing", FakeClock(), stop)


def test_in_an_event_loop_too(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(lasting, "FIRST_PAUSE_S", 0.001)
    runs = itertools.count(1)

    async def run() -> None:
        if next(runs) < 3:
            raise LookupError("odd")

    async def run_and_stop(stop: asyncio.Event) -> None:
        stop.set()
        await run_for_ever()

    async def run_for_ever() -> None:
        raise LookupError("never")

    async def live() -> None:
        await keep_running_in_loop(run, "readers wait", asyncio.Event())
        stop = asyncio.Event()
        await keep_running_in_loop(lambda: run_and_stop(stop), "readers wait", stop)

    run_alone(asyncio.wait_for(live(), GUARD_S))
    assert next(runs) == 4
    assert [record.message.partition(": ")[0] for record in caplog.records] == ["readers wait"] * 3


def test_in_the_background_it_ends_with_the_block() -> None:
    began, threads = threading.Event(), list[str]()

    def run(stop: threading.Event) -> None:
        threads.append(threading.current_thread().name)
        if len(threads) == 1:
            raise LookupError("odd")
        began.set()
        assert stop.wait(GUARD_S)

    with in_background(run, "retention", "old clips are not removed", FakeClock()):
        assert began.wait(GUARD_S)
    assert threads == ["retention_0"] * 2


def test_the_traceback_is_logged_for_who_asks(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    error = LookupError("x" * 2000)
    assert len(explain_unforeseen(error)) < 400
    assert caplog.records == []
    monkeypatch.setenv("GYM_DEBUG", "1")
    explain_unforeseen(error)
    [record] = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[1] is error
