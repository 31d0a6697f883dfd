"""The one gate: a picture that is kept or sent is a Shown, and only what is here makes one.

Invariant: with a mask, areas or `only_zones` no pixel of a decoded picture, and no packet of the camera's, reaches a
file or the network but through `Masks.shown`. `tests/edge_service/privacy/test_one_gate.py` holds it in the source, and
a test that watches all folders of runs that are killed holds it in what is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from backend_api.contract.events import ClipMask
from backend_api.contract.zones import surroundings
from edge_service.detection.detector import Detection
from edge_service.privacy.mosaic import blacken, pixelate, pixelated
from edge_service.privacy.privacy_config import PrivacyConfig
from edge_service.privacy.sightings import SETTLE_S, Seen, Sightings
from edge_service.rules.machine import Machine, Point
from edge_service.tracking.tracker import Track
from edge_service.video.drawing import shrunk
from edge_service.video.frame import Frame, Image

NO_PICTURES = "pictures are turned off for this camera (privacy.pictures: none)"
"""The reason why an event has no clip."""
UNLOOKED_S = 3.0
"""Pictures wait so long for a look; then nobody knows who is in them, and they are hidden whole."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture as it may be kept or sent: height x width x 3, uint8, BGR."""

    image: Image

    def shrunk(self, scale: float) -> "Shown":
        """A copy, its sides `scale` times as long where that is below 1."""
        return Shown(shrunk(self.image, scale))


@dataclass(frozen=True, slots=True)
class Masks:
    """What is hidden in a span of time: a value, which any thread may use."""

    config: PrivacyConfig
    zones: tuple[tuple[Point, ...], ...]
    seen: Seen | None = field(repr=False)

    def shown(self, image: Image, time_s: float) -> Shown:
        """`image` (height x width x 3, uint8, BGR, left as it is) of `time_s`, as it may be kept; it may be scaled."""
        if not self.config.hides:
            return Shown(image)
        drawn = self._zones_of(image) if self.config.only_zones else image.copy()
        parts = [] if self.seen is None else self.seen.parts(time_s)
        if parts is None:
            drawn = pixelated(image)
        else:
            for part in parts:
                pixelate(drawn, image, part)
        blacken(drawn, self.config.areas)
        return Shown(drawn)

    def _zones_of(self, image: Image) -> Image:
        """All of `image` pixelated but the zones with their surroundings."""
        drawn = pixelated(image)
        height, width = image.shape[:2]
        for zone in self.zones:
            part = np.array(surroundings(zone, width / height)).reshape(2, 2)
            left, top = np.floor(part[0].clip(0, 1) * (width, height)).astype(int)
            right, bottom = np.ceil(part[1].clip(0, 1) * (width, height)).astype(int)
            drawn[top:bottom, left:right] = image[top:bottom, left:right]
        return drawn


class Masking:
    """What one camera's pictures hide, by `config`; it is told of every frame that detection looks at.

    `reach_s` is how far back a picture may be asked for, `fps` how many frames a second are looked at, `detector` what
    the clips say of who found the people.
    """

    def __init__(
        self,
        config: PrivacyConfig,
        machines: Sequence[Machine] = (),
        *,
        reach_s: float = 60.0,
        fps: float = 5.0,
        detector: str | None = None,
    ) -> None:
        self.config = config
        self._zones = tuple(machine.zone for machine in machines)
        self._detector = detector
        follows = config.mask != "none" and config.pictures != "none"
        self._sightings = Sightings(config.mask, reach_s=reach_s, fps=fps) if follows else None

    @property
    def keeps_pictures(self) -> bool:
        """Whether any picture is kept or sent."""
        return self.config.pictures != "none"

    @property
    def follows(self) -> bool:
        """Whether it must be told of every frame: people are hidden."""
        return self._sightings is not None

    @property
    def declared(self) -> ClipMask | None:
        """What a clip says of its masks; None where nothing is hidden."""
        if not self.config.hides:
            return None
        detector = self._detector if self.follows else None
        config = self.config
        return ClipMask(mask=config.mask, areas=len(config.areas), only_zones=config.only_zones, detector=detector)

    def look(self, frame: Frame, time_s: float, tracks: Sequence[Track], detections: Sequence[Detection]) -> None:
        """Detection looked at `frame`, of `time_s`, found `detections`, and tracking made `tracks` of them."""
        if self._sightings is not None:
            self._sightings.look(time_s, tracks, detections, frame.width / frame.height)

    def is_settled(self, time_s: float, complete_s: float = float("-inf")) -> bool:
        """Whether all is known that bears on pictures up to `time_s`.

        That is so long after it that nothing that is looked at later matters, or, where no look comes, when the
        camera has sent all pictures up to `complete_s`, which is later still.
        """
        if self._sightings is None:
            return True
        return max(self._sightings.looked_s, complete_s - UNLOOKED_S) >= time_s + SETTLE_S

    def masks(self, start_s: float, end_s: float) -> Masks:
        """What is hidden in pictures from `start_s` to `end_s`, as far as it is known now."""
        seen = None if self._sightings is None else self._sightings.between(start_s, end_s)
        return Masks(self.config, self._zones, seen)

    def shown(self, image: Image, time_s: float) -> Shown:
        """One picture, by what is known now."""
        return self.masks(time_s, time_s).shown(image, time_s)


def settle_s(config: PrivacyConfig) -> float:
    """How many seconds later a picture is drawn because of what is hidden in it."""
    return SETTLE_S + UNLOOKED_S if config.mask != "none" and config.pictures != "none" else 0.0
