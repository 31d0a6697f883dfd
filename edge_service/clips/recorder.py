"""From a rule event to its event: wait for the post-roll, cut the clip, keep it, and only then build the event."""

import heapq
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from uuid import UUID

from backend_api.base.durable_files import Disk
from backend_api.base.process import in_same_name
from backend_api.contract.events import ClipMask, Event
from backend_api.contract.sources import EventSource
from edge_service.clips.cut import ClipError, cut, format_at, why_encoded
from edge_service.clips.encode import encoded_size
from edge_service.clips.event_factory import ClockStep, EventFactory
from edge_service.clips.media_folder import ClipFolder
from edge_service.clips.mp4 import Clip
from edge_service.clips.pictures import draw_thumbnail, thumbnail_image
from edge_service.clips.timing import ClipConfig
from edge_service.detection.detector import Box
from edge_service.privacy.masking import NO_PICTURES, Masking, Masks
from edge_service.rules.machine import Machine
from edge_service.rules.rule_event import RuleEvent
from edge_service.tracking.tracker import Track
from edge_service.video.frame import Frame, Image
from edge_service.video.gaps import Gap, within
from edge_service.video.packet_ring import PacketRing
from edge_service.video.packets import EncodedPacket

log = logging.getLogger(__name__)

# Several cameras' clips are ready at the same time where they see the same happen: one after another, copied and
# written, they are in memory one at a time.
_one_clip = threading.Lock()
_MAX_REASON = 500
NOT_KEPT = "clips of cleaning attempts alone are kept (clip.events: attempts)"
# So many clips wait to be encoded at most, since each makes the events behind it late and holds its packets in memory,
# and no more than these bytes together, as they came from the camera; after that, frames of a file wait.
_MAX_CUTS = 8
MAX_WAITING_BYTES = 64 * 1024 * 1024
_NICENESS = 10


@dataclass(frozen=True, slots=True)
class _Picture:
    """The picture of `time_s` that becomes a thumbnail once it is known what is hidden in it; the people's `boxes`."""

    image: Image = field(repr=False)
    time_s: float
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True, order=True)
class _Job:
    """A clip that is begun. Jobs are done by when they are due, those of one time in the order of beginning.

    `picture` is its thumbnail's, if that is still to be drawn.
    """

    due_s: float
    number: int
    rule_event: RuleEvent = field(compare=False)
    picture: _Picture | None = field(compare=False)

    @property
    def settles_s(self) -> float:
        """All pictures for it are of before this time."""
        return self.due_s if self.picture is None else max(self.due_s, self.picture.time_s)


@dataclass(frozen=True, slots=True)
class _Material:
    """The source of the clip of an event at `time_s`; `why_encoded` says why its packets cannot be copied."""

    packets: Sequence[EncodedPacket]
    start_s: float
    end_s: float
    time_s: float
    gaps: tuple[Gap, ...]
    why_encoded: str | None
    masks: Masks
    masked: ClipMask | None

    @property
    def is_slow(self) -> bool:
        """Whether it is encoded."""
        return self.why_encoded is not None or self.masked is not None

    def cut(self) -> Clip:
        """The clip, with what it lacks. Raises ClipError."""
        clip = cut(self.packets, self.start_s, self.end_s, self.time_s, self.masks)
        # The camera sent pictures of that time, which cannot be decoded.
        lost = [Gap(self.start_s, clip.start_s)] if self.packets[0].time_s <= self.start_s < clip.start_s else []
        gaps = within([*self.gaps, *lost], min(self.start_s, clip.start_s), self.end_s)
        return replace(clip, gaps=gaps, masked=self.masked)


@dataclass(frozen=True, slots=True)
class _Cut:
    """A clip whose post-roll is over: `make` gives it in no time, or it is being `encoded` of `packets`."""

    rule_event: RuleEvent
    make: Callable[[], Clip]
    encoded: "Future[Clip] | None" = None
    packets: Sequence[EncodedPacket] = ()

    @property
    def is_ready(self) -> bool:
        return self.encoded is None or self.encoded.done()


class Recorder:
    """Makes the events of one camera, each with a clip from `clip.before_s` before it to `clip.post_s` after it.

    Invariant: an event that names a clip is built after the clip's bytes and its name are on the disk. An event never
    waits for a clip that failed: it goes without, and says why. What `masking` hides is hidden before anything is
    written, and until all is known that it hides a clip and its thumbnail are in memory alone.
    """

    def __init__(
        self,
        ring: PacketRing,
        media_dir: Path,
        disk: Disk,
        event_factory: EventFactory,
        machines: Iterable[Machine],
        clip: ClipConfig,
        masking: Masking,
        *,
        is_live: bool = False,
    ) -> None:
        """Clips and thumbnails go to `media_dir`; `ring` reaches back `reach_s` seconds.

        Frames of a live camera never wait for clips that are being masked: beyond _MAX_CUTS or MAX_WAITING_BYTES an
        event goes without, and says so. Frames of a file do wait, so that no clip is lost.
        """
        self._ring = ring
        self._masking = masking
        self._drops = is_live and masking.config.hides
        self._media = ClipFolder(media_dir, disk)
        self._factory = event_factory
        self._zones = {machine.machine_id: machine.zone for machine in machines}
        self._clip = clip
        self._jobs: list[_Job] = []
        self._begun = 0
        self._said: set[str] = set()
        self._cuts: deque[_Cut] = deque()
        self._last_kept: tuple[Callable[[], Clip], UUID] | None = None
        # Frames go on to be looked at while a clip is encoded, and come first where there is not enough of a processor.
        self._encoding = ThreadPoolExecutor(max_workers=1, thread_name_prefix="encoding", initializer=_yield_to_others)

    @property
    def is_recording(self) -> bool:
        """Whether a clip is begun whose post-roll is not over."""
        return bool(self._jobs)

    @property
    def pending(self) -> tuple[RuleEvent, ...]:
        """The rule events whose events are not made yet, in the order in which they will be."""
        return (*(cut.rule_event for cut in self._cuts), *(job.rule_event for job in sorted(self._jobs)))

    @property
    def clock_steps(self) -> tuple[ClockStep, ...]:
        """The steps of the wall clock so far."""
        return self._factory.clock_steps

    def find_by(self, source: EventSource) -> None:
        """From now on events are found by `source`."""
        self._factory.source = source

    @property
    def source(self) -> EventSource | None:
        """By what the events are found."""
        return self._factory.source

    def set_clock(self, at_s: float, by_s: float) -> datetime:
        """The wall clock was set by `by_s` seconds at media time `at_s`; the new time of media time 0."""
        return self._factory.set_clock(at_s, by_s)

    def begin(self, rule_event: RuleEvent, frame: Frame, tracks: Iterable[Track]) -> None:
        """Remember that `rule_event` needs a clip; draw its thumbnail from the frame that decided it."""
        picture: _Picture | None = None
        if self._masking.keeps_pictures:
            boxes = tuple(track.box for track in tracks)
            picture = _Picture(thumbnail_image(frame.image()), frame.time_s, boxes)
            if self._masking.is_settled(picture.time_s):
                self._keep_thumbnail(rule_event, picture)
                picture = None
        post_s = self._clip.post_s if self._masking.keeps_pictures else 0.0
        heapq.heappush(self._jobs, _Job(rule_event.time_s + post_s, self._begun, rule_event, picture))
        self._begun += 1

    def _keep_thumbnail(self, rule_event: RuleEvent, picture: _Picture) -> None:
        shown = self._masking.shown(picture.image, picture.time_s)
        jpeg = draw_thumbnail(shown, self._zones[rule_event.machine_id], picture.boxes)
        self._media.keep_thumbnail(self._factory.event_id(rule_event), jpeg)

    def finished(self, *, end_of_stream: bool = False) -> Iterator[Event]:
        """The events whose clips are ready, by the time of their rule events; at the end of the stream, all left.

        Each is made when it is asked for, and is no longer pending from then on.
        """
        while self._jobs and (end_of_stream or self._is_due(self._jobs[0])):
            job = heapq.heappop(self._jobs)
            if job.picture is not None:
                self._keep_thumbnail(job.rule_event, job.picture)
            self._begin_cut(job.rule_event)
            while not self._drops and self._holds_too_much():
                yield self._finish(self._cuts.popleft())
        while self._cuts and (end_of_stream or self._cuts[0].is_ready):
            yield self._finish(self._cuts.popleft())

    def _holds_too_much(self) -> bool:
        return bool(self._cuts) and self._is_too_much(list(self._cuts)[:-1], self._cuts[-1].packets)

    def _is_due(self, job: _Job) -> bool:
        complete_s = self._ring.complete_s
        return job.due_s <= complete_s and self._masking.is_settled(job.settles_s, complete_s)

    def _begin_cut(self, rule_event: RuleEvent) -> None:
        """Take what a clip is made of, now that its post-roll is over; where it has to be encoded, begin with that."""
        last = self._cuts[-1] if self._cuts else None
        if last is not None and self._interval_s(last.rule_event) == self._interval_s(rule_event):
            # Events of the same seconds share their clip: on the disk once, under the name of each.
            self._cuts.append(replace(last, rule_event=rule_event))
            return
        try:
            material = self._take(rule_event)
            self._check_room(material)
        except ClipError as error:
            self._cuts.append(_Cut(rule_event, _raising(error)))
            return
        self._say_why_encoded(material)
        make = material.cut
        if material.is_slow:
            self._cuts.append(_Cut(rule_event, make, self._encoding.submit(in_same_name(make)), material.packets))
        else:
            self._cuts.append(_Cut(rule_event, make))

    def _check_room(self, material: "_Material") -> None:
        """Raises ClipError when frames would have to wait for `material`, and must not."""
        waiting = [cut for cut in self._cuts if not cut.is_ready]
        if self._drops and self._is_too_much(waiting, material.packets):
            size_mb = _size_bytes(waiting) / 1e6
            raise ClipError(
                f"{len(waiting)} clips of {size_mb:.0f} MB waited to be masked, and this computer is too"
                " slow for more: lower privacy.clip_height or privacy.clip_fps, or the camera's bit rate"
            )

    @staticmethod
    def _is_too_much(waiting: "Sequence[_Cut]", more: Sequence[EncodedPacket]) -> bool:
        """Whether one clip more, of the packets `more`, is too much while others are `waiting`; one alone never is."""
        return len(waiting) >= _MAX_CUTS or (bool(waiting) and _size_bytes(waiting, more) > MAX_WAITING_BYTES)

    def _finish(self, cut: "_Cut") -> Event:
        """Keep the clip, and build the event; it waits for a clip that is being encoded."""
        rule_event = cut.rule_event
        event_id = self._factory.event_id(rule_event)
        twin_id = self._last_kept[1] if self._last_kept is not None and self._last_kept[0] is cut.make else None
        self._last_kept = None
        try:
            encoded = None if cut.encoded is None else cut.encoded.result()
            with _one_clip:
                info = self._media.keep_clip(event_id, encoded or cut.make(), self._factory, twin_id)
        except ClipError as error:
            return self._factory.build(rule_event, None, " ".join(str(error).split())[:_MAX_REASON])
        is_shared = bool(self._cuts) and self._cuts[0].make is cut.make
        self._last_kept = (cut.make, event_id) if is_shared else None
        return self._factory.build(rule_event, info, None)

    def _interval_s(self, rule_event: RuleEvent) -> tuple[float, float]:
        """From when to when the clip of `rule_event` is, in media time."""
        time_s = rule_event.time_s
        return time_s - self._clip.before_s(rule_event.event_type), time_s + self._clip.post_s

    def _take(self, rule_event: RuleEvent) -> "_Material":
        if not self._masking.keeps_pictures or not self._clip.keeps(rule_event.event_type):
            raise ClipError(NOT_KEPT if self._masking.keeps_pictures else NO_PICTURES)
        time_s, (start_s, end_s) = rule_event.time_s, self._interval_s(rule_event)
        packets = self._ring.select(start_s, end_s)
        if not packets:
            raise ClipError("no video of that time is kept any more")
        gaps = self._ring.gaps(min(start_s, packets[0].time_s), end_s)
        self._check_begin(packets[0].time_s, start_s, time_s, gaps)
        masks, masked = self._masking.masks(start_s, end_s), self._masking.declared
        why = None if masked else why_encoded(packets, start_s)
        return _Material(packets, start_s, end_s, time_s, gaps, why, masks, masked)

    def _say_why_encoded(self, material: "_Material") -> None:
        """Log once a reason that clips have to be encoded, which takes a hundred times as long as copying them."""
        reason = material.why_encoded
        if reason is None or reason in self._said:
            return
        self._said.add(reason)
        width, height = encoded_size(format_at(material.packets, material.time_s))
        log.info(
            "a clip is encoded to H.264, %d x %d, which takes seconds of a core each time: %s", width, height, reason
        )

    def _check_begin(self, begins_s: float, start_s: float, time_s: float, gaps: Iterable[Gap]) -> None:
        """Raises ClipError when the ring has forgotten the event; that it has forgotten the pre-roll is logged."""
        expected_s = max(start_s, self._ring.began_s, *(gap.end_s for gap in gaps if gap.start_s <= start_s))
        if begins_s <= expected_s:
            return
        if begins_s > time_s:
            raise ClipError(
                "the video of that time is no longer kept: more bytes than the packet ring holds; set the camera to a"
                " lower bit rate, or to a key picture every second or two"
            )
        log.warning("a clip begins %.1f s late: its video is more than the packet ring holds", begins_s - expected_s)


def _size_bytes(waiting: Iterable[_Cut], more: Sequence[EncodedPacket] = ()) -> int:
    """What the packets of `waiting`, and `more`, take; clips that overlap have packets in common."""
    packets = {id(packet): packet for part in (*(cut.packets for cut in waiting), more) for packet in part}
    return sum(len(packet.data) for packet in packets.values())


def _raising(error: ClipError) -> Callable[[], Clip]:
    def make() -> Clip:
        raise error

    return make


def _yield_to_others() -> None:
    """Let this thread, and those that it starts, have what the others leave of the processor."""
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
