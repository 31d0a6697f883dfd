"""A camera's view: whether a still shows what the camera usually sees, another view, nothing sharp, or no light. Pure.

A view is a field of edges: at each point of a picture of 160 by 90 the direction of its edge, doubled, so that light
from the other side changes nothing, with a strength that is set against what is around it, so that more or less light
changes nothing either (normalised gradients, as in Dalal and Triggs, "Histograms of Oriented Gradients", 2005).

Each part of the usual view that cannot be mistaken for its neighbours is looked for in the still, around its place
(block matching). A part that is found votes for the place where it was found; what people hide is found nowhere, and
does not vote. In an unmoved picture most votes are for "where it was", in any light; by chance one in twenty is.
"""

from dataclasses import dataclass
from io import BytesIO

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from backend_api.contract.alerts import AlertKind

WIDTH, HEIGHT = 160, 90
MAX_PICTURE_PIXELS = 40_000_000
# A hundredth of the picture at least is as bright as this (of 255), where anything can be seen.
_DARK_LEVEL = 24.0
# Below this share of the usual edges nothing sharp is seen; infra-red light leaves a quarter of them.
_COVERED_SHARE = 0.12
# Another view has edges of its own; what covers half of the picture has none.
_MOVED_SHARE = 0.5
# Points across and down of a part, from one part to the next, and how far around its place it is looked for.
_PART_X, _PART_Y = 24, 18
_STEP_X, _STEP_Y = 12, 9
_REACH = 10
# So far off it still is in its place: cameras shake, and lenses breathe.
_IN_PLACE = 2
# A part has at least this share of the mean strength of edges, and at most this share of them in one direction: a
# line alone looks the same all along itself.
_LEAST_STRENGTH = 0.25
_MOST_ALIKE = 0.88
# A part is found where the two agree by as much (-1 to 1). Fewer that are found than this share of all say nothing.
_FOUND = 0.45
_LEAST_FOUND = 0.35
# Fewer parts than these are no view that could be recognised.
_LEAST_PARTS = 8
# On photographs, frames of a video and drawn rooms (docs/measurements.md) 99 in 100 looks at the same view have 0.40
# or more, and 99 in 100 at one that was shifted by 3 %, turned by 8 degrees or enlarged by a quarter at most 0.22.
_SAME_VIEW = 0.33
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
    """Of the parts of `one` that are found in `other`, the share in its place, 0 to 1; 1 where it has too few parts."""
    parts = _parts_of(one)
    if len(parts) < _LEAST_PARTS:
        return 1.0
    wanted, seen = _as_channels(one.field), _as_channels(other.field)
    around = cv2.copyMakeBorder(seen, _REACH, _REACH, _REACH, _REACH, cv2.BORDER_CONSTANT, value=0)
    found = in_place = 0
    for x, y in parts:
        window = around[y : y + _PART_Y + 2 * _REACH, x : x + _PART_X + 2 * _REACH]
        match = cv2.matchTemplate(window, wanted[y : y + _PART_Y, x : x + _PART_X], cv2.TM_CCORR_NORMED)
        _, best, _, (at_x, at_y) = cv2.minMaxLoc(match)
        if best >= _FOUND:
            found += 1
            in_place += max(abs(at_x - _REACH), abs(at_y - _REACH)) <= _IN_PLACE
    return in_place / max(found, _LEAST_FOUND * len(parts))


def _parts_of(view: View) -> list[tuple[int, int]]:
    """The left upper corners of the parts that can be told from what is beside them."""
    strength = np.abs(view.field)
    least = _LEAST_STRENGTH * float(np.mean(strength**2))
    found = []
    for y in range(0, HEIGHT - _PART_Y + 1, _STEP_Y):
        for x in range(0, WIDTH - _PART_X + 1, _STEP_X):
            part, strong = view.field[y : y + _PART_Y, x : x + _PART_X], strength[y : y + _PART_Y, x : x + _PART_X]
            alike = abs(part.sum()) / max(float(strong.sum()), 1e-6)
            if least > 0 and np.mean(strong**2) >= least and alike <= _MOST_ALIKE:
                found.append((x, y))
    return found


def _as_channels(field: Field) -> Grey:
    return np.ascontiguousarray(np.stack([field.real, field.imag], axis=-1), np.float32)


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
    """The mean of the square of `radius` points around each; beyond the borders it goes on as it is there."""
    size = 2 * radius + 1
    return np.asarray(cv2.blur(values, (size, size), borderType=cv2.BORDER_REPLICATE), np.float32)
