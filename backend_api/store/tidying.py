"""Tidying: what a store has to do now and then, as long as the application runs."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from backend_api.store.db.errors import StoreBroken, StoreBusy, StoreFull
from backend_api.store.store import Store

TIDY_EVERY_S = 5.0

log = logging.getLogger(__name__)


@asynccontextmanager
async def tidied(store: Store, also: Callable[[], None] = lambda: None) -> AsyncIterator[None]:
    """While this is entered, `store` is tidied in a thread every TIDY_EVERY_S, and `also` is called behind it."""
    stop = asyncio.Event()
    tidying = asyncio.create_task(_tidy(store, also, stop))
    try:
        yield
    finally:
        stop.set()
        await tidying


async def _tidy(store: Store, also: Callable[[], None], stop: asyncio.Event) -> None:
    trouble = ""
    while not stop.is_set():
        try:
            await asyncio.wait_for(stop.wait(), TIDY_EVERY_S)
        except TimeoutError:
            try:
                await asyncio.to_thread(store.tidy)
                trouble = ""
                await asyncio.to_thread(also)
            except (StoreBusy, StoreFull, StoreBroken) as error:
                if str(error) != trouble:
                    log.warning("the cameras' reports are in memory alone: %s", error)
                trouble = str(error)
