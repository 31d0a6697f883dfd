"""The lookout of the economy: whether nothing changes at a machine, by the detector's looks and what the rules know."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence

from edge_service.detection.detector import Box, Detection, Detector
from edge_service.rules.engine import RuleEngine
from edge_service.rules.machine import Machine
from edge_service.rules.machine_state import is_occupied
from edge_service.rules.zone import is_in_zone, share_inside
from edge_service.tracking.witness import grid_size
from edge_service.video.frame import Frame
from edge_service.video.group_decoder import WHOLE, DecodeName, Decoding, KeyPicture

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
        self._score = score
        self._doubt = _DOUBT_SHARE * score
        self._looks: OrderedDict[float, Sequence[Detection]] = OrderedDict()
        self._disturbed_s = float("-inf")

    def detect(self, frame: Frame) -> Sequence[Detection]:
        """The persons in `frame`, or in the one that is looked at in its place."""
        of = frame.looked_at or frame
        known = self._looks.get(of.time_s)
        detections = self._detector.detect(of) if known is None else known
        if not self._are_free_left_alone(detections):
            self._disturbed_s = max(self._disturbed_s, frame.time_s)
        return detections

    def judge(self, decode_key: Callable[[], Frame | None], since_s: float) -> KeyPicture:
        """What the key picture says, the one before being of `since_s`.

        It is settled when somebody is surely seen at each machine in use, while in the zone of another one nobody was
        since then, nor is, nor is anybody near it but those who use a machine: where they go the next one tells.
        """
        if self._disturbed_s >= since_s or not self._rules.is_settled:
            return KeyPicture.UNSETTLED
        key = decode_key()
        if key is None:
            return KeyPicture.UNSETTLED
        self._looks[key.time_s] = detections = self._detector.detect(key)
        if self._has_witness:
            key.scaled(grid_size(key.width, key.height))  # it asks for it when the whole picture is let go of
        if len(self._looks) > _KEPT_LOOKS:
            self._looks.popitem(last=False)
        if not self._are_free_left_alone(detections) or any(
            self._is_near_free(found, key.width / key.height) for found in detections
        ):
            return KeyPicture.UNSETTLED
        if not self._are_users_seen(detections):
            return KeyPicture.UNSEEN
        self._rules.settle(round(key.time_s, 3))
        return KeyPicture.SETTLED

    def _are_users_seen(self, detections: Sequence[Detection]) -> bool:
        sure = [found for found in detections if found.score >= self._score]
        return all(any(_is_at(machine, found) for found in sure) for machine in self._machines_that_are(in_use=True))

    def _are_free_left_alone(self, detections: Sequence[Detection]) -> bool:
        return not any(
            found.score >= self._doubt and _is_at(machine, found)
            for machine in self._machines_that_are(in_use=False)
            for found in detections
        )

    def _is_near_free(self, found: Detection, aspect: float) -> bool:
        """Whether somebody who uses none covers a part of a zone, or would after half a step to any side."""
        if any(_is_at(machine, found) for machine in self._machines_that_are(in_use=True)):
            return False
        box, far = found.box, _NEAR_HEIGHTS * (found.box.bottom - found.box.top)
        grown = Box(box.left - far / aspect, box.top, box.right + far / aspect, box.bottom + far)
        return found.score >= self._doubt and any(
            share_inside(grown, machine.zone) > 0 for machine in self._machines_that_are(in_use=False)
        )

    def _machines_that_are(self, *, in_use: bool) -> list[Machine]:
        states = self._rules.states
        return [one for one in self._machines if is_occupied(states[one.machine_id].session) == in_use]


def _is_at(machine: Machine, found: Detection) -> bool:
    return is_in_zone(found.box, machine.zone, machine.anchor)


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
