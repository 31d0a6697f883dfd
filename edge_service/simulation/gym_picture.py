"""The picture of an empty gym: a wall, a floor, and in each zone a machine with its name."""

from collections.abc import Sequence

import cv2
import numpy as np

from edge_service.rules.machine import Machine, Point
from edge_service.video.drawing import Colour, draw_label
from edge_service.video.frame import Image

_WALL: Colour = (214, 221, 224)
_WALL_STRIPE: Colour = (60, 128, 214)
_MIRROR: Colour = (226, 218, 206)
_MIRROR_FRAME: Colour = (168, 164, 160)
_FLOOR: Colour = (118, 124, 128)
_FLOOR_LINE: Colour = (108, 114, 118)
_MAT: Colour = (92, 96, 98)
_MAT_EDGE: Colour = (74, 190, 232)
_METAL: Colour = (46, 46, 50)
_SCREEN: Colour = (196, 150, 70)

_HORIZON = 0.36  # where the wall meets the floor, in heights of the picture

# Points and thickness of a line, in widths and heights of the box around the zone, from its top left corner.
Stroke = tuple[tuple[Point, ...], float]
_TREADMILL: tuple[Stroke, ...] = (
    (((0.28, 0.72), (0.72, 0.72)), 0.14),
    (((0.30, 0.68), (0.30, 0.12)), 0.035),
    (((0.70, 0.68), (0.70, 0.12)), 0.035),
    (((0.24, 0.22), (0.76, 0.22)), 0.03),
    (((0.36, 0.08), (0.64, 0.08)), 0.12),
)
_BIKE: tuple[Stroke, ...] = (
    (((0.26, 0.76), (0.74, 0.76)), 0.05),
    (((0.50, 0.74), (0.34, 0.40), (0.32, 0.16)), 0.04),
    (((0.50, 0.74), (0.66, 0.36)), 0.04),
    (((0.58, 0.34), (0.76, 0.34)), 0.06),
    (((0.20, 0.16), (0.44, 0.16)), 0.035),
    (((0.30, 0.66), (0.34, 0.56), (0.42, 0.56), (0.46, 0.66), (0.42, 0.74), (0.34, 0.74), (0.30, 0.66)), 0.03),
)
_ROWER: tuple[Stroke, ...] = (
    (((0.14, 0.70), (0.90, 0.70)), 0.05),
    (((0.18, 0.82), (0.18, 0.58)), 0.03),
    (((0.86, 0.82), (0.86, 0.70)), 0.03),
    (((0.12, 0.52), (0.18, 0.42), (0.28, 0.42), (0.34, 0.52), (0.28, 0.62), (0.18, 0.62), (0.12, 0.52)), 0.05),
    (((0.30, 0.50), (0.46, 0.50)), 0.02),
    (((0.60, 0.66), (0.74, 0.66)), 0.07),
)
_SHAPES = {"bike": _BIKE, "row": _ROWER}


def draw_gym(machines: Sequence[Machine], width: int, height: int) -> Image:
    """An empty gym of `width` x `height` pixels, as height x width x 3, uint8, BGR."""
    image = np.full((height, width, 3), _WALL, np.uint8)
    horizon = int(_HORIZON * height)
    image[horizon:] = _FLOOR
    for x in np.linspace(-0.6, 1.6, 23):
        outer = (int((0.5 + (x - 0.5) * 2.2) * width), height)
        cv2.line(image, (int(x * width), horizon), outer, _FLOOR_LINE, 2, cv2.LINE_AA)
    for left in (0.05, 0.37, 0.69):
        corner, opposite = (int(left * width), int(0.07 * height)), (int((left + 0.26) * width), int(0.27 * height))
        cv2.rectangle(image, corner, opposite, _MIRROR, -1)
        cv2.rectangle(image, corner, opposite, _MIRROR_FRAME, 4)
    image[int(0.30 * height) : int(0.315 * height)] = _WALL_STRIPE
    image[horizon - 6 : horizon] = _MIRROR_FRAME
    for machine in machines:
        _draw_machine(image, machine)
    return image


def _draw_machine(image: Image, machine: Machine) -> None:
    height, width = image.shape[:2]
    zone = np.array([(x * width, y * height) for x, y in machine.zone])
    mat = [zone.astype(np.int32)]
    cv2.fillPoly(image, mat, _MAT, cv2.LINE_AA)
    cv2.polylines(image, mat, isClosed=True, color=_MAT_EDGE, thickness=3, lineType=cv2.LINE_AA)
    corner, size = zone.min(axis=0), np.ptp(zone, axis=0)
    for points, thickness in _shape(machine):
        stroke = [(corner + size * np.array(points)).astype(np.int32)]
        pixels = max(2, int(thickness * size.min()))
        cv2.polylines(image, stroke, isClosed=False, color=_METAL, thickness=pixels, lineType=cv2.LINE_AA)
    x, y = (corner + size * (0.5, 0.94)).astype(int)
    draw_label(image, machine.name, (int(x), int(y)), 0.6)


def _shape(machine: Machine) -> tuple[Stroke, ...]:
    """The strokes that suit the machine's name; a treadmill for one that says nothing known."""
    name = f"{machine.machine_id} {machine.name}".lower()
    return next((shape for word, shape in _SHAPES.items() if word in name), _TREADMILL)
