"""Two streams of one camera: a small one that detection looks at, and the main one, of which clips and pictures are.

While the small one is lost for longer than FALLBACK_S the main one is looked at, which costs more: frames, events, log
and heartbeat say so. As soon as the small one sends again it is looked at again.

Both are on the run's time line already: files from their start, live streams by arrival. Where a camera tells the wall
clock of its pictures (RTCP sender reports, RFC 3550, 6.4.1), that says how far the two still are apart, and frames are
moved by it; without it they are as far apart as one is held back longer than the other, some tenths of a second.
"""

import logging
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cache, partial
from typing import Protocol

from backend_api.base.clock import Clock
from edge_service.video.frame import Frame, FrameSource, Image
from edge_service.video.frame_maker import picture_at
from edge_service.video.packet_ring import PacketRing

log = logging.getLogger(__name__)

# A smaller difference is noticed by nobody, and changes with every sender report.
_LEAST_SHIFT_S = 0.1
MOST_SHIFT_S = 10.0
"""Streams that are further apart are not of one moment: the camera's clocks are wrong, and arrival is believed."""
FALLBACK_S = 10.0
"""So long the stream for detection may be lost: a camera that restarts, or a glitch, is waited for."""
_SAME_ASPECT = 0.03
# The main stream's last picture stands for a moment that is so much later at most; then detection's own is shown.
_OLDEST_S = 0.5


class Recording(Protocol):
    """A stream whose packets go into a ring, and nowhere else."""

    def opened(self) -> AbstractContextManager[Callable[[float], None]]:
        """Begin to read, until the block is left.

        The function that it gives is called with a media time in seconds: all packets up to it that have come go into
        the ring.
        """
        ...

    def look(self) -> Frame | None:
        """The next frame of what comes, while it is opened; None about once a second while there is none."""
        ...

    @property
    def captured(self) -> int:
        """Frames that have come, whether or not they are looked at."""
        ...

    @property
    def processed(self) -> int:
        """Frames that were looked at."""
        ...

    @property
    def problem(self) -> str | None:
        """Why no packets come at present, in a phrase without credentials; None while they come."""
        ...

    @property
    def wall_offset_s(self) -> float | None:
        """What media time is ahead of the camera's wall clock; None where it does not tell that."""
        ...

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height of its pictures as they are shown; None while it is not known."""
        ...

    @property
    def description(self) -> str:
        """The stream in words for people, without credentials."""
        ...


class Detection(FrameSource, Protocol):
    """The stream that is looked at."""

    def check(self) -> None:
        """Raises UsageError, as asking for a frame does, when there is no sense in waiting for one."""
        ...

    @property
    def wall_offset_s(self) -> float | None:
        """What media time is ahead of the camera's wall clock; None where it does not tell that."""
        ...


class PairedSource:
    """The frames of the stream `detection`, whose pictures for people come from the `recording` in `ring`.

    Zones are parts of the picture, 0..1: the two streams must show the same, in any size and stretched as they like.
    With `shows_detection` people, too, get the pictures that detection looks at.
    """

    def __init__(
        self,
        detection: Detection,
        recording: Recording,
        ring: PacketRing,
        clock: Clock,
        *,
        shows_detection: bool = False,
    ) -> None:
        self._clock = clock
        self._detection = detection
        self._recording = recording
        self._ring = ring
        self._shows_detection = shows_detection
        self._shift_s = 0.0
        self._last_s = float("-inf")
        self._told_problem = False
        self._told_aspect = False
        self._lost_since_s: float | None = None
        self._is_main_looked_at = False
        self._main_captured = 0

    @property
    def captured(self) -> int:
        """Frames that detection's stream has delivered, and the main one while it was looked at."""
        return self._detection.captured + self._main_captured

    @property
    def processed(self) -> int:
        """Frames that were handed on."""
        return self._detection.processed + self._recording.processed

    @property
    def skipped(self) -> int:
        """Frames that were delivered and not, or not yet, handed on."""
        return self.captured - self.processed

    @property
    def reconnects(self) -> int:
        """How many times detection's connection was made again."""
        return self._detection.reconnects

    @property
    def is_live(self) -> bool:
        """Whether its time is the clock's."""
        return self._detection.is_live

    @property
    def complete_s(self) -> float:
        """No frame that comes later is of before this media time."""
        complete_s = self._ring.complete_s if self._is_main_looked_at else self._detection.complete_s - self._shift_s
        return max(complete_s, self._last_s)

    @property
    def problem(self) -> str | None:
        """Why nothing can be looked at."""
        problem = self._detection.problem
        if problem is None or (self._is_main_looked_at and self._recording.problem is None):
            return None
        main = f"; the main stream {self._recording.problem}" if self._is_main_looked_at else ""
        return f"the stream for detection {problem}{main}"

    @property
    def warning(self) -> str | None:
        """Why there are no clips, or they may not fit; None while all is well."""
        problem = self._recording.problem
        if problem is not None:
            return f"no clips at present: the main stream {problem}"
        if self._is_main_looked_at and self._detection.problem is not None:
            return f"the main stream is looked at, which costs more: the one for detection {self._detection.problem}"
        if abs(self._apart_s() or 0.0) > MOST_SHIFT_S:
            return (
                f"the main stream and that for detection are {abs(self._apart_s() or 0.0):.0f} s apart by the camera's"
                " clocks, which is not believed: see to it that clips show what their events say"
            )
        return None

    @property
    def description(self) -> str:
        """Both streams, for people."""
        return f"{self._recording.description}, detection {self._detection.description}"

    def __iter__(self) -> Generator[Frame | None, None, None]:
        """The frames of detection's stream, in the time of the main one."""
        with self._recording.opened() as feed:
            for frame in self._detection:
                self._align()
                self._tell()
                feed(self._detection.complete_s if frame is None else frame.time_s - self._shift_s)
                if frame is None:
                    yield None
                elif frame.time_s - self._shift_s > self._last_s:
                    self._last_s = frame.time_s - self._shift_s
                    yield self._paired(frame)
                if self._is_lost():
                    yield from self._main_frames()
            feed(float("inf"))

    def _is_lost(self) -> bool:
        """Whether detection's stream has been lost for long, while the main one goes on."""
        now_s = self._clock.monotonic_s()
        if self._detection.problem is None:
            self._lost_since_s = None
        elif self._lost_since_s is None:
            self._lost_since_s = now_s
        is_long = self._lost_since_s is not None and now_s - self._lost_since_s >= FALLBACK_S
        return is_long and self.is_live and self._recording.problem is None

    def _main_frames(self) -> Generator[Frame | None, None, None]:
        """The frames of the main stream, until detection's sends again, or the main one is lost, too."""
        log.warning(
            "the stream for detection %s: the main stream is looked at until that is over, which costs more",
            self._detection.problem,
        )
        self._is_main_looked_at = True
        try:
            while self._is_lost():
                self._detection.check()
                self._tell()
                before = self._recording.captured
                frame = self._recording.look()
                self._main_captured += self._recording.captured - before
                if frame is None:
                    yield None
                elif frame.time_s > self._last_s:
                    self._last_s = frame.time_s
                    yield replace(frame, stream="main")
        finally:
            self._is_main_looked_at = False
        if self._detection.problem is None:
            log.info("the stream for detection sends pictures again: it is looked at")

    def _paired(self, frame: Frame) -> Frame:
        size = self._recording.size or (frame.width, frame.height)
        if not self._told_aspect and abs(size[0] * frame.height / (size[1] * frame.width) - 1) > _SAME_ASPECT:
            self._told_aspect = True
            log.warning(
                "detection looks at pictures of %dx%d, and the main stream has %dx%d: they are taken for the same view,"
                " stretched; if one of them is cut off, set a size of the same shape in the camera",
                frame.width, frame.height, *size,
            )  # fmt: skip
        paired = replace(frame, time_s=self._last_s, width=size[0], height=size[1])
        if self._shows_detection:
            return paired
        image = cache(partial(self._image, self._last_s, frame.image))

        def let_go() -> None:
            image.cache_clear()
            frame.let_go()

        return replace(paired, image=image, let_go=let_go)

    def _image(self, time_s: float, instead: Callable[[], Image]) -> Image:
        found = picture_at(self._ring.select(time_s, time_s), time_s)
        # Where people are in it is known of `time_s`: what is hidden would lie beside them in an older one.
        return instead() if found is None or time_s - found[1] > _OLDEST_S else found[0]

    def _apart_s(self) -> float | None:
        """How much later detection's stream is than the main one, by the camera's wall clock."""
        detection_s, recording_s = self._detection.wall_offset_s, self._recording.wall_offset_s
        return None if detection_s is None or recording_s is None else detection_s - recording_s

    def _align(self) -> None:
        apart_s = self._apart_s()
        if apart_s is None or abs(apart_s) > MOST_SHIFT_S or abs(apart_s - self._shift_s) < _LEAST_SHIFT_S:
            return
        log.info(
            "the stream for detection is %+.2f s later than the main one by the camera's clock, before %+.2f s:"
            " it is moved by that",
            apart_s, self._shift_s,
        )  # fmt: skip
        self._shift_s = apart_s

    def _tell(self) -> None:
        """Log once when clips cannot be made, and when they can again."""
        problem = self._recording.problem
        if problem is not None and not self._told_problem:
            log.warning("%s: %s; events go on without clips", self._recording.description, problem)
        elif problem is None and self._told_problem:
            log.info("%s: there are clips again", self._recording.description)
        self._told_problem = problem is not None
