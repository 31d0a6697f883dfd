"""The story of a frame: from the source through detection and rules to the clip and the outbox."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np

from backend_api.base.clock import Clock
from backend_api.contract.events import Event
from edge_service.clips.pictures import StillSlot
from edge_service.clips.recorder import Recorder
from edge_service.detection.detector import Detection, Detector
from edge_service.outbox.outbox import Outbox, OutboxFull
from edge_service.pipeline.checkpoint import Checkpoint, Checkpointer, CheckpointFile, Run
from edge_service.pipeline.clock_step import ClockSteps
from edge_service.pipeline.eyes import Eyes
from edge_service.pipeline.looks import Looks
from edge_service.pipeline.preview_video import PreviewVideo
from edge_service.pipeline.progress import INTERVAL_S, Progress, RunCounts
from edge_service.pipeline.recovery import Recovery
from edge_service.pipeline.sight import Sight
from edge_service.privacy.masking import Masking
from edge_service.rules.engine import RuleEngine
from edge_service.rules.rule_event import RuleEvent
from edge_service.tracking.tracker import Track, Tracker
from edge_service.tracking.witness import Witness, grid_size
from edge_service.video.frame import Frame, FrameSource
from edge_service.video.hardware import HardwareDecoding
from edge_service.video.pacing import paced

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Camera:
    """Everything that one camera's loop works with."""

    source: FrameSource
    detector: Detector
    tracker: Tracker
    rules: RuleEngine
    recorder: Recorder
    outbox: Outbox
    masking: Masking
    still: StillSlot
    preview: PreviewVideo | None = None
    eyes: Eyes | None = None
    """By what events are found at present."""
    decoding: HardwareDecoding | None = None
    """What decodes."""
    witness: Witness | None = None
    """Tells people from things among those that were found; None to believe all."""
    looks: Looks | None = None
    """Answers a person who asks to see what the camera sees now."""


class CameraLoop:
    """Runs a camera's loop and counts what it did."""

    def __init__(
        self,
        camera: Camera,
        run: Run,
        checkpoint_file: CheckpointFile,
        clock: Clock,
        progress_interval_s: float = INTERVAL_S,
    ) -> None:
        """A line on the progress is logged every `progress_interval_s` seconds."""
        self._camera = camera
        self._run = run
        self._checkpoints = Checkpointer(checkpoint_file, self._checkpoint, clock)
        self._clock = clock
        self._progress = Progress(clock, progress_interval_s)
        self._sight = Sight(clock.monotonic_s())
        self._clock_steps = ClockSteps(clock)
        self._told_fault = False
        self._time_s = 0.0
        self._repeats_until_s = 0.0
        self._events = 0
        self._has_ended = False
        self._is_reconfigured = False

    def begin(self, recovery: Recovery) -> None:
        """Hand over the events that the run before this one still owed, and from then on be what a restart finds."""
        self._repeats_until_s = recovery.repeats_until_s
        for event in recovery.events:
            self._keep(event)
        self._checkpoints.save()

    def run(
        self, speed: float | None, stop: threading.Event, is_reconfigured: Callable[[], bool] = lambda: False
    ) -> None:
        """Watch until the source ends, then close what is open; when `stop` is set, only finish the clips at hand.

        When `is_reconfigured` says so, asked after each frame, open sessions are ended as `reconfigured`, and the clips
        at hand finished.

        `speed` is media seconds per second, None for as fast as it goes.
        """
        with closing(iter(self._camera.source)) as frames:
            last = self._look_at_all(paced(frames, speed, self._clock, stop), is_reconfigured)
            goes_on = self._is_reconfigured and not stop.is_set()
            if goes_on and last is not None:
                self._begin_clips(self._camera.rules.reconfigure(), *last)
            if stop.is_set() or goes_on:
                self._record_post_roll(frames)
            elif last is not None:
                self._begin_clips(self._camera.rules.finish(self._time_s), *last)
        self._keep_finished(end_of_stream=True)
        self._has_ended = not stop.is_set() and not goes_on
        if self._has_ended and self._camera.looks is not None:
            self._camera.looks.end()
        self._checkpoints.save()
        self._progress.report_end(self.counts())

    def counts(self) -> RunCounts:
        """The run's counts so far."""
        source = self._camera.source
        # Another thread asks, too: in this order a frame that comes meanwhile cannot make more processed than captured,
        # which no report could tell.
        processed = source.processed
        captured = max(source.captured, processed)
        return RunCounts(
            media_time_s=self._time_s,
            captured=captured,
            processed=processed,
            skipped=captured - processed,
            events=self._events,
            outbox_depth=self._camera.outbox.depth,
            reconnects=source.reconnects,
            has_ended=self._has_ended,
            problem=source.problem,
            warning=source.warning,
            fault=self._sight.fault,
        )

    def _checkpoint(self) -> Checkpoint | None:
        if self._time_s < self._repeats_until_s:
            return None
        camera = self._camera
        recorder = camera.recorder
        return Checkpoint(
            self._run, camera.rules.state(), recorder.pending, self._time_s, recorder.clock_steps, recorder.source
        )

    def _look_at_all(
        self, frames: Iterable[Frame | None], is_reconfigured: Callable[[], bool]
    ) -> tuple[Frame, Sequence[Track]] | None:
        """Look at `frames`, and see to all that time brings with it; the last one and who was in it."""
        last: tuple[Frame, Sequence[Track]] | None = None
        for frame in frames:
            if frame is not None:
                last = frame, self._look(frame)
            else:
                self._sight.wait(self._camera.source.captured, self._clock.monotonic_s())
                if self._camera.looks is not None:
                    self._camera.looks.miss(self._camera.source.problem)
                if last is not None:
                    self._begin_clips(self._camera.rules.advance_to(self._camera.source.complete_s), *last)
            self._tell_fault()
            self._follow_clock()
            self._keep_finished()
            self._checkpoints.save_if_due()
            if self._progress.is_due():
                self._progress.report(self.counts())
            if is_reconfigured():
                self._is_reconfigured = True
                break
        return last

    def _look(self, frame: Frame) -> Sequence[Track]:
        camera = self._camera
        # To the millisecond, as events tell time: a restart then continues them without a rounding of its own.
        self._time_s = round(frame.time_s, 3)
        self._sight.look(self._time_s, camera.source.captured, self._clock.monotonic_s())
        detections, tracks = self._find(frame)
        self._begin_clips(camera.rules.update(tracks, self._time_s), frame, tracks)
        camera.still.offer(frame)
        if camera.looks is not None:
            camera.looks.note(frame, detections, tracks, camera.rules.states)
        if camera.preview is not None:
            camera.preview.add(frame, tracks, camera.rules)
        frame.let_go()
        return tracks

    def _find(self, frame: Frame) -> tuple[Sequence[Detection], Sequence[Track]]:
        """The detections in `frame`, and the people among their tracks; the masking is told of both."""
        camera, time_s = self._camera, round(frame.time_s, 3)
        detections = camera.detector.detect(frame)
        if camera.eyes is not None:
            camera.recorder.find_by(camera.eyes())
        source = camera.recorder.source
        if source is not None and source.stream != frame.stream:
            camera.recorder.find_by(source.model_copy(update={"stream": frame.stream}))
        tracks = camera.tracker.update(detections, time_s)
        camera.masking.look(frame, time_s, tracks, detections)
        return detections, tracks if camera.witness is None else self._people(camera.witness, frame, tracks)

    def _people(self, witness: Witness, frame: Frame, tracks: Sequence[Track]) -> Sequence[Track]:
        """Those of `tracks` that are no things; a key picture that is looked at in place of others is known, too."""
        of = frame.looked_at or frame
        time_s = round(of.time_s, 3)
        if witness.is_due(time_s):
            witness.look(of.scaled(grid_size(of.width, of.height)).mean(axis=2, dtype=np.float32), time_s)
        return witness.people(tracks)

    def _tell_fault(self) -> None:
        """Log once when a fault comes, and when it goes."""
        fault = self._sight.fault
        if fault is not None and not self._told_fault:
            log.warning("%s: %s", self._camera.source.description, fault)
        elif fault is None and self._told_fault:
            log.info("%s: is seen again", self._camera.source.description)
        self._told_fault = fault is not None

    def _follow_clock(self) -> None:
        """Once the wall clock was set, events of a live camera are timed by it; earlier ones keep their time."""
        step_s = self._clock_steps.take()
        if not step_s or not self._camera.source.is_live:
            return
        log.warning(
            "the computer's clock was set by %+.1f s: events from now on go by the new time, earlier ones keep theirs",
            step_s,
        )
        self._run = replace(self._run, start_time=self._camera.recorder.set_clock(self._time_s, step_s))
        self._checkpoints.save()

    def _begin_clips(self, rule_events: Sequence[RuleEvent], frame: Frame, tracks: Sequence[Track]) -> None:
        for rule_event in rule_events:
            self._camera.recorder.begin(rule_event, frame, tracks)
        if rule_events:
            self._checkpoints.save()

    def _keep_finished(self, *, end_of_stream: bool = False) -> None:
        for event in self._camera.recorder.finished(end_of_stream=end_of_stream):
            self._keep(event)
            self._checkpoints.save()

    def _keep(self, event: Event) -> None:
        """Hand `event` to the outbox, which has it on the disk then, or has said that it has no room."""
        try:
            self._camera.outbox.append(event)
        except OutboxFull:
            return  # the outbox says so and counts it
        self._events += 1
        log.info("%s at %s, %s", event.event_type, event.machine_id, _describe_clip(event.clip_error))

    def _record_post_roll(self, frames: Iterator[Frame | None]) -> None:
        """Take the post-roll of the clips that are begun, so that a stopped run's events are those of a whole one."""
        if self._camera.recorder.is_recording:
            for frame in frames:
                if frame is not None and self._camera.masking.follows:
                    self._find(frame)
                self._keep_finished()
                if not self._camera.recorder.is_recording:
                    return


def _describe_clip(clip_error: str | None) -> str:
    return "with its clip" if clip_error is None else f"without a clip: {clip_error}"
