"""A stored clip made anew with masks: its own pictures are looked at, and what is hidden follows from these."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from backend_api.contract.events import ClipInfo, ClipMask, Event
from backend_api.contract.values import to_milliseconds
from edge_service.clips.cut import ClipError, cut
from edge_service.clips.mp4 import Clip
from edge_service.clips.pictures import draw_thumbnail, thumbnail_image
from edge_service.detection.detector import Box, Detector
from edge_service.privacy.masking import Masking
from edge_service.privacy.privacy_config import PrivacyConfig
from edge_service.rules.machine import Machine
from edge_service.tracking.tracker import Tracker
from edge_service.video.file_source import FileSource
from edge_service.video.frame import Frame, Image
from edge_service.video.packet_ring import PacketRing

# No clip is longer, also one of the longest times that a configuration can ask for, with a late key picture.
_LONGEST_S = 1_000.0


@dataclass(frozen=True, slots=True)
class MaskedMedia:
    """A clip with masks, what its event says of it, and a picture of the event's instant where its zone is known."""

    mp4: bytes = field(repr=False)
    info: ClipInfo
    thumbnail: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class StoredClips:
    """Masks the clips of one camera's `machines` as `privacy` says, with a `detector` that finds people from `score`.

    `detector_name` is what the clips say of it. Every picture that is kept is looked at: nobody waits for it.
    """

    privacy: PrivacyConfig
    machines: Sequence[Machine]
    detector: Detector
    score: float
    detector_name: str | None

    def mask(self, path: Path, event: Event) -> MaskedMedia:
        """The clip of `event` at `path` anew; the file stays as it is. Raises ClipError, UsageError."""
        info = event.clip
        if info is None:
            raise ClipError("the event promises no clip")
        at_s = (event.ts - info.start_ts).total_seconds()
        ring = PacketRing(_LONGEST_S, 2 * path.stat().st_size + 2**26)
        masking = Masking(
            self.privacy, self.machines, reach_s=_LONGEST_S, fps=self.privacy.clip_fps, detector=self.detector_name
        )
        picture = self._look(FileSource(path, fps=self.privacy.clip_fps, ring=ring), masking, at_s)
        packets = ring.select(0.0, _LONGEST_S)
        end_s = max((packet.end_s for packet in packets), default=0.0)
        clip = cut(packets, 0.0, end_s, at_s, masking.masks(0.0, end_s))
        return MaskedMedia(clip.mp4, _info(clip, info, masking.declared), self._thumbnail(event, masking, picture))

    def _look(self, source: FileSource, masking: Masking, at_s: float) -> tuple[Image, float, Sequence[Box]] | None:
        """Look at all pictures; the first one from `at_s` on, else the last one, its time, and who was seen in it."""
        tracker = Tracker(self.score)
        chosen: tuple[Image, float, Sequence[Box]] | None = None
        last: tuple[Frame, Sequence[Box]] | None = None
        for frame in source:
            detections = self.detector.detect(frame) if masking.follows else []
            tracks = tracker.update(detections, frame.time_s)
            masking.look(frame, frame.time_s, tracks, detections)
            last = frame, [track.box for track in tracks]
            if chosen is None and frame.time_s >= at_s:
                chosen = thumbnail_image(frame.image()), frame.time_s, last[1]
        if chosen is None and last is not None:
            chosen = thumbnail_image(last[0].image()), last[0].time_s, last[1]
        return chosen

    def _thumbnail(
        self, event: Event, masking: Masking, picture: tuple[Image, float, Sequence[Box]] | None
    ) -> bytes | None:
        zone = next((one.zone for one in self.machines if one.machine_id == event.machine_id), None)
        if zone is None or picture is None:
            return None
        image, time_s, boxes = picture
        return draw_thumbnail(masking.shown(image, time_s), zone, boxes)


def _info(clip: Clip, before: ClipInfo, declared: ClipMask | None) -> ClipInfo:
    """What an event says of `clip`, which was made of one of which it said `before`."""
    start, end = (before.start_ts + timedelta(seconds=at_s) for at_s in (clip.start_s, clip.end_s))
    return before.model_copy(
        update={
            "start_ts": to_milliseconds(start),
            "end_ts": to_milliseconds(end),
            "width": clip.width,
            "height": clip.height,
            "bytes": len(clip.mp4),
            "sha256": sha256(clip.mp4).hexdigest(),
            "masked": None if declared is None else declared.model_copy(update={"afterwards": True}),
        }
    )
