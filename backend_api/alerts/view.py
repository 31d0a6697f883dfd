"""A camera's view: whether a still shows what the camera usually sees, another view, nothing sharp, or no light. Pure.

A view is a field of edges: at each point of a picture of 160 by 90 the direction of its edge, doubled, so that light
from the other side changes nothing, with a strength that is set against what is around it, so that more or less light
changes nothing either (normalised gradients, as in Dalal and Triggs, "Histograms of Oriented Gradients", 2005). Two
views are compared block by block, and the best three blocks in ten count: people may hide all others.
"""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from backend_api.contract.alerts import AlertKind

WIDTH, HEIGHT = 160, 90
_BLOCKS_X, _BLOCKS_Y = 8, 5
MAX_PICTURE_PIXELS = 40_000_000
# A hundredth of the picture at least is as bright as this (of 255), where anything can be seen.
_DARK_LEVEL = 24.0
# Below this share of the usual edges nothing sharp is seen; infra-red light leaves a quarter of them.
_COVERED_SHARE = 0.12
# Another view has edges of its own; what covers half of the picture has none.
_MOVED_SHARE = 0.5
# Of 576 looks at eight drawn rooms through a day of light, with people, one in a hundred agreed by less than 0.48 and
# none by less than 0.37; of 192 at rooms that were shifted by a tenth, turned or enlarged none by more than 0.35.
_SAME_VIEW = 0.36
_BLOCKS_LEFT_OUT = 0.7
# An edge counts from this contrast of neighbouring points on, relative to the light around them.
_EDGE = 0.08
# A still that shows the usual view makes up so much of the view from then on: the last six hours are most of it, and
# neither the evening's lamps nor the day's sun all of it.
_LEARNED = 0.03
_LEAST_EDGES = 0.01

Field = npt.NDArray[np.complex64]
Grey = npt.NDArray[np.float32]


class NoPicture(ValueError):
    """The bytes are no picture that can be looked at; the text says why."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """`field` is HEIGHT x WIDTH, |value| 0 to 1; `edges` is the share of points with an edge, 0 to 1."""

    field: Field
    edges: float

    def to_bytes(self) -> bytes:
        """To be kept; a hundredth of the strength is lost."""
        parts = np.stack([self.field.real, self.field.imag]) * 127
        return np.float32(self.edges).tobytes() + np.clip(np.rint(parts), -127, 127).astype(np.int8).tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> "View | None":
        """The view that was kept; None for what is none of this release."""
        if len(data) != 4 + 2 * WIDTH * HEIGHT:
            return None
        parts = np.frombuffer(data, np.int8, offset=4).reshape(2, HEIGHT, WIDTH).astype(np.float32) / 127
        return cls((parts[0] + 1j * parts[1]).astype(np.complex64), float(np.frombuffer(data, np.float32, 1)[0]))

    def learn(self, other: "View") -> "View":
        """The view with a little of `other`, which shows the same: it follows the seasons, and forgets people."""
        field = (1 - _LEARNED) * self.field + _LEARNED * other.field
        return View(field.astype(np.complex64), (1 - _LEARNED) * self.edges + _LEARNED * other.edges)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What one still shows: its view, and the level, 0 to 255, that a hundredth of its points exceeds."""

    view: View
    brightness: float


def look_at(jpeg: bytes) -> Look:
    """What the still `jpeg` shows. Raises NoPicture for bytes that are no JPEG, or of too many pixels."""
    grey = _grey(jpeg)
    light = _blurred(grey, 8) + 4.0
    relative = grey / light
    across, down = np.zeros_like(grey), np.zeros_like(grey)
    across[:, 1:-1] = (relative[:, 2:] - relative[:, :-2]) / 2
    down[1:-1, :] = (relative[2:, :] - relative[:-2, :]) / 2
    gradient = across + 1j * down
    strength = np.abs(gradient)
    doubled = np.where(strength > 0, gradient**2 / np.maximum(strength, 1e-6), 0)
    field = doubled / (_blurred(strength.astype(np.float32), 6) * 2 + 0.02 + strength)
    return Look(View(field.astype(np.complex64), float(np.mean(strength > _EDGE))), float(np.percentile(grey, 99)))


def judge(usual: View, seen: Look) -> AlertKind | None:
    """What is wrong with what is seen, by the view that the camera usually has; None when nothing is."""
    if seen.brightness < _DARK_LEVEL:
        return AlertKind.CAMERA_DARK
    share = seen.view.edges / usual.edges if usual.edges >= _LEAST_EDGES else 1.0
    if share < _COVERED_SHARE:
        return AlertKind.CAMERA_COVERED
    if agreement(usual, seen.view) >= _SAME_VIEW:
        return None
    return AlertKind.CAMERA_COVERED if share < _MOVED_SHARE else AlertKind.CAMERA_MOVED


def agreement(one: View, other: View) -> float:
    """How far two views agree, -1 to 1, in three of ten blocks where the first has edges; 1 without any."""
    first, second = _without_trend(one.field), _without_trend(other.field)
    products = _by_block((first * np.conj(second)).real)
    energies = _by_block(np.abs(first) ** 2), _by_block(np.abs(second) ** 2)
    has_edges = energies[0] >= 0.25 * np.mean(energies[0])
    if not np.any(energies[0] > 0):
        return 1.0
    shares = products / np.maximum(np.sqrt(energies[0] * energies[1]), 1e-6)
    return float(np.quantile(shares[has_edges], _BLOCKS_LEFT_OUT))


def _without_trend(field: Field) -> Field:
    """The field without the direction that most edges have: rooms are full of level lines, which agree anywhere."""
    strength = np.abs(field)
    trend = field.sum() / max(float(strength.sum()), 1e-6)
    return np.asarray(field - strength * trend, np.complex64)


def _by_block(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    blocks = values.reshape(_BLOCKS_Y, HEIGHT // _BLOCKS_Y, _BLOCKS_X, WIDTH // _BLOCKS_X)
    sums: npt.NDArray[np.float64] = blocks.sum(axis=(1, 3), dtype=np.float64)
    return sums


def _grey(jpeg: bytes) -> Grey:
    try:
        with Image.open(BytesIO(jpeg), formats=["JPEG"]) as picture:
            width, height = picture.size
            if width * height > MAX_PICTURE_PIXELS:
                raise NoPicture(f"{width} x {height} are too many pixels")
            # The decoder leaves out what would be thrown away.
            picture.draft("L", (2 * WIDTH, 2 * HEIGHT))
            small = picture.convert("L").resize((WIDTH, HEIGHT), Image.Resampling.BOX)
    except (OSError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise NoPicture(str(error)) from error
    return np.asarray(small, np.float32)


def _blurred(values: Grey, radius: int) -> Grey:
    """The mean of the square of `radius` points around each, at the borders of what there is of it."""
    for axis in (0, 1):
        padded = np.pad(values, [(radius + 1, radius) if axis == k else (0, 0) for k in (0, 1)], mode="edge")
        sums = np.cumsum(padded, axis=axis, dtype=np.float64)
        size = values.shape[axis]
        upper = np.take(sums, range(2 * radius + 1, 2 * radius + 1 + size), axis=axis)
        lower = np.take(sums, range(size), axis=axis)
        values = ((upper - lower) / (2 * radius + 1)).astype(np.float32)
    return values
