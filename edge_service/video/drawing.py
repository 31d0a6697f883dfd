"""The last touch to pictures before they are written: scaling, and words, white on a dark plate."""

import cv2
import numpy as np

from edge_service.video.frame import Image

Colour = tuple[int, int, int]
"""Blue, green, red, each 0..255."""

_PLATE: Colour = (40, 40, 40)
_WHITE: Colour = (250, 250, 250)


def label_size(text: str, scale: float) -> tuple[int, int]:
    """Width and height in pixels of the plate that `draw_label` draws."""
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 2)
    margin = int(10 * scale)
    return width + 2 * margin + 2, height + 2 * margin + 2


def draw_label(image: Image, text: str, centre: tuple[int, int], scale: float) -> None:
    """White `text` on a dark plate around the pixel `centre`; `scale` 1 is about 22 pixels high."""
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 2)
    x, y, margin = centre[0] - width // 2, centre[1] + height // 2, int(10 * scale)
    cv2.rectangle(image, (x - margin, y - height - margin), (x + width + margin, y + margin), _PLATE, -1)
    cv2.putText(image, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, _WHITE, 2, cv2.LINE_AA)


def shrunk(image: Image, scale: float) -> Image:
    """A copy of `image` (height x width x 3, uint8, BGR), its sides `scale` times as long where that is below 1."""
    if scale >= 1:
        return image.copy()
    height, width = image.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
