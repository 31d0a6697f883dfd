"""The lookout of the economy: whether nobody is at a machine, by the detector's looks and what the rules know."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence

from edge_service.detection.detector import Box, Detection, Detector
from edge_service.rules.engine import RuleEngine
from edge_service.rules.machine import Machine
from edge_service.rules.zone import is_in_zone, share_inside
from edge_service.tracking.witness import grid_size
from edge_service.video.frame import Frame
from edge_service.video.group_decoder import WHOLE, DecodeName, Decoding

log = logging.getLogger(__name__)

# Somebody who is nearer to a zone than half of their height is there within half a second.
_NEAR_HEIGHTS = 0.5
# A box that scores half of what makes somebody may be somebody who is seen badly.
_DOUBT_SHARE = 0.5
_KEPT_LOOKS = 4
# Clips begin up to so much too early where packets are copied; keys that are further apart serve nobody.
_LONGEST_GROUP_S = 4.0


class KeyLookout:
    """The detector of a source whose groups of pictures may be skipped, which says when they may.

    A key picture that is looked at counts for the frames that are not: their people are those that it shows.
    """

    def __init__(
        self,
        detector: Detector,
        machines: Sequence[Machine],
        rules: RuleEngine,
        score: float,
        *,
        has_witness: bool = False,
    ) -> None:
        """A detection of at least `score` (0..1) is somebody. `has_witness`: the background is looked at, too."""
        self._has_witness = has_witness
        self._detector = detector
        self._machines = tuple(machines)
        self._rules = rules
        self._doubt = _DOUBT_SHARE * score
        self._looks: OrderedDict[float, Sequence[Detection]] = OrderedDict()
        self._seen_s = float("-inf")

    def detect(self, frame: Frame) -> Sequence[Detection]:
        """The persons in `frame`, or in the one that is looked at in its place."""
        of = frame.looked_at or frame
        known = self._looks.get(of.time_s)
        detections = self._detector.detect(of) if known is None else known
        if any(self._is_at_machine(found) for found in detections):
            self._seen_s = max(self._seen_s, frame.time_s)
        return detections

    def is_clear(self, decode_key: Callable[[], Frame | None], since_s: float) -> bool:
        """Whether nobody was at a machine since `since_s`, nothing is going on there, and nobody is near in the key."""
        if self._seen_s >= since_s or not self._rules.is_idle:
            return False
        key = decode_key()
        if key is None:
            return False
        self._looks[key.time_s] = detections = self._detector.detect(key)
        if self._has_witness:
            key.scaled(grid_size(key.width, key.height))  # it asks for it when the whole picture is let go of
        if len(self._looks) > _KEPT_LOOKS:
            self._looks.popitem(last=False)
        return not any(self._is_near(found, key.width / key.height) for found in detections)

    def _is_at_machine(self, found: Detection) -> bool:
        return found.score >= self._doubt and any(
            is_in_zone(found.box, machine.zone, machine.anchor) for machine in self._machines
        )

    def _is_near(self, found: Detection, aspect: float) -> bool:
        """Whether it is in a zone, or covers a part of one, or would after half a step to any side."""
        box, far = found.box, _NEAR_HEIGHTS * (found.box.bottom - found.box.top)
        grown = Box(box.left - far / aspect, box.top, box.right + far / aspect, box.bottom + far)
        return found.score >= self._doubt and any(
            is_in_zone(box, machine.zone, machine.anchor) or share_inside(grown, machine.zone) > 0
            for machine in self._machines
        )


def longest_group_s(machines: Sequence[Machine]) -> float:
    """How many seconds key pictures may be apart: no stay or absence that the rules tell of lies between two."""
    shortest_s = [min(machine.rules.enter_s, machine.rules.exit_s, machine.rules.attempt_s) for machine in machines]
    return min([_LONGEST_GROUP_S, *shortest_s])


def choose_decoding(
    decode: DecodeName, lookout: KeyLookout, machines: Sequence[Machine], *, follows_people: bool, has_preview: bool
) -> Decoding:
    """How the camera is decoded, which is said where it is not as `auto` would have it.

    `follows_people`: pictures hide people, wherever they walk, so that all looks are needed.
    """
    if decode == "all":
        log.info("all is decoded (--decode all)")
        return WHOLE
    if has_preview:
        log.info("all is decoded, since --preview shows all that detection looks at")
        return WHOLE
    longest_s = longest_group_s(machines)
    if follows_people:
        log.info("economy: all is decoded: people are to be hidden (privacy.mask) wherever they walk")
        return Decoding(skips_deblocking=True, longest_s=longest_s)
    return Decoding(skips_deblocking=True, lookout=lookout, longest_s=longest_s)
