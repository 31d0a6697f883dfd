"""The part of a camera's picture that is looked at: all of it, or the zones' surroundings where these are smaller.

How small a person a network finds goes by the pixels that it is given. Where machines fill a part of the picture only,
that part is given all of them, and its people are seen larger at the same cost.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backend_api.contract.zones import Point
from edge_service.detection.detector import Box
from edge_service.detection.letterbox import Array
from edge_service.video.frame import Frame, Image

WHOLE = Box(0.0, 0.0, 1.0, 1.0)
# A person is tracked before they come to a zone, and whole: about two widths of a person who is near on each side.
_BESIDE, _BELOW = 0.15, 0.1
_MOST_SHARE = 0.6


def region_of(zones: Sequence[Sequence[Point]]) -> Box:
    """What of the picture the `zones` need: them, what is above them, and a margin; WHOLE where that saves little."""
    points = [point for zone in zones for point in zone]
    if not points:
        return WHOLE
    region = Box(
        max(0.0, min(x for x, _ in points) - _BESIDE),
        0.0,  # a person whose feet are in the zone reaches as far up as they like
        min(1.0, max(x for x, _ in points) + _BESIDE),
        min(1.0, max(y for _, y in points) + _BELOW),
    )
    return region if 0 < share(region) <= _MOST_SHARE else WHOLE


def share(region: Box) -> float:
    """The share (0..1) of the picture that `region` is."""
    return (region.right - region.left) * (region.bottom - region.top)


@dataclass(frozen=True, slots=True)
class Part:
    """A part, from `left`, `top` on and `width` x `height` pixels, of a picture of `whole` (width, height) pixels."""

    left: int
    top: int
    width: int
    height: int
    whole: tuple[int, int]

    def scaled_down(self, width: int, height: int) -> "Part":
        """The same part of a smaller picture, in which it has `width` x `height` pixels; itself where that is none."""
        columns = max(width, round(self.whole[0] * width / self.width))
        rows = max(height, round(self.whole[1] * height / self.height))
        if columns > self.whole[0] or rows > self.whole[1]:
            return self
        left = min(round(self.left * width / self.width), columns - width)
        top = min(round(self.top * height / self.height), rows - height)
        return Part(left, top, width, height, (columns, rows))

    def cut_out(self, frame: Frame) -> Image:
        """The picture of the part, in its pixels."""
        return frame.scaled(self.whole)[self.top : self.top + self.height, self.left : self.left + self.width]

    def to_whole(self, boxes: Array) -> Array:
        """Boxes (n x 4: left, top, right, bottom) from 0..1 of the part to 0..1 of the whole picture."""
        size = np.array([self.width, self.height] * 2, np.float64)
        return (boxes * size + np.array([self.left, self.top] * 2, np.float64)) / np.array(self.whole * 2, np.float64)


def part_of(region: Box, width: int, height: int) -> Part:
    """`region` in a picture of `width` x `height` pixels: whole pixels, one at least."""
    left, top = min(int(region.left * width), width - 1), min(int(region.top * height), height - 1)
    right, bottom = max(left + 1, round(region.right * width)), max(top + 1, round(region.bottom * height))
    return Part(left, top, right - left, bottom - top, (width, height))
