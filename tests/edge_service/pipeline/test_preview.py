"""The preview's picture: zones in the colour of their state, people with their numbers."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from edge_service.detection.detector import Box
from edge_service.pipeline import preview
from edge_service.pipeline.preview import describe, draw_preview
from edge_service.rules.machine import FEET, Anchor, AnchorKind
from edge_service.rules.machine_state import MachineState, Session
from edge_service.rules.presence import Presence, Streak
from edge_service.tracking.tracker import Track
from edge_service.video.drawing import label_size
from edge_service.video.frame import Image
from tests.edge_service.scripted import machine

FREE, OCCUPIED = MachineState(), MachineState(session=Session(10.0))
CLEANING = MachineState(session=Session(10.0, 30.0))
ON_THE_SIDE, ON_THE_BOX = (240, 120), (200, 220)  # row and column


def drawn(state: MachineState, tracks: list[Track], anchor: Anchor = FEET) -> Image:
    image: Image = np.zeros((400, 400, 3), np.uint8)
    draw_preview(image, [machine(anchor=anchor)], {"bench_01": state}, tracks, 42.0)
    return image


def test_a_zone_has_the_colour_of_its_state() -> None:
    colours = {tuple(drawn(state, [])[ON_THE_SIDE]) for state in (FREE, OCCUPIED, CLEANING)}
    assert len(colours) == 3
    assert all(max(colour) > 100 for colour in colours)


def test_who_is_in_a_zone_looks_different_and_has_a_dot_at_the_anchor() -> None:
    person = [Track(7, Box(0.35, 0.4, 0.45, 0.7), 0.8)]
    inside, outside = drawn(FREE, person), drawn(FREE, [Track(7, Box(0.8, 0.4, 0.9, 0.7), 0.8)])
    assert tuple(inside[200, 140]) != tuple(outside[200, 319])
    foot, middle = (279, 160), (219, 160)
    assert inside[foot].max() > 150
    assert inside[middle].max() == 0
    assert drawn(FREE, person, Anchor(AnchorKind.CENTER))[middle].max() > 150
    assert drawn(FREE, person, Anchor(AnchorKind.OVERLAP))[middle].max() == 0


@pytest.mark.parametrize(("width", "height"), [(2, 2), (64, 36), (1280, 8)])
def test_no_picture_is_too_small(width: int, height: int) -> None:
    image: Image = np.zeros((height, width, 3), np.uint8)
    draw_preview(image, [machine()], {"bench_01": OCCUPIED}, [Track(1, Box(0.4, 0.1, 0.6, 1.0), 0.5)], 3.0)
    assert image.any()


def test_the_state_in_words() -> None:
    assert describe(FREE, 42) == "free"
    assert describe(OCCUPIED, 42) == "occupied 32 s"
    assert describe(CLEANING, 42) == "to clean 12 s"
    assert describe(MachineState(session=Session(10.0, 30.0, is_attempted=True)), 42) == "to clean 12 s, attempt seen"


def test_what_may_change_the_state_is_told_too() -> None:
    streak = Streak(35.0, 41.8, 30, 24.0, 1)
    here, gone = Presence(is_present=True, streak=streak), Presence(streak=replace(streak, last_seen_s=39.0))
    assert describe(MachineState(here), 42) == "free, somebody there 7 s"
    assert describe(MachineState(gone), 42) == "free"
    assert describe(MachineState(here, Session(10.0)), 42) == "occupied 32 s"
    assert describe(MachineState(gone, Session(10.0)), 42) == "occupied 32 s, nobody there 3 s"
    assert describe(MachineState(here, Session(10.0, 30.0)), 42) == "to clean 12 s, somebody there 7 s"


def test_no_label_covers_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    plates: dict[str, tuple[float, float, float, float]] = {}

    def note(_: Image, text: str, centre: tuple[int, int], scale: float) -> None:
        width, height = label_size(text, scale)
        plates[text] = centre[0] - width / 2, centre[1] - height / 2, centre[0] + width / 2, centre[1] + height / 2

    monkeypatch.setattr(preview, "draw_label", note)
    machines = [machine(machine_id=f"bench_{number:02}") for number in range(3)]
    crowd = [Track(number, Box(0.4, 0.3, 0.5, 0.9), 0.8) for number in range(12)]
    image: Image = np.zeros((400, 640, 3), np.uint8)
    draw_preview(image, machines, {one.machine_id: FREE for one in machines}, crowd, 42.0)
    assert len(plates) > 10
    assert {f"{one.machine_id}: free" for one in machines} <= plates.keys()
    for a, b in combinations(plates.values(), 2):
        assert a[2] <= b[0] + 1 or b[2] <= a[0] + 1 or a[3] <= b[1] + 1 or b[3] <= a[1] + 1
    assert all(
        left >= 0 and right <= 640 and top >= 0 and bottom <= 400 for left, top, right, bottom in plates.values()
    )
