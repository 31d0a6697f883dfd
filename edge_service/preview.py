"""The picture that lets a zone be judged by eye: zones with the machines' states, people with their numbers."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from edge_service.anchor import is_in_zone
from edge_service.detector import Box
from edge_service.frame import Image
from edge_service.gym_picture import Colour, draw_label
from edge_service.machine import AnchorKind, Machine
from edge_service.session import MachineState
from edge_service.tracker import Track

_FREE: Colour = (170, 170, 170)
_OCCUPIED: Colour = (40, 90, 255)
_CLEANING: Colour = (255, 170, 30)
_INSIDE: Colour = (80, 230, 80)
_OUTSIDE: Colour = (200, 200, 200)
_LABEL_SCALE = 0.5
_LABEL_PX = 26


def draw_preview(
    image: Image,
    machines: Sequence[Machine],
    states: Mapping[str, MachineState],
    tracks: Sequence[Track],
    time_s: float,
) -> None:
    """Draw into `image` (height x width x 3, uint8, BGR) what is known at `time_s` seconds of media time.

    A person in some machine's zone is green, and has a dot where the zone's anchor is.
    """
    height, width = image.shape[:2]
    for machine in machines:
        _draw_zone(image, machine, states[machine.machine_id], time_s)
    for track in tracks:
        _draw_person(image, track, [m for m in machines if is_in_zone(track.box, m.zone, m.anchor)])
    minutes, seconds = divmod(round(time_s, 1), 60)
    draw_label(image, f"{minutes:.0f}:{seconds:04.1f}", (width - 60, height - 20), 0.6)


def describe(state: MachineState, time_s: float) -> str:
    """The state in words, with the seconds of media time since it began: `free`, `occupied 12 s`, `to clean 3 s`."""
    if state.session is None:
        return "free"
    if state.session.left_s is None:
        return f"occupied {time_s - state.session.start_s:.0f} s"
    wiped = ", attempt seen" if state.session.is_attempted else ""
    return f"to clean {time_s - state.session.left_s:.0f} s{wiped}"


def _draw_zone(image: Image, machine: Machine, state: MachineState, time_s: float) -> None:
    height, width = image.shape[:2]
    colour = _FREE
    if state.session is not None:
        colour = _OCCUPIED if state.session.left_s is None else _CLEANING
    corners = np.array([_pixel(image, x, y) for x, y in machine.zone], np.int32)
    cv2.polylines(image, [corners], isClosed=True, color=colour, thickness=3, lineType=cv2.LINE_AA)
    text = f"{machine.machine_id}: {describe(state, time_s)}"
    (text_px, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, _LABEL_SCALE, 2)
    x = int(corners[:, 0].mean())
    y = int(corners[:, 1].min()) - _LABEL_PX // 2
    half = text_px // 2 + _LABEL_PX // 4
    centre = (min(max(x, half), max(half, width - half)), min(max(y, _LABEL_PX), height - _LABEL_PX))
    draw_label(image, text, centre, _LABEL_SCALE)


def _draw_person(image: Image, track: Track, inside: Sequence[Machine]) -> None:
    box, colour = track.box, _INSIDE if inside else _OUTSIDE
    cv2.rectangle(image, _pixel(image, box.left, box.top), _pixel(image, box.right, box.bottom), colour, 2)
    text = f"{track.track_id} ({track.score:.2f})"
    x, y = _pixel(image, box.left, box.bottom)
    cv2.putText(image, text, (x + 4, y - 8), cv2.FONT_HERSHEY_SIMPLEX, _LABEL_SCALE, colour, 1, cv2.LINE_AA)
    for machine in inside:
        if machine.anchor.kind is not AnchorKind.OVERLAP:
            cv2.circle(image, _anchor(image, box, machine.anchor.kind), 5, colour, -1, cv2.LINE_AA)


def _anchor(image: Image, box: Box, kind: AnchorKind) -> tuple[int, int]:
    y = box.bottom if kind is AnchorKind.BOTTOM_CENTER else (box.top + box.bottom) / 2
    return _pixel(image, (box.left + box.right) / 2, y)


def _pixel(image: Image, x: float, y: float) -> tuple[int, int]:
    height, width = image.shape[:2]
    return round(x * (width - 1)), round(y * (height - 1))
