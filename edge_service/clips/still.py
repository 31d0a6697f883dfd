"""A picture of what the camera sees, now and then: taken in the frames' thread, made a JPEG in another one's."""

import cv2
import numpy as np

from edge_service.video.frame import Frame, Image

_MAX_SIDE = 1280
_JPEG_QUALITY = 85


class Still:
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
        _, jpeg = cv2.imencode(".jpg", _fitted(image), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        return jpeg.tobytes()


def _fitted(image: Image) -> Image:
    height, width = image.shape[:2]
    scale = _MAX_SIDE / max(width, height)
    if scale >= 1:
        return image
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
