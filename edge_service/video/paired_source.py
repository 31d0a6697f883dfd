"""Two streams of one camera: a small one that detection looks at, and the main one, of which clips and pictures are.

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

from edge_service.video.frame import Frame, FrameSource, Image
from edge_service.video.frame_maker import picture_at
from edge_service.video.packet_ring import PacketRing

log = logging.getLogger(__name__)

# What differs by less is noticed by nobody, and changes with every sender report.
_LEAST_SHIFT_S = 0.1
MOST_SHIFT_S = 10.0
"""Streams that are further apart are not of one moment: the camera's clocks are wrong, and arrival is believed."""
_SAME_ASPECT = 0.03
# The main stream's last picture stands for a moment that is so much later at most; then detection's own is shown.
_OLDEST_S = 0.5


class Recording(Protocol):
    """A stream whose packets go into a ring, and nowhere else."""

    def opened(self) -> AbstractContextManager[Callable[[float], None]]:
        """Begin to read, until the block is left.

        What it gives is called with a media time in seconds: all packets up to it that have come go into the ring.
        """
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
        *,
        shows_detection: bool = False,
    ) -> None:
        self._detection = detection
        self._recording = recording
        self._ring = ring
        self._shows_detection = shows_detection
        self._shift_s = 0.0
        self._last_s = float("-inf")
        self._told_problem = False
        self._told_aspect = False

    @property
    def captured(self) -> int:
        """Frames that detection's stream has delivered."""
        return self._detection.captured

    @property
    def processed(self) -> int:
        """Frames that were handed on."""
        return self._detection.processed

    @property
    def skipped(self) -> int:
        """Frames that were delivered and not, or not yet, handed on."""
        return self._detection.skipped

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
        return self._detection.complete_s - self._shift_s

    @property
    def problem(self) -> str | None:
        """Why nothing can be looked at."""
        problem = self._detection.problem
        return None if problem is None else f"the stream for detection {problem}"

    @property
    def warning(self) -> str | None:
        """Why there are no clips, or they may not fit; None while all is well."""
        problem = self._recording.problem
        if problem is not None:
            return f"no clips at present: the main stream {problem}"
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
            feed(float("inf"))

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
