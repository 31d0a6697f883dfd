"""The expected box: by seconds and not by frames, and the same in pictures of any shape."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_service.detection.detector import Box
from edge_service.tracking.kalman import Array, Motion, begin, correct, predict, surprise


def walker(time_s: float, speed_per_s: float = 0.15) -> Box:
    x = 0.1 + speed_per_s * time_s
    return Box(x - 0.05, 0.4, x + 0.05, 0.8)


def follow(fps: float, until_s: float) -> Motion:
    motion = begin(walker(0.0), 0.0)
    for index in range(1, int(until_s * fps) + 1):
        motion = correct(predict(motion, index / fps), walker(index / fps))
    return motion


@pytest.mark.parametrize("fps", [2, 5, 15, 30])
def test_a_steady_walker_is_expected_where_they_will_be_at_any_rate(fps: float) -> None:
    expected = predict(follow(fps, 3.0), 4.0).box()
    true = walker(4.0)
    assert (expected.left, expected.right) == pytest.approx((true.left, true.right), abs=0.02)
    assert (expected.top, expected.bottom) == pytest.approx((true.top, true.bottom), abs=0.005)


def test_somebody_seen_once_is_expected_where_they_are() -> None:
    box = predict(begin(walker(0.0), 0.0), 1.0).box()
    assert (box.left, box.top, box.right, box.bottom) == pytest.approx((0.05, 0.4, 0.15, 0.8))


@given(parts=st.lists(st.floats(0.01, 0.7), min_size=1, max_size=6))
def test_predicting_in_steps_is_predicting_at_once(parts: list[float]) -> None:
    motion = in_steps = follow(5, 1.0)
    for step_s in parts:
        in_steps = predict(in_steps, in_steps.time_s + step_s)
    at_once = predict(motion, in_steps.time_s)
    assert np.allclose(at_once.place, in_steps.place)
    # The noise goes by the size of the box, which prediction leaves as it is.
    assert np.allclose(at_once.spread, in_steps.spread)


def test_an_earlier_time_changes_nothing_but_the_time() -> None:
    motion = follow(5, 1.0)
    assert np.array_equal(predict(motion, 0.5).place, motion.place)
    assert np.array_equal(predict(motion, 0.5).spread, motion.spread)


@given(steps=st.lists(st.tuples(st.floats(0.02, 2.0), st.floats(-0.2, 0.2), st.floats(-0.1, 0.1)), max_size=20))
def test_the_covariance_stays_one(steps: list[tuple[float, float, float]]) -> None:
    motion = begin(Box(0.4, 0.3, 0.5, 0.7), 0.0)
    for step_s, x, y in steps:
        motion = correct(predict(motion, motion.time_s + step_s), Box(0.4 + x, 0.3 + y, 0.5 + x, 0.7 + y))
        place, both, speed = motion.spread
        assert np.all(place > 0)
        assert np.all(speed >= 0)
        assert np.all(place * speed - both**2 >= -1e-12)


@pytest.mark.parametrize("fps", [2, 5, 15])
def test_a_steady_walker_surprises_little_and_another_person_much(fps: float) -> None:
    motion = follow(fps, 3.0)
    expected = predict(motion, 3.0 + 1 / fps)
    true = walker(3.0 + 1 / fps)
    assert surprise(expected, true) < 3.36  # the median of chi-square of four degrees of freedom
    half = Box(true.left, true.top, (true.left + true.right) / 2, (true.top + true.bottom) / 2)
    assert surprise(expected, half) > 13.28  # its 99 % quantile


def test_more_surprises_less_after_a_longer_time() -> None:
    motion, moved = follow(5, 3.0), walker(4.5)
    assert surprise(predict(motion, 3.1), moved) > surprise(predict(motion, 3.6), moved) > 0


@given(x_scale=st.floats(0.2, 1.0), y_scale=st.floats(0.2, 1.0))
def test_a_picture_of_another_shape_gives_the_same(x_scale: float, y_scale: float) -> None:
    def squeeze(box: Box) -> Box:
        return Box(box.left * x_scale, box.top * y_scale, box.right * x_scale, box.bottom * y_scale)

    motion, squeezed = begin(walker(0.0), 0.0), begin(squeeze(walker(0.0)), 0.0)
    for _, time_s in pairwise([0.0, 0.2, 0.9, 1.1]):
        motion = correct(predict(motion, time_s), walker(time_s))
        squeezed = correct(predict(squeezed, time_s), squeeze(walker(time_s)))
    scale: Array = np.array([x_scale, y_scale, x_scale, y_scale])
    assert np.allclose(motion.place * scale, squeezed.place)
    assert np.allclose(motion.speed * scale, squeezed.speed)
