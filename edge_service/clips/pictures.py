"""Pictures of a camera: the thumbnail beside a clip, and the still that shows what the camera sees now."""

from collections.abc import Sequence

import cv2
import numpy as np

from edge_service.detection.detector import Box
from edge_service.privacy.masking import Masking, Masks, Shown
from edge_service.rules.machine import Point
from edge_service.video.drawing import shrunk
from edge_service.video.frame import Frame, Image

_THUMBNAIL_WIDTH_PX = 640
_STILL_SIDE_PX = 1280
_JPEG_QUALITY = 85
_ZONE_COLOUR = (0, 200, 255)
_BOX_COLOUR = (80, 220, 80)


def thumbnail_image(image: Image) -> Image:
    """A copy of `image` (height x width x 3, uint8, BGR) in a thumbnail's size, at most 640 pixels wide."""
    return shrunk(image, _THUMBNAIL_WIDTH_PX / image.shape[1])


def draw_thumbnail(shown: Shown, zone: Sequence[Point], boxes: Sequence[Box]) -> bytes:
    """A JPEG of `shown`, which is left as it is, at most 640 pixels wide.

    `zone` and `boxes` are in 0..1 of the picture.
    """
    thumbnail = shown.shrunk(_THUMBNAIL_WIDTH_PX / shown.image.shape[1])
    picture = thumbnail.image
    height, width = picture.shape[:2]
    corners = np.array([[round(x * (width - 1)), round(y * (height - 1))] for x, y in zone], np.int32)
    cv2.polylines(picture, [corners], isClosed=True, color=_ZONE_COLOUR, thickness=2, lineType=cv2.LINE_AA)
    for box in boxes:
        top_left = round(box.left * (width - 1)), round(box.top * (height - 1))
        bottom_right = round(box.right * (width - 1)), round(box.bottom * (height - 1))
        cv2.rectangle(picture, top_left, bottom_right, _BOX_COLOUR, thickness=2)
    return _to_jpeg(thumbnail)


def still_of(image: Image, masks: Masks, time_s: float) -> bytes:
    """A JPEG of `image`, which is of `time_s`, as it may be shown, at most 1280 pixels wide and high."""
    return _to_jpeg(masks.shown(shrunk(image, _STILL_SIDE_PX / max(image.shape[:2])), time_s))


class StillSlot:
    """Hands a picture from the thread of the frames to one that asks for it; neither waits for the other.

    A picture is taken from the first frame, and from the next one whenever there was none to hand over: what is asked
    for after a long time is no older than that. It waits in memory until it is known what `masking` hides in it.
    """

    def __init__(self, masking: Masking) -> None:
        self._masking = masking
        self._is_wanted = masking.keeps_pictures
        self._waiting: tuple[Image, float] | None = None
        self._shown: bytes | None = None

    def offer(self, frame: Frame) -> None:
        """Take the picture of `frame` if one is wanted: it is converted here, where nobody else uses the frame."""
        if self._is_wanted and self._waiting is None:
            image = frame.image()
            self._waiting = shrunk(image, _STILL_SIDE_PX / max(image.shape[:2])), frame.time_s
            self._is_wanted = False
        if self._waiting is not None and self._masking.is_settled(self._waiting[1]):
            self._shown, self._waiting = _to_jpeg(self._masking.shown(*self._waiting)), None

    def take(self) -> bytes | None:
        """The picture as JPEG, at most 1280 pixels wide and high; None when there is none yet: ask again soon."""
        shown, self._shown = self._shown, None
        if shown is None:
            self._is_wanted = self._masking.keeps_pictures
        return shown


def _to_jpeg(shown: Shown) -> bytes:
    _, jpeg = cv2.imencode(".jpg", shown.image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return jpeg.tobytes()
