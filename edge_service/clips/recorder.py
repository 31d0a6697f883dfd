"""From a rule event to its event: wait for the post-roll, cut the clip, keep it, and only then build the event."""

import heapq
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

from pydantic import Field

from backend_api.base.durable_files import Disk
from backend_api.contract.events import Event
from edge_service.clips.cut import ClipError, cut, format_at, why_encoded
from edge_service.clips.encode import encoded_size
from edge_service.clips.event_factory import ClockStep, EventFactory
from edge_service.clips.media_folder import ClipFolder
from edge_service.clips.mp4 import Clip
from edge_service.clips.pictures import draw_thumbnail
from edge_service.rules.machine import Machine, RuleTimes
from edge_service.rules.rule_event import RuleEvent
from edge_service.tracking.tracker import Track
from edge_service.video.frame import Frame
from edge_service.video.gaps import Gap, within
from edge_service.video.packet_ring import PacketRing
from edge_service.video.packets import EncodedPacket

log = logging.getLogger(__name__)

_MAX_REASON = 500
MAX_CLIP_S = 300.0
# What the smoothing of presence may add to the times of the rules, and what waits in the decoder.
_SMOOTHING_S = 3.0
_DECODING_S = 2.0

_Seconds = Annotated[float, Field(strict=True, gt=0, le=MAX_CLIP_S, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class ClipConfig:
    """How many seconds a clip shows before and after its event, each above 0 and at most 300."""

    pre_s: _Seconds = 3.0
    post_s: _Seconds = 5.0


def reach_s(rules: Iterable[RuleTimes], clip: ClipConfig, *, fps: float) -> float:
    """How many seconds a packet ring must reach back so that every event's clip is still whole when it is cut.

    An event is known only when its presence, absence or attempt has lasted as long as the rules ask, at one of `fps`
    looks a second, and its clip begins `clip.pre_s` before it and ends `clip.post_s` after it.
    """
    delay_s = max((max(rule.enter_s, rule.exit_s, rule.attempt_s) for rule in rules), default=0.0)
    return clip.pre_s + max(delay_s + _SMOOTHING_S, clip.post_s) + 2 / fps + _DECODING_S


@dataclass(frozen=True, slots=True, order=True)
class _Job:
    """A clip that is begun. Jobs are done by when they are due, those of one time in the order of beginning."""

    due_s: float
    number: int
    rule_event: RuleEvent = field(compare=False)


class Recorder:
    """Makes the events of one camera, each with a clip from `clip.pre_s` before it to `clip.post_s` after it.

    Invariant: an event that names a clip is built after the clip's bytes and its name are on the disk. An event never
    waits for a clip that failed: it goes without, and says why.
    """

    def __init__(
        self,
        ring: PacketRing,
        media_dir: Path,
        disk: Disk,
        event_factory: EventFactory,
        machines: Iterable[Machine],
        clip: ClipConfig,
    ) -> None:
        """Clips and thumbnails go to `media_dir`; `ring` reaches back `reach_s` seconds."""
        self._ring = ring
        self._media = ClipFolder(media_dir, disk)
        self._factory = event_factory
        self._zones = {machine.machine_id: machine.zone for machine in machines}
        self._clip = clip
        self._jobs: list[_Job] = []
        self._begun = 0
        self._said: set[str] = set()

    @property
    def is_recording(self) -> bool:
        """Whether a clip is begun whose post-roll is not over."""
        return bool(self._jobs)

    @property
    def complete_s(self) -> float:
        """No picture that comes later is shown before this media time."""
        return self._ring.complete_s

    @property
    def pending(self) -> tuple[RuleEvent, ...]:
        """The rule events whose events are not made yet, in the order in which they will be."""
        return tuple(job.rule_event for job in sorted(self._jobs))

    @property
    def clock_steps(self) -> tuple[ClockStep, ...]:
        """The steps of the wall clock so far."""
        return self._factory.clock_steps

    def set_clock(self, at_s: float, by_s: float) -> datetime:
        """The wall clock was set by `by_s` seconds at media time `at_s`; the new time of media time 0."""
        return self._factory.set_clock(at_s, by_s)

    def begin(self, rule_event: RuleEvent, frame: Frame, tracks: Iterable[Track]) -> None:
        """Remember that `rule_event` needs a clip; draw its thumbnail from the frame that decided it."""
        heapq.heappush(self._jobs, _Job(rule_event.time_s + self._clip.post_s, self._begun, rule_event))
        self._begun += 1
        jpeg = draw_thumbnail(frame.image(), self._zones[rule_event.machine_id], [track.box for track in tracks])
        self._media.keep_thumbnail(self._factory.event_id(rule_event), jpeg)

    def finished(self, *, end_of_stream: bool = False) -> Iterator[Event]:
        """The events whose post-roll is over, by the time of their rule events; at the end of the stream, all left.

        Each is made when it is asked for, and is no longer pending from then on.
        """
        # Events of one instant share their clip: cut once, and on the disk once, under the name of each of them.
        clip: Clip | None = None
        clip_time_s: float | None = None
        twin_id: UUID | None = None
        while self._jobs and (end_of_stream or self._jobs[0].due_s <= self._ring.complete_s):
            rule_event = heapq.heappop(self._jobs).rule_event
            try:
                if clip is None or clip_time_s != rule_event.time_s:
                    twin_id, clip, clip_time_s = None, self._cut(rule_event.time_s), rule_event.time_s
                event_id = self._factory.event_id(rule_event)
                info = self._media.keep_clip(event_id, clip, self._factory, twin_id)
                twin_id = event_id
            except ClipError as error:
                yield self._factory.build(rule_event, None, " ".join(str(error).split())[:_MAX_REASON])
            else:
                yield self._factory.build(rule_event, info, None)

    def _cut(self, time_s: float) -> Clip:
        start_s, end_s = time_s - self._clip.pre_s, time_s + self._clip.post_s
        packets = self._ring.select(start_s, end_s)
        if not packets:
            raise ClipError("no video of that time is kept any more")
        gaps = self._ring.gaps(min(start_s, packets[0].time_s), end_s)
        self._check_begin(packets[0].time_s, time_s, gaps)
        self._say_why_encoded(packets, start_s, time_s)
        clip = cut(packets, start_s, end_s, time_s)
        # The camera sent pictures of that time, which cannot be decoded.
        lost = [Gap(start_s, clip.start_s)] if packets[0].time_s <= start_s < clip.start_s else []
        return replace(clip, gaps=within([*gaps, *lost], min(start_s, clip.start_s), end_s))

    def _say_why_encoded(self, packets: Sequence[EncodedPacket], start_s: float, time_s: float) -> None:
        """Log once a reason that clips have to be encoded, which takes a hundred times as long as copying them."""
        reason = why_encoded(packets, start_s)
        if reason is None or reason in self._said:
            return
        self._said.add(reason)
        width, height = encoded_size(format_at(packets, time_s))
        log.info(
            "a clip is encoded to H.264, %d x %d, which takes seconds of a core each time: %s", width, height, reason
        )

    def _check_begin(self, begins_s: float, time_s: float, gaps: Iterable[Gap]) -> None:
        """Raises ClipError when the ring has forgotten the event; that it has forgotten the pre-roll is logged."""
        start_s = time_s - self._clip.pre_s
        expected_s = max(start_s, self._ring.began_s, *(gap.end_s for gap in gaps if gap.start_s <= start_s))
        if begins_s <= expected_s:
            return
        if begins_s > time_s:
            raise ClipError(
                "the video of that time is no longer kept: more bytes than the packet ring holds; set the camera to a"
                " lower bit rate, or to a key picture every second or two"
            )
        log.warning("a clip begins %.1f s late: its video is more than the packet ring holds", begins_s - expected_s)
