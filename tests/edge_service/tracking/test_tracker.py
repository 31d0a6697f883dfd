"""The tracker: a person keeps a number, two people keep two."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_service.detection.detector import Box, Detection
from edge_service.tracking.likely_mean import likely_mean
from edge_service.tracking.tracker import Tracker


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
    assert ids(tracker, 4.0, person(0.5)) == [2]


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


def doubtful(x: float) -> Detection:
    return replace(person(x), score=0.2)


def test_a_doubtful_detection_is_nobody_new() -> None:
    tracker = Tracker()
    for index in range(5):
        assert ids(tracker, index / 5, doubtful(0.5)) == []


@pytest.mark.parametrize("fps", [2, 5, 15])
def test_a_doubtful_detection_carries_on_who_was_seen_clearly(fps: int) -> None:
    tracker = Tracker()
    assert ids(tracker, 0.0, person(0.5), person(0.9)) == [1, 2]
    for index in range(1, 4 * fps):
        assert ids(tracker, index / fps, doubtful(0.5), doubtful(0.1), person(0.9)) == [1, 2]
    assert ids(tracker, 4.0, person(0.5)) == [1]


@pytest.mark.parametrize("fps", [2, 5, 15])
def test_a_doubtful_detection_where_somebody_is_missed_is_a_doubtful_track_for_two_seconds(fps: int) -> None:
    tracker = Tracker()
    assert ids(tracker, 0.0, person(0.5)) == [1]
    assert ids(tracker, 1 / fps) == []
    for index in range(2, 3 * fps):
        tracks = tracker.update([doubtful(0.5), doubtful(0.9)], index / fps)
        assert [(track.track_id, track.is_doubtful) for track in tracks] == [(1, True)] * (index <= 2 * fps)
    (track,) = tracker.update([person(0.5)], 3.0)
    assert (track.track_id, track.is_doubtful) == (1, False)


def test_a_doubtful_track_does_not_lead_away_from_where_somebody_was_found() -> None:
    tracker = Tracker()
    assert ids(tracker, 0.0, person(0.5)) == [1]
    assert ids(tracker, 0.2) == []
    assert [track.is_doubtful for track in tracker.update([doubtful(0.52)], 0.4)] == [True]
    assert [track.is_doubtful for track in tracker.update([doubtful(0.5)], 0.6)] == [True]
    assert ids(tracker, 0.8, person(0.5), person(0.52)) == [1, 2]


def test_the_mean_score_is_that_of_all_looks_also_where_somebody_had_been_missed() -> None:
    tracker = Tracker()
    tracker.update([person(0.5)], 0.0)
    tracker.update([], 0.2)
    low = doubtful(0.5)
    for number in range(2, 30):  # not found, and remembered all along
        assert all(track.is_doubtful for track in tracker.update([low], 0.2 * number))
    (track,) = tracker.update([person(0.5)], 6.0)
    assert track.track_id == 1
    expected = likely_mean(30, 2 * 0.9 + 28 * low.score, 2 * 0.9**2 + 28 * low.score**2)
    assert track.mean_score == pytest.approx(expected, abs=0.01)
    assert track.mean_score == pytest.approx((2 * 0.9 + 28 * low.score) / 30, abs=0.03)


def test_what_scored_low_minutes_ago_counts_no_more() -> None:
    tracker = Tracker()
    tracker.update([person(0.5)], 0.0)
    for number in range(1, 60):
        tracker.update([doubtful(0.5)], float(number))
    for number in range(60, 240):
        (track,) = tracker.update([person(0.5)], float(number))
    assert track.mean_score > 0.85


def test_a_clear_detection_comes_before_a_doubtful_one_that_fits_better() -> None:
    tracker = Tracker()
    assert ids(tracker, 0.0, person(0.5)) == [1]
    tracks = tracker.update([doubtful(0.5), person(0.52)], 0.2)
    assert [(track.track_id, track.score) for track in tracks] == [(1, 0.9)]


def test_somebody_who_passes_a_thing_does_not_take_its_number() -> None:
    """Balloons that score low beside a door, and a person's head that comes down behind them, of half their size."""
    thing, passer = Box(0.11, 0.14, 0.23, 0.53), Box(0.17, 0.0, 0.24, 0.23)
    tracker = Tracker()
    assert ids(tracker, 0.0, Detection(thing, 0.42)) == [1]
    for number in range(1, 20):
        assert ids(tracker, number / 2, Detection(thing, 0.25)) == [1]
    tracks = tracker.update([Detection(passer, 0.73), Detection(thing, 0.3)], 10.0)
    assert [(track.track_id, track.box) for track in tracks] == [(2, passer), (1, thing)]
    assert tracks[1].mean_score < 0.3


@pytest.mark.parametrize("fps", [2, 5, 15])
def test_somebody_who_bends_down_and_comes_up_keeps_the_number(fps: int) -> None:
    """To six tenths of their height within a second, and back, again and again."""
    tracker = Tracker()
    for index in range(8 * fps):
        part = abs((index / fps) % 2 - 1)
        height = 0.42 * (0.6 + 0.4 * part)
        found = Detection(Box(0.445, 0.8 - height, 0.555 + 0.05 * (1 - part), 0.8), 0.9)
        assert ids(tracker, index / fps, found) == [1]


def test_what_is_doubtful_is_for_the_caller_to_say() -> None:
    assert ids(Tracker(0.2), 0.0, doubtful(0.5)) == [1]
    assert ids(Tracker(0.95), 0.0, person(0.5)) == []


@pytest.mark.parametrize("fps", [2, 5, 15])
def test_two_who_pass_each_other_keep_their_numbers(fps: int) -> None:
    tracker = Tracker()
    for index in range(4 * fps):
        way = 0.15 * index / fps
        assert ids(tracker, index / fps, person(0.2 + way, 0.8), person(0.8 - way, 0.9)) == [1, 2]


@given(
    frames=st.lists(st.lists(st.tuples(st.floats(0.1, 0.9), st.floats(0, 1)), max_size=5), max_size=12),
    fps=st.sampled_from([0.5, 2, 5, 15]),
)
def test_whatever_is_detected_numbers_are_given_once_a_frame_and_in_order(
    frames: list[list[tuple[float, float]]], fps: float
) -> None:
    tracker, known = Tracker(), 0
    for index, people in enumerate(frames):
        detections = [replace(person(x), score=score) for x, score in people]
        tracks = tracker.update(detections, index / fps)
        numbers = [track.track_id for track in tracks]
        assert len(set(numbers)) == len(numbers)
        new = [number for number in numbers if number > known]
        assert new == list(range(known + 1, known + 1 + len(new)))
        known += len(new)
        # Every clear detection is somebody, and boxes are handed on as they are.
        seen = [(track.box, track.score) for track in tracks]
        clear = [(found.box, found.score) for found in detections if found.score >= 0.4]
        assert [one for one in seen if one[1] >= 0.4] == clear
        assert all(one in [(found.box, found.score) for found in detections] for one in seen)
