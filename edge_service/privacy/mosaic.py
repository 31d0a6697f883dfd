"""How a part of a picture is hidden: in a few large grey blocks that run into each other, or black.

A light blur can be undone, and so can small blocks in motion (Hill et al., "On the (In)effectiveness of Mosaicing and
Blurring as Tools for Document Redaction", PoPETs 2016; McPherson et al., "Defeating Image Obfuscation with Deep
Learning", 2016). So a part has few blocks however large it is, and no colour: skin and hair have some.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from edge_service.detection.detector import Box
from edge_service.rules.machine import Point
from edge_service.video.frame import Image

_BLOCKS_A_PART = 4
_BLOCKS_A_PICTURE = 16
_LEAST_BLOCK_PX = 8


def pixelate(image: Image, source: Image, part: Box) -> None:
    """Draw `part` (0..1, it may reach beyond the edges) of `source` into `image` of the same size, in 4 x 4 blocks."""
    height, width = source.shape[:2]
    left, top = max(0, int(np.floor(part.left * width))), max(0, int(np.floor(part.top * height)))
    right, bottom = min(width, int(np.ceil(part.right * width))), min(height, int(np.ceil(part.bottom * height)))
    if left < right and top < bottom:
        image[top:bottom, left:right] = _blocks(source[top:bottom, left:right], _BLOCKS_A_PART)


def pixelated(source: Image) -> Image:
    """All of `source` in at most 16 x 16 blocks."""
    return _blocks(source, _BLOCKS_A_PICTURE)


def blacken(image: Image, areas: Sequence[Sequence[Point]]) -> None:
    """Draw `areas` (polygons in 0..1) black into `image`, with an edge: pixels there hold some of both sides."""
    height, width = image.shape[:2]
    edge_px = 3 + 2 * round(max(height, width) / 640)
    for area in areas:
        corners = np.array([[round(x * (width - 1)), round(y * (height - 1))] for x, y in area], np.int32)
        cv2.fillPoly(image, [corners], (0, 0, 0))
        cv2.polylines(image, [corners], isClosed=True, color=(0, 0, 0), thickness=edge_px)


def _blocks(source: Image, most: int) -> Image:
    height, width = source.shape[:2]
    side_px = max(_LEAST_BLOCK_PX, max(height, width) / most)
    size = max(1, round(width / side_px)), max(1, round(height / side_px))
    grey = cv2.cvtColor(np.ascontiguousarray(source), cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.cvtColor(large, cv2.COLOR_GRAY2BGR), np.uint8)
