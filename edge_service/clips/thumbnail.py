"""The picture beside a clip: the deciding frame, with the machine's zone and the people in it."""

from collections.abc import Sequence

import cv2
import numpy as np

from edge_service.detection.detector import Box
from edge_service.rules.machine import Point
from edge_service.video.frame import Image

_MAX_WIDTH = 640
_JPEG_QUALITY = 85
_ZONE_COLOUR = (0, 200, 255)
_BOX_COLOUR = (80, 220, 80)


def draw_thumbnail(image: Image, zone: Sequence[Point], boxes: Sequence[Box]) -> bytes:
    """A JPEG of `image` (height x width x 3, uint8, BGR, left as it is), at most 640 pixels wide.

    `zone` and `boxes` are in 0..1 of the picture.
    """
    picture = _fitted(image)
    height, width = picture.shape[:2]
    corners = np.array([[round(x * (width - 1)), round(y * (height - 1))] for x, y in zone], np.int32)
    cv2.polylines(picture, [corners], isClosed=True, color=_ZONE_COLOUR, thickness=2, lineType=cv2.LINE_AA)
    for box in boxes:
        top_left = round(box.left * (width - 1)), round(box.top * (height - 1))
        bottom_right = round(box.right * (width - 1)), round(box.bottom * (height - 1))
        cv2.rectangle(picture, top_left, bottom_right, _BOX_COLOUR, thickness=2)
    _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return jpeg.tobytes()


def _fitted(image: Image) -> Image:
    height, width = image.shape[:2]
    if width <= _MAX_WIDTH:
        return image.copy()
    size = (_MAX_WIDTH, max(1, round(height * _MAX_WIDTH / width)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
