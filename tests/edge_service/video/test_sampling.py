"""When a frame is wanted."""

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from edge_service.video.sampling import Outlook, Sampler, instant_at

rates = st.floats(0.5, 60)
steps = st.lists(st.floats(0.002, 1.5), min_size=1, max_size=60)


def running(steps_s: list[float]) -> list[float]:
    times, now = [], 0.0
    for step_s in steps_s:
        times.append(now)
        now += step_s
    return times


@given(steps, rates)
def test_takes_the_first_frame_at_or_past_each_instant_and_none_twice(steps_s: list[float], fps: float) -> None:
    times = running(steps_s)
    sampler = Sampler(fps)
    taken = [time_s for time_s in times if sampler.wants(time_s)]
    first_past: dict[int, float] = {}
    for time_s in times:
        first_past.setdefault(instant_at(time_s, fps), time_s)
    assert taken == list(first_past.values())
    for before, after in pairwise(taken):
        assert instant_at(after, fps) > instant_at(before, fps)


def test_a_regular_video_is_looked_at_as_often_as_asked() -> None:
    sampler = Sampler(5)
    assert [n for n in range(31) if sampler.wants(n / 30)] == [0, 6, 12, 18, 24, 30]


def test_a_rate_above_that_of_the_video_takes_every_frame() -> None:
    sampler = Sampler(60)
    assert all(sampler.wants(n / 25) for n in range(100))


def test_whole_milliseconds_meet_the_instants_that_they_were_rounded_from() -> None:
    sampler = Sampler(15)
    assert [n for n in range(9) if sampler.wants(round(n / 30, 3))] == [0, 2, 4, 6, 8]


def test_takes_nothing_before_the_start() -> None:
    sampler = Sampler(5)
    assert [time_s for time_s in (-0.5, -0.1, 0.0, 0.1) if sampler.wants(time_s)] == [0.0]


@given(steps, rates, st.randoms(use_true_random=False))
def test_the_outlook_on_packets_in_any_order_agrees(steps_s: list[float], fps: float, order: random.Random) -> None:
    times = running(steps_s)
    sampler, outlook = Sampler(fps), Outlook(fps)
    shuffled = times[:]
    order.shuffle(shuffled)
    for time_s in shuffled:
        outlook.note(time_s)
    assert [time_s for time_s in times if outlook.is_wanted(time_s)] == [t for t in times if sampler.wants(t)]


def test_the_outlook_forgets_what_is_long_past() -> None:
    outlook = Outlook(5)
    for number in range(10_000):
        outlook.note(number / 25)
        assert outlook.is_wanted(number / 25) == (number % 5 == 0)
    assert not outlook.is_wanted(0.0)
