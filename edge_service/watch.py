"""The story of a frame: from the source through detection and rules to the clip and the outbox."""

import logging
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from backend_api.clock import Clock
from edge_service.detector import Detector
from edge_service.frame import Frame
from edge_service.outbox import Outbox, OutboxFull
from edge_service.pacing import paced
from edge_service.progress import Progress, Tally
from edge_service.recorder import Recorder
from edge_service.rules import RuleEngine
from edge_service.tracker import Track, Tracker
from edge_service.video import VideoSource

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Camera:
    """Everything that one camera's loop works with."""

    source: VideoSource
    detector: Detector
    tracker: Tracker
    rules: RuleEngine
    recorder: Recorder
    outbox: Outbox


class Watch:
    """Runs a camera's loop and counts what it did."""

    def __init__(self, camera: Camera, clock: Clock) -> None:
        self._camera = camera
        self._clock = clock
        self._progress = Progress(clock)
        self._media_time_s = 0.0
        self._events = 0

    def run(self, speed: float | None, stop: threading.Event) -> None:
        """Watch until the source ends, then close what is open; when `stop` is set, only finish the clips at hand.

        `speed` is media seconds per second, None for as fast as it goes.
        """
        camera = self._camera
        frames = iter(camera.source)
        last: tuple[Frame, Iterable[Track]] | None = None
        for frame in paced(frames, speed, self._clock, stop):
            tracks = camera.tracker.update(camera.detector.detect(frame), frame.time_s)
            for hit in camera.rules.update(tracks, frame.time_s):
                camera.recorder.begin(hit, frame, tracks)
            self._keep_finished()
            self._tell_progress(frame)
            last = frame, tracks
        if stop.is_set():
            self._film_on(frames)
        elif last is not None:
            self._close_sessions(*last)
        self._keep_finished(end_of_stream=True)
        self._progress.report_end(self.tally())

    def tally(self) -> Tally:
        """What has been done so far."""
        source = self._camera.source
        return Tally(
            media_time_s=self._media_time_s,
            captured=source.captured,
            processed=source.processed,
            skipped=source.skipped,
            events=self._events,
            outbox_depth=self._camera.outbox.depth,
        )

    def _film_on(self, frames: Iterator[Frame]) -> None:
        """Take the post-roll of the clips that are begun, so that a stopped run's events are those of a whole one."""
        while self._camera.recorder.is_recording and next(frames, None) is not None:
            self._keep_finished()

    def _close_sessions(self, frame: Frame, tracks: Iterable[Track]) -> None:
        for hit in self._camera.rules.finish(frame.time_s):
            self._camera.recorder.begin(hit, frame, tracks)

    def _keep_finished(self, *, end_of_stream: bool = False) -> None:
        for event in self._camera.recorder.finished(end_of_stream=end_of_stream):
            try:
                self._camera.outbox.append(event)
            except OutboxFull:
                continue  # the outbox has said so and counts it
            self._events += 1
            log.info("%s at %s, %s", event.event_type, event.machine_id, _describe_clip(event.clip_error))

    def _tell_progress(self, frame: Frame) -> None:
        self._media_time_s = frame.time_s
        if self._progress.is_due():
            self._progress.report(self.tally())


def _describe_clip(clip_error: str | None) -> str:
    return "with its clip" if clip_error is None else f"without a clip: {clip_error}"
