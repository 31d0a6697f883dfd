"""Tidying: what a store has to do now and then, as long as the application runs."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from backend_api.base.lasting import keep_running_in_loop
from backend_api.store.db.errors import StoreBroken, StoreBusy, StoreFull
from backend_api.store.store import Store

TIDY_EVERY_S = 5.0

log = logging.getLogger(__name__)


@asynccontextmanager
async def tidied(store: Store, compute_ahead: Callable[[], None] = lambda: None) -> AsyncIterator[None]:
    """While this is entered, `store` is tidied in a thread every TIDY_EVERY_S, and `compute_ahead` called in another.

    The latter is to compute for a moment what somebody will ask for.
    """
    stop = asyncio.Event()
    lasting = (
        (partial(_tidy, store, stop), "the cameras' reports are in memory alone"),
        (partial(_repeat, compute_ahead, stop), "figures of the last days are computed when somebody asks for them"),
    )
    tasks = [asyncio.create_task(keep_running_in_loop(work, what, stop)) for work, what in lasting]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def _repeat(work: Callable[[], None], stop: asyncio.Event) -> None:
    """Do `work` in a thread every TIDY_EVERY_S."""
    while not stop.is_set():
        try:
            await asyncio.wait_for(stop.wait(), TIDY_EVERY_S)
        except TimeoutError:
            await asyncio.to_thread(work)


async def _tidy(store: Store, stop: asyncio.Event) -> None:
    trouble = ""

    def tidy() -> None:
        nonlocal trouble
        try:
            store.tidy()
            trouble = ""
        except (StoreBusy, StoreFull, StoreBroken) as error:
            if str(error) != trouble:
                log.warning("the cameras' reports are in memory alone: %s", error)
            trouble = str(error)

    await _repeat(tidy, stop)
