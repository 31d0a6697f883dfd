"""The tracker: a person keeps a number, two people keep two."""

import pytest

from edge_service.detector import Box, Detection
from edge_service.tracker import Tracker


def person(x: float, y: float = 0.8) -> Detection:
    return Detection(Box(x - 0.055, y - 0.42, x + 0.055, y), 0.9)


def ids(tracker: Tracker, time_s: float, *people: Detection) -> list[int]:
    return [track.track_id for track in tracker.update(people, time_s)]


def test_tracks_carry_the_boxes_and_scores_in_the_order_of_the_detections() -> None:
    people = [person(0.8), person(0.2)]
    tracks = Tracker().update(people, 0.0)
    assert [(track.box, track.score) for track in tracks] == [(found.box, found.score) for found in people]


def test_numbers_begin_at_one_in_every_tracker() -> None:
    for tracker in (Tracker(), Tracker()):
        assert ids(tracker, 0.0, person(0.2), person(0.8)) == [1, 2]


@pytest.mark.parametrize("fps", [2, 5, 15])
def test_a_walker_and_a_seated_person_keep_their_numbers(fps: int) -> None:
    tracker = Tracker()
    for index in range(4 * fps):
        time_s = index / fps
        assert ids(tracker, time_s, person(0.05 + 0.2 * time_s, 0.95), person(0.5, 0.6)) == [1, 2]


@pytest.mark.parametrize("fps", [2, 5, 15])
def test_a_person_who_is_missed_for_a_second_keeps_the_number(fps: int) -> None:
    tracker = Tracker()
    assert ids(tracker, 0.0, person(0.5)) == [1]
    for index in range(1, fps):
        assert ids(tracker, index / fps) == []
    assert ids(tracker, 1.0, person(0.52)) == [1]


def test_who_is_gone_for_longer_is_somebody_new() -> None:
    tracker = Tracker()
    assert ids(tracker, 0.0, person(0.5)) == [1]
    assert ids(tracker, 2.5, person(0.5)) == [2]


def test_nobody_is_known_when_time_has_jumped_back() -> None:
    tracker = Tracker()
    assert ids(tracker, 100.0, person(0.5)) == [1]
    assert ids(tracker, 0.0, person(0.5)) == [2]


def test_the_better_overlap_wins() -> None:
    tracker = Tracker()
    assert ids(tracker, 0.0, person(0.40), person(0.50)) == [1, 2]
    assert ids(tracker, 0.2, person(0.49), person(0.41)) == [2, 1]


def test_two_people_never_share_a_number() -> None:
    tracker = Tracker()
    assert ids(tracker, 0.0, person(0.5)) == [1]
    assert ids(tracker, 0.2, person(0.5), person(0.5)) == [1, 2]


def test_somebody_far_away_is_somebody_new() -> None:
    tracker = Tracker()
    assert ids(tracker, 0.0, person(0.1)) == [1]
    assert ids(tracker, 0.2, person(0.9)) == [2]
