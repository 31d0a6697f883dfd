"""The part of a camera's picture that is looked at: all of it, or the zones' surroundings where these are smaller.

A network's cost goes by its pixels. Where machines fill a part of the picture only, that part costs less, or is seen
larger.
"""

from collections.abc import Sequence

import numpy as np

from backend_api.contract.zones import Point
from edge_service.detection.detector import Box
from edge_service.detection.letterbox import Array
from edge_service.video.frame import Image

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


def pixels(region: Box, width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of `region` in a picture of `width` x `height` pixels: whole pixels, one at least."""
    left, top = min(int(region.left * width), width - 1), min(int(region.top * height), height - 1)
    return left, top, max(left + 1, round(region.right * width)), max(top + 1, round(region.bottom * height))


def cut_out(image: Image, bounds: tuple[int, int, int, int]) -> Image:
    """The part of `image` within `bounds` (left, top, right, bottom)."""
    left, top, right, bottom = bounds
    return image[top:bottom, left:right]


def to_whole(boxes: Array, bounds: tuple[int, int, int, int], width: int, height: int) -> Array:
    """Boxes (n x 4) from 0..1 of the part within `bounds` to 0..1 of the picture of `width` x `height` pixels."""
    left, top, right, bottom = bounds
    size = np.array([right - left, bottom - top] * 2, np.float64)
    return (boxes * size + np.array([left, top] * 2, np.float64)) / np.array([width, height] * 2, np.float64)
