"""Retention: in the background, media that are too old or too much are removed; their events stay. Stills go by age.

Order: write down that they go, on the disk, and only then remove the files. After a crash in between, what was written
down is still in the folder; the next pass finds it there and removes it.
"""

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

from backend_api.base.clock import Clock
from backend_api.media.folder import MediaFolder
from backend_api.media.retention_policy import EventMedia, KeepLimits, Removal, choose
from backend_api.media.usage import EventFiles, read_usage
from backend_api.store.errors import StoreBusy, StoreFull
from backend_api.store.store import Store

# How long more than the limits may lie there.
INTERVAL_S = 600.0
# So many are written down in one transaction: others wait meanwhile.
_REMOVALS_A_WRITE = 500

log = logging.getLogger(__name__)


class Retention:
    """Keeps `media` within `limits`."""

    def __init__(self, store: Store, media: MediaFolder, limits: KeepLimits, clock: Clock) -> None:
        self._store = store
        self._media = media
        self._limits = limits
        self._clock = clock

    def run(self, stop: threading.Event) -> None:
        """Look now and every INTERVAL_S until `stop` is set; a failure is tried again the next time."""
        while not stop.is_set():
            try:
                self.sweep()
            except (StoreBusy, StoreFull, OSError) as error:
                log.warning("old clips could not be removed, next try in %g s: %s", INTERVAL_S, error)
            self._clock.wait(stop, INTERVAL_S)

    def sweep(self) -> int:
        """Remove what has to go now; of how many events that was. Raises StoreBusy, StoreFull, OSError."""
        used = read_usage(self._media.folder)
        kept = [
            EventMedia(
                facts.event_id,
                facts.ts,
                used[facts.event_id].size_bytes,
                is_waiting=facts.is_waiting,
                is_reviewed=facts.is_reviewed,
            )
            for facts in self._store.removed_media.facts(list(used))
        ]
        removals = list(choose(kept, self._limits, self._clock.now()))
        for start in range(0, len(removals), _REMOVALS_A_WRITE):
            part = removals[start : start + _REMOVALS_A_WRITE]
            self._store.removed_media.note([(removal.event_id, removal.reason) for removal in part])
            for removal in part:
                self._remove(removal, used[removal.event_id])
        if self._limits.days is not None:
            # Without an exception: a camera that is gone leaves no picture of people behind, either.
            self._store.setups.drop_stills(self._clock.now() - timedelta(days=self._limits.days))
        if removals:
            log.info("removed the clips and pictures of %d events, which themselves stay", len(removals))
        return len(removals)

    def _remove(self, removal: Removal, files: EventFiles) -> None:
        for name in files.names:
            (self._media.folder / name).unlink(missing_ok=True)
        log.debug("%s: %s", removal.event_id, removal.reason)


@contextmanager
def sweeping(retention: Retention | None) -> Iterator[None]:
    """While this is entered, `retention` runs in a thread of its own; nothing happens without one."""
    if retention is None:
        yield
        return
    stop = threading.Event()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="retention") as executor:
        executor.submit(retention.run, stop).add_done_callback(_report_end)
        try:
            yield
        finally:
            stop.set()


def _report_end(running: "Future[None]") -> None:
    if error := running.exception():
        log.error("old clips are no longer removed: %s: %s; start the backend again", type(error).__name__, error)
