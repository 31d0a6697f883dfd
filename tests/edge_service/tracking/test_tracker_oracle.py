"""The tracker beside a maintained ByteTrack, Roboflow's `supervision`: who is who is the same for both."""

import warnings
from collections.abc import Sequence
from random import Random

import numpy as np
import pytest

from edge_service.detection.detector import Box, Detection
from edge_service.tracking.tracker import Tracker

FPS = 25
FRAMES = 4 * FPS
PIXELS = 1000.0
Frames = list[list[Detection]]


class Oracle:
    """The other implementation, with this one's thresholds and memory."""

    def __init__(self) -> None:
        # Here, so that not every process of the tests reads it.
        import supervision

        self._detections = supervision.Detections
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # it moves to another package of the same makers
            self._tracker = supervision.ByteTrack(
                track_activation_threshold=0.4, lost_track_buffer=60, minimum_matching_threshold=0.8, frame_rate=FPS
            )

    def update(self, detections: Sequence[Detection]) -> list[tuple[int, int]]:
        """The index and the id of each detection that it follows."""
        found = self._detections(
            xyxy=np.array([corners(detection.box) for detection in detections]).reshape(-1, 4) * PIXELS,
            confidence=np.array([detection.score for detection in detections]),
            class_id=np.zeros(len(detections), int),
            data={"index": np.arange(len(detections))},
        )
        tracked = self._tracker.update_with_detections(found)
        if tracked.tracker_id is None or not len(tracked):
            return []
        return list(zip(np.asarray(tracked.data["index"]).tolist(), tracked.tracker_id.tolist(), strict=True))


def corners(box: Box) -> list[float]:
    return [box.left, box.top, box.right, box.bottom]


def walk(seed: int, people: int) -> Frames:
    """People who cross each other at differing heights of the picture; shaky boxes, the hindmost half hidden."""
    random = Random(seed)
    ways = []
    for number in range(people):
        begin, end = random.uniform(0.1, 0.3), random.uniform(0.7, 0.9)
        if number % 2:
            begin, end = end, begin
        ways.append((begin, end, 0.45 + 0.5 * (number + random.uniform(-0.2, 0.2)) / people))
    return [[person(random, ways, number, index / FRAMES) for number in range(people)] for index in range(FRAMES)]


def person(random: Random, ways: Sequence[tuple[float, float, float]], number: int, part: float) -> Detection:
    begin, end, bottom = ways[number]
    x = begin + (end - begin) * part
    is_hidden = any(other[2] > bottom and abs(other[0] + (other[1] - other[0]) * part - x) < 0.04 for other in ways)
    shake = [random.gauss(0, 0.001) for _ in range(4)]
    box = Box(x - 0.05 + shake[0], bottom - 0.4 + shake[1], x + 0.05 + shake[2], bottom + shake[3])
    return Detection(box, random.uniform(0.2, 0.35) if is_hidden else random.uniform(0.7, 0.95))


def partition_by_tracker(frames: Frames) -> list[dict[int, int]]:
    """For each frame the id of each detection, by its index."""
    tracker, answers = Tracker(), []
    for index, detections in enumerate(frames):
        tracks = {track.box: track.track_id for track in tracker.update(detections, index / FPS)}
        answers.append({at: tracks[found.box] for at, found in enumerate(detections) if found.box in tracks})
    return answers


def partition_by_oracle(frames: Frames) -> list[dict[int, int]]:
    oracle = Oracle()
    return [dict(oracle.update(detections)) for detections in frames]


def compare(frames: Frames) -> None:
    """Both give the same partition of what both number, and this tracker numbers all that the other does.

    The other waits for a second sighting before it numbers somebody who comes later than the first frame.
    """
    mine, other = partition_by_tracker(frames), partition_by_oracle(frames)
    pairs = {(one[at], two[at]) for one, two in zip(mine, other, strict=True) for at in one.keys() & two.keys()}
    people = {number for answer in mine for number in answer.values()}
    assert {number for number, _ in pairs} == people
    assert len({number for _, number in pairs}) == len(pairs) == len(people)
    assert all(two.keys() <= one.keys() for one, two in zip(mine, other, strict=True))
    assert sum(len(one) - len(two) for one, two in zip(mine, other, strict=True)) < len(people)


@pytest.mark.parametrize("people", [2, 3, 4])
@pytest.mark.parametrize("seed", range(6))
def test_crossings_are_told_apart_as_by_the_other(seed: int, people: int) -> None:
    frames = walk(seed, people)
    # It is a crossing: somebody is half hidden and scores low.
    assert any(found.score < 0.4 for detections in frames for found in detections)
    compare(frames)


@pytest.mark.parametrize("gap", [1, 5, 12])
@pytest.mark.parametrize("speed_per_s", [0.0, 0.05, 0.15])
def test_a_walker_who_is_missed_for_a_while_is_the_same_for_both(speed_per_s: float, gap: int) -> None:
    random = Random(gap)
    frames: Frames = []
    for index in range(FRAMES):
        x = 0.2 + speed_per_s * index / FPS + random.gauss(0, 0.001)
        missed = 50 <= index < 50 + gap
        frames.append([] if missed else [Detection(Box(x - 0.05, 0.4, x + 0.05, 0.8), 0.9)])
    compare(frames)
