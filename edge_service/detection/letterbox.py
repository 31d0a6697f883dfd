"""Fitting a picture into a network's input, and boxes from there back into the picture."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edge_service.video.frame import Image

Array = npt.NDArray[Any]

_GREY = 114  # what YOLOX and Ultralytics pad with in training


class Fit(StrEnum):
    """How a picture of another shape is put into the input: whole and padded with grey, or stretched to fill it."""

    TOP_LEFT = "top left"
    CENTRED = "centred"
    STRETCHED = "stretched"


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """The scaling of a network's input: `(value - mean) / std` of each channel, values from 0 to 255."""

    fit: Fit
    is_rgb: bool
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the picture lies in the input, in pixels of the input."""

    left: int
    top: int
    width: int
    height: int

    def to_picture(self, boxes: Array) -> Array:
        """Boxes (n x 4: left, top, right, bottom) from pixels of the input to 0..1 of the picture, cut at its edges."""
        origin = np.array([self.left, self.top] * 2, np.float64)
        size = np.array([self.width, self.height] * 2, np.float64)
        return np.clip((boxes - origin) / size, 0.0, 1.0)


def place(width: int, height: int, into_width: int, into_height: int, fit: Fit) -> Placement:
    """Where a picture of `width` x `height` pixels goes in an input of `into_width` x `into_height`."""
    if fit is Fit.STRETCHED:
        return Placement(0, 0, into_width, into_height)
    scale = min(into_width / width, into_height / height)
    # A very long picture keeps at least a line.
    fitted_width, fitted_height = max(1, round(width * scale)), max(1, round(height * scale))
    if fit is Fit.TOP_LEFT:
        return Placement(0, 0, fitted_width, fitted_height)
    return Placement((into_width - fitted_width) // 2, (into_height - fitted_height) // 2, fitted_width, fitted_height)


def to_blob(image: Image, into_width: int, into_height: int, picture: PictureFormat) -> tuple[Array, Placement]:
    """`image` (BGR) as the input, 1 x 3 x `into_height` x `into_width`, float32, and where it lies in it."""
    height, width = image.shape[:2]
    spot = place(width, height, into_width, into_height, picture.fit)
    canvas = np.full((into_height, into_width, 3), _GREY, np.uint8)
    inside = canvas[spot.top : spot.top + spot.height, spot.left : spot.left + spot.width]
    inside[:] = cv2.resize(image, (spot.width, spot.height), interpolation=cv2.INTER_LINEAR)
    blob: Array = cv2.dnn.blobFromImage(canvas, swapRB=picture.is_rgb)
    if picture.mean != (0.0, 0.0, 0.0):
        blob -= np.array(picture.mean, np.float32).reshape(1, 3, 1, 1)
    if picture.std != (1.0, 1.0, 1.0):
        blob /= np.array(picture.std, np.float32).reshape(1, 3, 1, 1)
    return blob, spot
