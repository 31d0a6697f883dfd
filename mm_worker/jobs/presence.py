"""A worker's presence: noted in the database as long as it works, with its daily caps and whether one is reached.

Whoever tells people that the worker is away reads it there. A worker that was told to end when nothing is left takes it
back: nobody expects that one.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from backend_api.base.clock import Clock
from backend_api.base.instants import to_ms
from backend_api.base.lasting import in_background
from backend_api.store.db.errors import StoreBroken, StoreBusy, StoreFull
from backend_api.store.db.settings import SettingName
from backend_api.store.store import Store

EVERY_S = 30.0

log = logging.getLogger(__name__)


class Presence:
    """`caps` are the daily caps in words; `reached` says which of them is reached now, None without one."""

    def __init__(self, store: Store, caps: str, reached: Callable[[], str | None], clock: Clock) -> None:
        self._store = store
        self._caps = caps
        self._reached = reached
        self._clock = clock

    def note(self) -> None:
        """Note that the worker is there, and the cap. What the database refuses is said, and noted the next time."""
        self._try(lambda: self._store.worker_caps.note(self._caps, self._reached()))
        self._try(lambda: self._store.settings.keep(SettingName.WORKER_SEEN_MS, str(to_ms(self._clock.now()))))

    def take_back(self) -> None:
        """Note that no worker is expected."""
        self._try(lambda: self._store.worker_caps.take_back(self._caps))
        self._try(lambda: self._store.settings.keep(SettingName.WORKER_SEEN_MS, None))

    def noted(self) -> AbstractContextManager[None]:
        """While this is entered, it is noted in a thread of its own."""
        return in_background(self.run, "presence", "the worker's presence is not noted", self._clock)

    def run(self, stop: threading.Event) -> None:
        """Note it every EVERY_S until `stop` is set."""
        while not stop.is_set():
            self.note()
            self._clock.wait(stop, EVERY_S)

    def _try(self, note: Callable[[], object]) -> None:
        try:
            note()
        except (StoreBusy, StoreFull, StoreBroken) as error:
            log.warning("the worker's presence could not be noted: %s", error)


@contextmanager
def present(presence: Presence, *, drain: bool) -> Iterator[None]:
    """While this is entered, `presence` is noted in a thread of its own; after a `drain` it is taken back."""
    with presence.noted():
        yield
    if drain:
        presence.take_back()
