"""Where somebody's box is expected to be: a Kalman filter whose motion goes by seconds, not by frames.

The filter of SORT and ByteTrack (constant velocity, noise in proportion to the box) for frames that come as they come:
the noise of motion grows with the time between them. Centre and size are taken as independent of each other, as there;
so the eight-dimensional filter falls apart into four of two dimensions, which are computed side by side. A horizontal
noise goes by the box's width and a vertical one by its height, so that pictures of any shape give the same.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_service.detection.detector import Box

Array = npt.NDArray[Any]

# All for centre x, centre y, width, height; in widths and heights of the box. A standing person is about three times as
# high as wide, and walks about two of their widths in a second.
_MEASURED = np.array([0.10, 0.05, 0.15, 0.05])
_FIRST_SPEED_PER_S = np.array([2.0, 0.4, 0.0, 0.0])
# What a second adds, as a standard deviation that grows with the square root of time: to the speed, people turning,
# starting and stopping; to the place, arms and bending. A size has no speed: nobody grows for long.
_SPEED_NOISE = np.array([2.0, 0.4, 0.0, 0.0])
_PLACE_NOISE = np.array([0.2, 0.1, 0.5, 0.2])


@dataclass(frozen=True, slots=True)
class Motion:
    """A box in motion at `time_s`: `place` and `speed` (4: centre x, centre y, width, height; 0..1 of the picture).

    `spread` (3 x 4) is their covariance: the variance of the place, the covariance of both, the variance of the speed.
    """

    time_s: float
    place: Array
    speed: Array
    spread: Array

    def box(self) -> Box:
        """The box that is expected."""
        x, y, width, height = self.place.tolist()
        return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def begin(box: Box, time_s: float) -> Motion:
    """Somebody seen for the first time."""
    place = _measure(box)
    scale = _scale(place)
    spread = np.stack([(_MEASURED * scale) ** 2, np.zeros(4), (_FIRST_SPEED_PER_S * scale) ** 2])
    return Motion(time_s, place, np.zeros(4), spread)


def predict(motion: Motion, time_s: float) -> Motion:
    """`motion` at a later time, in seconds; at an earlier one as it is."""
    apart_s = max(0.0, time_s - motion.time_s)
    scale = _scale(motion.place)
    turned, shifted = (_SPEED_NOISE * scale) ** 2, (_PLACE_NOISE * scale) ** 2
    place, both, speed = motion.spread
    spread = np.stack(
        [
            place + 2 * apart_s * both + apart_s**2 * speed + turned * apart_s**3 / 3 + shifted * apart_s,
            both + apart_s * speed + turned * apart_s**2 / 2,
            speed + turned * apart_s,
        ]
    )
    return Motion(time_s, motion.place + apart_s * motion.speed, motion.speed, spread)


def surprise(expected: Motion, box: Box) -> float:
    """How far `box` is from what is `expected` at its time: the square of the Mahalanobis distance, 0 or more.

    Where it is the same person that is distributed as chi-square of four degrees of freedom.
    """
    off = _measure(box) - expected.place
    return float((off**2 / _certainty(expected, box)).sum())


def correct(expected: Motion, box: Box) -> Motion:
    """`expected` once `box` has been seen at its time."""
    measured = _measure(box)
    place, both, speed = expected.spread
    certainty = _certainty(expected, box)
    place_gain, speed_gain = place / certainty, both / certainty
    off = measured - expected.place
    return Motion(
        expected.time_s,
        expected.place + place_gain * off,
        expected.speed + speed_gain * off,
        np.stack([(1 - place_gain) * place, (1 - place_gain) * both, speed - speed_gain * both]),
    )


def _certainty(expected: Motion, box: Box) -> Array:
    """The variance of what is measured (4), that of the measurement included."""
    return np.asarray(expected.spread[0] + (_MEASURED * _scale(_measure(box))) ** 2)


def _measure(box: Box) -> Array:
    return np.array(
        [(box.left + box.right) / 2, (box.top + box.bottom) / 2, box.right - box.left, box.bottom - box.top]
    )


def _scale(place: Array) -> Array:
    return np.array([place[2], place[3], place[2], place[3]])
