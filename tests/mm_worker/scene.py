"""A database, a media folder and the workers on them, with time in the test's hand."""

import random
import threading
from pathlib import Path

from backend_api.contract.events import Event
from backend_api.contract.media import clip_name
from backend_api.contract.verdicts import Enrichment
from backend_api.media.folder import MediaFolder
from backend_api.media.media import Media
from mm_worker.jobs.admission import Admission
from mm_worker.jobs.worker_loop import Pace, RetryPolicy, Worker
from mm_worker.vlm.mock_vlm import MockVlm
from mm_worker.vlm.vlm import Vlm
from tests.backend_api.events import make_event
from tests.backend_api.fresh_store import fresh_store
from tests.fake_clock import FakeClock
from tests.mm_worker.clips import draw_clip

GUARD_S = 60
JITTER_SEED = 7
PACE = Pace(lease_s=30.0, poll_s=0.5)
RETRY = RetryPolicy(max_attempts=3, base_s=2.0, cap_s=60.0)


class WorkerClock(FakeClock):
    """Whoever waits for `stop` gets there at once; a heartbeat beats `beats` times, then stands still to the end."""

    def __init__(self, stop: threading.Event, beats: int = 0) -> None:
        super().__init__()
        self.beaten = threading.Event()
        self._stop = stop
        self._beats = beats

    def wait(self, signal: threading.Event, timeout_s: float) -> bool:
        if signal is self._stop:
            return super().wait(signal, timeout_s)
        if self._beats == 0:
            self.beaten.set()
            return signal.wait(GUARD_S)
        self._beats -= 1
        return super().wait(signal, timeout_s)


class Scene:
    """`store` and the workers share `clock`; times are seconds."""

    def __init__(self, folder: Path, beats: int = 0) -> None:
        self.stop = threading.Event()
        self.clock = WorkerClock(self.stop, beats)
        self.store = fresh_store(folder / "app.db", self.clock)
        self.media = folder / "media"
        self.media.mkdir()

    def add_attempt(self, at_s: float = 0.0, **overrides: object) -> Event:
        """Store a cleaning attempt; it promises a clip of a second, which lies in the media folder."""
        path = self.media / clip_name(make_event(at_s=at_s).event_id)
        event = make_event(at_s=at_s, **({"clip": draw_clip(path, range(0, 1000, 100))} | overrides))
        self.store.events.add([event])
        return event

    def enrichment(self, event: Event) -> Enrichment:
        """What the database says of the question about `event`."""
        row = self.store.events.find(event.event_id)
        assert row is not None
        assert row.mm is not None
        return row.mm

    def worker(
        self,
        vlm: Vlm | None = None,
        admission: Admission | None = None,
        pace: Pace = PACE,
        media: Media | None = None,
    ) -> Worker:
        """A worker with the mocked model and an admission of its own, unless told otherwise."""
        return Worker(
            self.store,
            media or MediaFolder(self.media),
            vlm or MockVlm(123),
            admission or Admission(self.clock, random.Random(JITTER_SEED)),
            clock=self.clock,
            stop=self.stop,
            pace=pace,
            retry=RETRY,
            rng=random.Random(JITTER_SEED),
        )
