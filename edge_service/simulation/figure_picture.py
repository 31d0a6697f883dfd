"""The picture of one person: a simple figure that walks, trains, or wipes with a cloth in hand."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from edge_service.rules.machine import Point
from edge_service.simulation.scenario import PERSON_HEIGHT, Activity, Figure, uniform
from edge_service.video.drawing import Colour
from edge_service.video.frame import Image

_SKINS: tuple[Colour, ...] = ((150, 186, 232), (110, 150, 206), (76, 108, 158), (52, 74, 112))
_SHIRTS: tuple[Colour, ...] = ((72, 62, 214), (200, 120, 40), (70, 160, 60), (170, 70, 160), (40, 150, 235))
_TROUSERS: tuple[Colour, ...] = ((70, 50, 40), (52, 52, 52), (110, 70, 30))
_SHOES: Colour = (235, 235, 235)
_CLOTH: Colour = (120, 250, 250)

# Steps and strokes a second.
_STEPS_HZ = 1.1
_TRAINING_HZ = 1.5
_WIPING_HZ = 1.2


@dataclass(frozen=True, slots=True)
class _Pose:
    """Where left and right feet and hands are, in heights of the person from the floor between them."""

    feet: tuple[Point, Point]
    hands: tuple[Point, Point]


def draw_figure(image: Image, figure: Figure, time_s: float) -> None:
    """Draw `figure` into `image` (height x width x 3, uint8, BGR) as it moves at `time_s` seconds of media time."""
    pose = _pose(figure.activity, time_s)
    height, width = image.shape[:2]
    size = PERSON_HEIGHT * height
    origin_x, origin_y = figure.foot[0] * width, figure.foot[1] * height

    def pixel(point: Point) -> tuple[int, int]:
        return round(origin_x + point[0] * size), round(origin_y - point[1] * size)

    def limb(colour: Colour, thickness: float, *points: Point) -> None:
        stroke = [np.array([pixel(point) for point in points], np.int32)]
        pixels = max(1, round(thickness * size))
        cv2.polylines(image, stroke, isClosed=False, color=colour, thickness=pixels, lineType=cv2.LINE_AA)

    skin, shirt, trousers = (_pick(figure.key, what) for what in (_SKINS, _SHIRTS, _TROUSERS))
    for side, foot in zip((-1, 1), pose.feet, strict=True):
        limb(trousers, 0.075, (side * 0.045, 0.50), (side * 0.05 + foot[0] * 0.5, 0.27 + foot[1] * 0.5), foot)
        limb(_SHOES, 0.05, foot, (foot[0] + side * 0.025, foot[1]))
    limb(shirt, 0.19, (0.0, 0.56), (0.0, 0.72))
    for side, hand in zip((-1, 1), pose.hands, strict=True):
        elbow = (side * 0.15 + hand[0] * 0.15, (0.78 + hand[1]) / 2 - 0.03)
        limb(shirt, 0.06, (side * 0.10, 0.77), elbow)
        limb(skin, 0.045, elbow, hand)
    limb(skin, 0.07, (0.0, 0.80), (0.0, 0.86))
    cv2.circle(image, pixel((0.0, 0.92)), round(0.075 * size), skin, -1, cv2.LINE_AA)
    cv2.ellipse(image, pixel((0.0, 0.935)), (round(0.075 * size),) * 2, 0, 180, 360, trousers, -1, cv2.LINE_AA)
    if figure.activity is Activity.WIPING:
        x, y = pose.hands[1]
        cv2.rectangle(image, pixel((x - 0.05, y + 0.03)), pixel((x + 0.05, y - 0.05)), _CLOTH, -1)


def _pose(activity: Activity, time_s: float) -> _Pose:
    if activity is Activity.WALKING:
        swing = math.sin(2 * math.pi * _STEPS_HZ * time_s)
        return _Pose(
            feet=((-0.03 + 0.10 * swing, 0.0), (0.03 - 0.10 * swing, 0.0)),
            hands=((-0.12 - 0.08 * swing, 0.48), (0.12 + 0.08 * swing, 0.48)),
        )
    if activity is Activity.USING:
        swing = math.sin(2 * math.pi * _TRAINING_HZ * time_s)
        return _Pose(
            feet=((-0.06, max(0.0, 0.10 * swing)), (0.06, max(0.0, -0.10 * swing))),
            hands=((-0.15, 0.70 + 0.14 * swing), (0.15, 0.70 - 0.14 * swing)),
        )
    swing = math.sin(2 * math.pi * _WIPING_HZ * time_s)
    return _Pose(feet=((-0.08, 0.0), (0.08, 0.0)), hands=((-0.14, 0.52), (0.20 + 0.13 * swing, 0.66 + 0.02 * swing)))


def _pick(key: str, colours: tuple[Colour, ...]) -> Colour:
    """One of `colours`, always the same for the same person."""
    return colours[int(uniform(0, len(colours), key, str(colours)))]
