"""Pictures of a camera: the thumbnail beside a clip, and the still that shows what the camera sees now."""

from collections.abc import Sequence

import cv2
import numpy as np

from edge_service.detection.detector import Box
from edge_service.rules.machine import Point
from edge_service.video.frame import Frame, Image

_THUMBNAIL_WIDTH_PX = 640
_STILL_SIDE_PX = 1280
_JPEG_QUALITY = 85
_ZONE_COLOUR = (0, 200, 255)
_BOX_COLOUR = (80, 220, 80)


def draw_thumbnail(image: Image, zone: Sequence[Point], boxes: Sequence[Box]) -> bytes:
    """A JPEG of `image` (height x width x 3, uint8, BGR, left as it is), at most 640 pixels wide.

    `zone` and `boxes` are in 0..1 of the picture.
    """
    picture = _shrunk(image, _THUMBNAIL_WIDTH_PX / image.shape[1])
    height, width = picture.shape[:2]
    corners = np.array([[round(x * (width - 1)), round(y * (height - 1))] for x, y in zone], np.int32)
    cv2.polylines(picture, [corners], isClosed=True, color=_ZONE_COLOUR, thickness=2, lineType=cv2.LINE_AA)
    for box in boxes:
        top_left = round(box.left * (width - 1)), round(box.top * (height - 1))
        bottom_right = round(box.right * (width - 1)), round(box.bottom * (height - 1))
        cv2.rectangle(picture, top_left, bottom_right, _BOX_COLOUR, thickness=2)
    _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return jpeg.tobytes()


class StillSlot:
    """Hands a picture from the thread of the frames to one that asks for it; neither waits for the other.

    A picture is taken from the first frame, and from the next one whenever there was none to hand over: what is asked
    for after a long time is no older than that.
    """

    def __init__(self) -> None:
        self._is_wanted = True
        self._image: Image | None = None

    def offer(self, frame: Frame) -> None:
        """Take the picture of `frame` if one is wanted: it is converted here, where nobody else uses the frame."""
        if self._is_wanted:
            self._image = frame.image()
            self._is_wanted = False

    def take(self) -> bytes | None:
        """The picture as JPEG, at most 1280 pixels wide and high; None when there is none yet: ask again soon."""
        image, self._image = self._image, None
        if image is None:
            self._is_wanted = True
            return None
        picture = _shrunk(image, _STILL_SIDE_PX / max(image.shape[:2]))
        _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        return jpeg.tobytes()


def _shrunk(image: Image, scale: float) -> Image:
    """A copy of `image`, its sides `scale` times as long where that is below 1."""
    if scale >= 1:
        return image.copy()
    height, width = image.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
