"""Work that lasts: what a thread fails of unforeseen is said, and its work is begun again after a pause that grows.

It is for work of which nobody waits for a result: an error that nobody sees would end it without a word, while all else
goes on. Where somebody waits, the error is raised there.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from backend_api.base.backoff import longest_delay_s
from backend_api.base.clock import Clock
from backend_api.base.process import in_same_name

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
SOUND_RUN_S = 60.0
"""A run of this length ends a row of failures."""
_TEXT_CHARACTERS = 300

log = logging.getLogger(__name__)


def explain_unforeseen(error: Exception) -> str:
    """The `error`, which nothing in the program expects, in one line; with GYM_DEBUG=1 its traceback is logged."""
    if os.environ.get("GYM_DEBUG"):
        log.error("an unforeseen error, raised here", exc_info=error)
    text = " ".join(str(error).split())[:_TEXT_CHARACTERS]
    return f"{type(error).__name__}: {text} (unforeseen; GYM_DEBUG=1 shows where)"


def keep_running(
    run: Callable[[], None],
    what: str,
    clock: Clock,
    stop: threading.Event,
    fails: Callable[[str], None] = lambda _: None,
) -> None:
    """Call `run` until it returns, or `stop` is set; what it raises is logged, after the words `what` is wrong then.

    `fails` is told the same in a line: that it does not run at present, and why.
    """
    setbacks = _Setbacks(what, fails)
    while True:
        began_s = clock.monotonic_s()
        try:
            return run()
        except Exception as error:  # noqa: BLE001 - the edge of a thread whose result nobody waits for
            pause_s = setbacks.note(error, clock.monotonic_s() - began_s)
        if clock.wait(stop, pause_s):
            return None


async def keep_running_in_loop(
    run: Callable[[], Awaitable[None]], what: str, stop: asyncio.Event, fails: Callable[[str], None] = lambda _: None
) -> None:
    """The same for a task of an event loop."""
    setbacks, clock = _Setbacks(what, fails), asyncio.get_running_loop().time
    while True:
        began_s = clock()
        try:
            return await run()
        except Exception as error:  # noqa: BLE001 - the edge of a task whose result nobody waits for
            pause_s = setbacks.note(error, clock() - began_s)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause_s)
            return None


@contextmanager
def in_background(run: Callable[[threading.Event], None], name: str, what: str, clock: Clock) -> Iterator[None]:
    """While this is entered, `run` runs in a thread of that `name`, kept running; its argument is set at the end.

    `what` is said to be wrong while it does not run, such as "old clips are not removed".
    """
    stop = threading.Event()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix=name) as executor:
        executor.submit(in_same_name(keep_running), lambda: run(stop), what, clock, stop)
        try:
            yield
        finally:
            stop.set()


class _Setbacks:
    """The failures of one thing in a row."""

    def __init__(self, what: str, fails: Callable[[str], None]) -> None:
        self._what = what
        self._fails = fails
        self._count = 0

    def note(self, error: Exception, ran_s: float) -> float:
        """Say that it failed after `ran_s` seconds; how many seconds to wait before the next try."""
        self._count = 1 if ran_s >= SOUND_RUN_S else self._count + 1
        pause_s = longest_delay_s(self._count, FIRST_PAUSE_S, LONGEST_PAUSE_S)
        text = f"{self._what}: {explain_unforeseen(error)}; trying again in {pause_s:g} s"
        log.error("%s", text)
        self._fails(text)
        return pause_s
