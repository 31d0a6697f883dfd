"""Retention: in the background, media that are too old or too much are removed; their events stay. Stills go by age.

Order: write down that they go, on the disk, and only then remove the files. After a crash in between, what was written
down is still in the folder; the next pass finds it there and removes it.
"""

import logging
import threading
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from uuid import UUID

from backend_api.base.clock import Clock
from backend_api.base.lasting import in_background
from backend_api.media.media import Media
from backend_api.media.retention_policy import (
    LARGEST_CORRECTION,
    Clocks,
    EventMedia,
    KeepLimits,
    Removal,
    counts_from,
    held_back_text,
    plan,
)
from backend_api.media.usage import EventFiles, read_usage
from backend_api.store.db.database import Lock
from backend_api.store.db.errors import StoreBroken, StoreBusy, StoreFull
from backend_api.store.db.settings import SettingName
from backend_api.store.store import Store

# How long more than the limits may lie there.
INTERVAL_S = 600.0
# The files of an event that has not come: it may wait for so long in its edge's outbox.
UNKNOWN_S = 86_400.0
# How often events are looked for that are too old.
EVENTS_EVERY_S = 86_400.0
# So many are written down in one transaction: others wait meanwhile.
_REMOVALS_A_WRITE = 500

log = logging.getLogger(__name__)


class Retention:
    """Keeps `media` within `limits`."""

    def __init__(self, store: Store, media: Media, limits: KeepLimits, clock: Clock) -> None:
        self._store = store
        self._media = media
        self._limits = limits
        self._clock = clock
        # What the wall clock would say if it had not jumped is the first plus the monotonic time since the second.
        self._began = clock.now(), clock.monotonic_s()
        # When files of events that never came were first seen, by the monotonic clock.
        self._unknown_since_s: dict[UUID, float] = {}
        self._said: str | None = None
        # Old events are looked for once a day: the first time at once.
        self._events_due_s = clock.monotonic_s()
        self._events_held_back: str | None = None

    def run(self, stop: threading.Event) -> None:
        """Look now and every INTERVAL_S until `stop` is set; what fails is tried again the next time."""
        while not stop.is_set():
            try:
                # Of several backends one at a time: the others look again the next time.
                with self._store.database.alone(Lock.SWEEP) as is_alone:
                    if is_alone:
                        self.sweep()
            except (StoreBusy, StoreFull, StoreBroken, OSError) as error:
                log.warning("old clips could not be removed, next try in %g s: %s", INTERVAL_S, error)
            self._clock.wait(stop, INTERVAL_S)

    def sweep(self) -> int:
        """Remove what has to go now; of how many events that was. Raises StoreBusy, StoreFull, OSError."""
        used = read_usage(self._media)
        kept = [
            EventMedia(
                facts.event_id,
                counts_from(facts.ts, facts.received_at),
                used[facts.event_id].size_bytes,
                is_waiting=facts.is_waiting,
                is_reviewed=facts.is_reviewed,
            )
            for facts in self._store.removed_media.facts(list(used))
        ]
        unknown = self._unknown(used.keys() - {media.event_id for media in kept})
        is_allowed = self._store.settings.find(SettingName.REMOVAL_ALLOWED_MS) is not None
        clocks = self._clocks()
        sweep = plan(kept, unknown, self._limits, clocks, is_allowed=is_allowed)
        self._say(sweep.held_back, self._remove_old_events(clocks, used, is_allowed=is_allowed))
        for start in range(0, len(sweep.removals), _REMOVALS_A_WRITE):
            part = sweep.removals[start : start + _REMOVALS_A_WRITE]
            self._store.removed_media.note([(removal.event_id, removal.reason) for removal in part])
            self._remove(part, used)
        if is_allowed:
            # The word is for one sweep, and says that the clock is right.
            self._store.settings.keep(SettingName.REMOVAL_ALLOWED_MS, None)
            self._began = clocks.now, self._clock.monotonic_s()
        if self._limits.days is not None:
            # Without an exception: a camera that is gone leaves no picture of people behind, either.
            self._store.setups.drop_stills(clocks.steady_now - timedelta(days=self._limits.days))
        if sweep.removals:
            log.info("removed the clips and pictures of %d events, which themselves stay", len(sweep.removals))
        self._remove([Removal(event_id, "its event has not come for a day") for event_id in sweep.unknown], used)
        if sweep.unknown:
            log.info("removed the files of %d events that have not come for a day", len(sweep.unknown))
        return len(sweep.removals)

    def _clocks(self) -> Clocks:
        """The time with and without the clock's jumps ahead; small corrections, and being put back, are no jumps."""
        began, began_s = self._began
        steady_now = began + timedelta(seconds=self._clock.monotonic_s() - began_s)
        if self._clock.now() <= steady_now + LARGEST_CORRECTION:
            steady_now = self._clock.now()
            self._began = steady_now, self._clock.monotonic_s()
        return Clocks(self._clock.now(), steady_now)

    def _remove_old_events(self, clocks: Clocks, used: Mapping[UUID, EventFiles], *, is_allowed: bool) -> str | None:
        """Remove events that are too old, with their files; in words what waits for a person's word, if anything."""
        days = self._limits.events_days
        if days is None or not (is_allowed or self._clock.monotonic_s() >= self._events_due_s):
            return self._events_held_back
        self._events_due_s = self._clock.monotonic_s() + EVENTS_EVERY_S
        before = (clocks.now if is_allowed else clocks.steady_now) - timedelta(days=days)
        old = self._store.old_events.count(before)
        if 2 * old.events > old.total and not is_allowed:
            self._events_held_back = f"{old.events} of {old.total} events are older than {days:g} days"
            return self._events_held_back
        self._events_held_back = None
        removed = self._store.old_events.remove(before, clocks.now)
        reason = f"events are kept for {days:g} days"
        self._remove([Removal(event_id, reason) for event_id in removed if event_id in used], used)
        if removed:
            log.info("removed %d events older than %g days; their sessions and all figures stay", len(removed), days)
        return None

    def _say(self, *held_back: str | None) -> None:
        reason = " and ".join(part for part in held_back if part) or None
        self._store.settings.keep(SettingName.REMOVAL_HELD_BACK, reason)
        if reason and reason != self._said:
            log.warning("%s", held_back_text(reason))
        self._said = reason

    def _unknown(self, unknown: Collection[UUID]) -> list[UUID]:
        """Those of `unknown` events that have been so for a day in which this backend ran: it may have been away."""
        now_s = self._clock.monotonic_s()
        self._unknown_since_s = {event_id: self._unknown_since_s.get(event_id, now_s) for event_id in unknown}
        return [event_id for event_id, since_s in self._unknown_since_s.items() if now_s - since_s >= UNKNOWN_S]

    def _remove(self, removals: Collection[Removal], used: Mapping[UUID, EventFiles]) -> None:
        self._media.remove([name for removal in removals for name in used[removal.event_id].names])
        for removal in removals:
            log.debug("%s: %s", removal.event_id, removal.reason)


def sweeping(retention: Retention | None, clock: Clock) -> AbstractContextManager[None]:
    """While this is entered, `retention` runs in a thread of its own; nothing happens without one."""
    if retention is None:
        return nullcontext()
    return in_background(retention.run, "retention", "old clips are not removed", clock)
