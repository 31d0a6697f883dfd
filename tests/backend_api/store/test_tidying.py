"""Tidying: now and then, in a thread, whatever goes wrong, until the application ends."""

import asyncio
import threading

import pytest

from backend_api.base import lasting
from backend_api.store import tidying
from backend_api.store.db.errors import StoreBusy
from backend_api.store.store import Store
from backend_api.store.tidying import tidied
from tests.own_loop import run_alone


def test_it_goes_on_after_a_failure_which_it_tells_once_and_ends_with_the_application(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tidying, "TIDY_EVERY_S", 0.001)
    monkeypatch.setattr(lasting, "FIRST_PAUSE_S", 0.001)
    threads: list[threading.Thread] = []
    enough = threading.Event()

    def tidy() -> None:
        threads.append(threading.current_thread())
        if len(threads) == 8:
            enough.set()
        if len(threads) == 7:
            raise ArithmeticError("nobody thought of this")
        if len(threads) in (2, 3, 5):
            raise StoreBusy("another process holds the database's lock")

    monkeypatch.setattr(store, "tidy", tidy)

    async def live() -> threading.Thread:
        async with tidied(store):
            await asyncio.to_thread(enough.wait, 60)
        return threading.current_thread()

    loops = run_alone(live())
    done = len(threads)
    assert done >= 8
    assert loops not in threads
    what = "the cameras' reports are in memory alone"
    unforeseen = (
        "ArithmeticError: nobody thought of this (unforeseen; GYM_DEBUG=1 shows where); trying again in 0.001 s"
    )
    assert [record.getMessage() for record in caplog.records] == [
        f"{what}: another process holds the database's lock",
        f"{what}: another process holds the database's lock",
        f"{what}: {unforeseen}",
    ]


def test_what_is_computed_ahead_is_called_as_often_and_its_failure_stops_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tidying, "TIDY_EVERY_S", 0.001)
    monkeypatch.setattr(lasting, "FIRST_PAUSE_S", 0.001)
    calls: list[threading.Thread] = []
    enough = threading.Event()

    def compute() -> None:
        calls.append(threading.current_thread())
        if len(calls) == 2:
            raise ArithmeticError("nobody thought of this")
        if len(calls) == 4:
            enough.set()

    async def live() -> threading.Thread:
        async with tidied(store, compute):
            await asyncio.to_thread(enough.wait, 60)
        return threading.current_thread()

    loops = run_alone(live())
    assert len(calls) >= 4
    assert loops not in calls
    [told] = [record.getMessage() for record in caplog.records]
    assert told.startswith("figures of the last days are computed when somebody asks for them: ArithmeticError")
