"""The picture that lets a zone be judged by eye: zones with the machines' states, people with their numbers."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from backend_api.contract.looks import SeenState
from edge_service.detection.detector import Box
from edge_service.pipeline.looks import seen_machine
from edge_service.rules.machine import AnchorKind, Machine
from edge_service.rules.machine_state import MachineState
from edge_service.rules.zone import is_in_zone
from edge_service.tracking.tracker import Track
from edge_service.video.drawing import Colour, draw_label, label_size
from edge_service.video.frame import Image

_FREE: Colour = (170, 170, 170)
_OCCUPIED: Colour = (40, 90, 255)
_CLEANING: Colour = (255, 170, 30)
_INSIDE: Colour = (80, 230, 80)
_OUTSIDE: Colour = (200, 200, 200)
_TIME_SCALE = 0.6
_LABEL_SCALE = 0.5
_LABEL_PX = 26
_PERSON_SCALE = 0.42
_PERSON_PX = 20


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
    for machine in machines:
        _draw_zone(image, machine, states[machine.machine_id])
    for track in tracks:
        _draw_person(image, track, [m for m in machines if is_in_zone(track.box, m.zone, m.anchor)])
    # Words last, so that no line runs through them; the machines' first, since a person's may go without.
    labels = _Labels(image)
    height, width = image.shape[:2]
    minutes, seconds = divmod(round(time_s, 1), 60)
    labels.write(f"{minutes:.0f}:{seconds:04.1f}", (width - 60, height - 20), _TIME_SCALE)
    for machine in machines:
        corners = [_pixel(image, x, y) for x, y in machine.zone]
        middle, top = sum(x for x, _ in corners) // len(corners), min(y for _, y in corners)
        text = f"{machine.machine_id}: {describe(states[machine.machine_id], time_s)}"
        labels.write(text, (middle, top - _LABEL_PX // 2), _LABEL_SCALE)
    for track in tracks:
        middle, top = _pixel(image, (track.box.left + track.box.right) / 2, track.box.top)
        labels.write(f"{track.track_id} ({track.score:.2f})", (middle, top + _PERSON_PX // 2), _PERSON_SCALE)


def describe(state: MachineState, time_s: float) -> str:
    """The state in words, with the seconds of media time since it began: `free`, `occupied 12 s`, `to clean 3 s`.

    And what may soon change it, that by which the rules' times can be judged: `free, somebody there 4 s`.
    """
    seen = seen_machine("machine", state, time_s)
    there = "" if seen.there_s is None else f", somebody there {seen.there_s:.0f} s"
    if seen.gone_s is not None:
        there = f", nobody there {seen.gone_s:.0f} s"
    if seen.state is SeenState.FREE:
        return f"free{there}"
    if seen.state is SeenState.IN_USE:
        return f"occupied {seen.for_s:.0f} s{there}"
    wiped = ", attempt seen" if seen.is_attempted else ""
    return f"to clean {seen.for_s:.0f} s{wiped}{there}"


def _draw_zone(image: Image, machine: Machine, state: MachineState) -> None:
    colour = _FREE
    if state.session is not None:
        colour = _OCCUPIED if state.session.left_s is None else _CLEANING
    corners = np.array([_pixel(image, x, y) for x, y in machine.zone], np.int32)
    cv2.polylines(image, [corners], isClosed=True, color=colour, thickness=3, lineType=cv2.LINE_AA)


class _Labels:
    """Writes labels into `image`, each near its place and none upon another; where there is no room, none."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self._taken: list[tuple[int, int, int, int]] = []

    def write(self, text: str, centre: tuple[int, int], scale: float) -> None:
        """A label around the pixel `centre`, moved so as to lie in the picture, and up or down to where it is free."""
        height, width = self._image.shape[:2]
        plate_width, plate_height = label_size(text, scale)
        x = min(max(centre[0], plate_width // 2), max(plate_width // 2, width - plate_width // 2))
        y = min(max(centre[1], plate_height // 2), max(plate_height // 2, height - plate_height // 2))
        for offset in (step * sign * plate_height for step in range(height // plate_height + 1) for sign in (1, -1)):
            top = y + offset - plate_height // 2
            plate = (x - plate_width // 2, top, x + plate_width // 2, top + plate_height)
            if 0 <= top <= height - plate_height and not any(_overlap(plate, other) for other in self._taken):
                self._taken.append(plate)
                draw_label(self._image, text, (x, y + offset), scale)
                return


def _overlap(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> bool:
    """Whether two rectangles (left, top, right, bottom) have a pixel in common."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _draw_person(image: Image, track: Track, inside: Sequence[Machine]) -> None:
    box, colour = track.box, _INSIDE if inside else _OUTSIDE
    cv2.rectangle(image, _pixel(image, box.left, box.top), _pixel(image, box.right, box.bottom), colour, 2)
    for machine in inside:
        if machine.anchor.kind is not AnchorKind.OVERLAP:
            cv2.circle(image, _anchor(image, box, machine.anchor.kind), 5, colour, -1, cv2.LINE_AA)


def _anchor(image: Image, box: Box, kind: AnchorKind) -> tuple[int, int]:
    y = box.bottom if kind is AnchorKind.BOTTOM_CENTER else (box.top + box.bottom) / 2
    return _pixel(image, (box.left + box.right) / 2, y)


def _pixel(image: Image, x: float, y: float) -> tuple[int, int]:
    height, width = image.shape[:2]
    return round(x * (width - 1)), round(y * (height - 1))
