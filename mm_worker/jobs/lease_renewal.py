"""Keeping a claim while the model works: its lease is renewed on a thread of its own."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from backend_api.base.clock import Clock


@contextmanager
def renewing(renew: Callable[[], bool], every_s: float, clock: Clock) -> Iterator[None]:
    """Call `renew` every `every_s` seconds while the block runs, until it says False: the claim is lost.

    An error that `renew` raises is raised again when the block ends.
    """
    done = threading.Event()

    def keep_on() -> None:
        while not clock.wait(done, every_s) and renew():
            pass

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="lease") as executor:
        renewed = executor.submit(keep_on)
        try:
            yield
        finally:
            done.set()
        renewed.result()
