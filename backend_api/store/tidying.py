"""Tidying: what a store has to do now and then, as long as the application runs."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from backend_api.base.lasting import keep_running_in_loop
from backend_api.store.db.errors import StoreBroken, StoreBusy, StoreFull
from backend_api.store.store import Store

TIDY_EVERY_S = 5.0

log = logging.getLogger(__name__)


@asynccontextmanager
async def tidied(store: Store) -> AsyncIterator[None]:
    """While this is entered, `store` is tidied in a thread every TIDY_EVERY_S."""
    stop = asyncio.Event()
    work = partial(_tidy, store, stop)
    tidying = asyncio.create_task(keep_running_in_loop(work, "the cameras' reports are in memory alone", stop))
    try:
        yield
    finally:
        stop.set()
        await tidying


async def _tidy(store: Store, stop: asyncio.Event) -> None:
    trouble = ""
    while not stop.is_set():
        try:
            await asyncio.wait_for(stop.wait(), TIDY_EVERY_S)
        except TimeoutError:
            try:
                await asyncio.to_thread(store.tidy)
                trouble = ""
            except (StoreBusy, StoreFull, StoreBroken) as error:
                if str(error) != trouble:
                    log.warning("the cameras' reports are in memory alone: %s", error)
                trouble = str(error)
