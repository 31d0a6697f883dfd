"""Media time of a live camera: by the arrival, with the camera's own spacing, whatever its clock does."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_service.video.live.media_clock import MAX_JUMPS, MAX_SLEW, STEP_S, WINDOW_S, MediaClock

SPACING_S = 0.1


def arrivals(
    seconds: float, *, jitter_s: float, seed: int, clock: Callable[[float], float | None], spacing_s: float = SPACING_S
) -> Iterator[tuple[float, float | None, float]]:
    """When each picture was taken, its stamp by the camera's `clock`, and when it came; packets do not overtake."""
    random, came_s = Random(seed), 0.0
    for number in range(round(seconds / spacing_s)):
        taken_s = 1.0 + number * spacing_s
        came_s = max(came_s, taken_s + random.uniform(0, jitter_s))
        yield taken_s, clock(taken_s), came_s


@given(
    st.floats(0, 0.5),
    st.floats(-0.02, 0.02),
    st.floats(-1e6, 1e6),
    st.integers(0, 2**32),
)
def test_it_stays_by_the_time_of_taking_for_hours_whatever_the_clock_drifts(
    jitter_s: float, drift: float, origin_s: float, seed: int
) -> None:
    timeline, before_s = MediaClock(), 0.0
    for taken_s, stamp_s, came_s in arrivals(
        4 * 3600, jitter_s=jitter_s, seed=seed, clock=lambda t: origin_s + t * (1 + drift), spacing_s=7.0
    ):
        placed_s = timeline.place(stamp_s, came_s)
        assert placed_s > before_s
        # The first one's own delay is known only from the next ones; the window remembers what drifted meanwhile.
        assert abs(placed_s - taken_s) <= jitter_s + abs(drift) * (WINDOW_S + 7) + 0.01
        before_s = placed_s


@given(st.floats(0, 0.3), st.integers(0, 2**32))
def test_the_spacing_is_the_cameras_however_the_network_trembles(jitter_s: float, seed: int) -> None:
    timeline = MediaClock()
    placed = [timeline.place(stamp_s, came_s) for _, stamp_s, came_s in arrivals(
        60, jitter_s=jitter_s, seed=seed, clock=lambda t: t
    )]  # fmt: skip
    for before_s, after_s in pairwise(placed):
        assert after_s - before_s == pytest.approx(SPACING_S, rel=MAX_SLEW + 0.001)


@given(st.integers(0, 2**32), st.sampled_from([None, 0.0, 123.4]))
def test_without_a_clock_it_is_the_arrival(seed: int, stamp_s: float | None) -> None:
    timeline = MediaClock()
    for _, stamp, came_s in arrivals(30, jitter_s=0.05, seed=seed, clock=lambda _: stamp_s):
        assert timeline.place(stamp, came_s) == pytest.approx(came_s, abs=0.01)


@given(st.lists(st.tuples(st.one_of(st.none(), st.floats(-1e5, 1e5)), st.floats(0, 5)), max_size=60))
def test_it_only_ascends_and_never_runs_away_whatever_comes(packets: list[tuple[float | None, float]]) -> None:
    timeline, before_s, came_s = MediaClock(), 0.0, 0.0
    for stamp_s, wait_s in packets:
        came_s += wait_s
        placed_s = timeline.place(stamp_s, came_s)
        assert placed_s > before_s
        assert placed_s <= came_s + 5.5
        before_s = placed_s


@pytest.mark.parametrize("jump_s", [-1000.0, -1.5, 8.0, 1000.0])
def test_a_clock_that_jumps_is_followed_from_then_on(jump_s: float) -> None:
    timeline = MediaClock()
    for taken_s, stamp_s, came_s in arrivals(60, jitter_s=0.02, seed=1, clock=lambda t: t if t < 20 else t + jump_s):
        assert timeline.place(stamp_s, came_s) == pytest.approx(taken_s, abs=0.05)


def test_a_clock_that_stood_still_is_made_up_for_in_one_step() -> None:
    timeline = MediaClock()
    off_s = [
        timeline.place(stamp_s, came_s) - taken_s
        for taken_s, stamp_s, came_s in arrivals(60, jitter_s=0, seed=1, clock=lambda t: t if t < 20 else t - 4)
    ]
    assert min(off_s) > -4.5
    assert off_s[-1] == pytest.approx(0, abs=0.05)


def test_packets_that_were_held_up_keep_their_time() -> None:
    timeline, placed = MediaClock(), []
    for taken_s, stamp_s, _ in arrivals(40, jitter_s=0, seed=1, clock=lambda t: t + 77):
        came_s = 26.0 if 20 <= taken_s < 26 else taken_s
        placed.append(timeline.place(stamp_s, came_s) - taken_s)
    assert placed == pytest.approx([0.0] * len(placed), abs=0.01)


def test_a_clock_that_jumps_again_and_again_is_none() -> None:
    timeline = MediaClock()
    for number in range(MAX_JUMPS + 1):
        timeline.place(-100.0 * number, 10.0 + number)
    assert timeline.place(1e6, 20.0) == 20.0


def test_what_comes_at_once_after_opening_is_not_of_one_instant() -> None:
    timeline = MediaClock()
    burst: list[tuple[float | None, float]] = [(500 + number * SPACING_S, 3.0) for number in range(20)]
    timeline.connect(burst)
    placed = [timeline.place(*packet) for packet in burst]
    assert placed == pytest.approx([3.0 - 1.9 + number * SPACING_S for number in range(20)])


def test_a_new_connection_goes_on_after_the_one_before() -> None:
    timeline = MediaClock()
    timeline.place(90_000.0, 10.0)
    timeline.connect([(5.0, 10.2), (5.1, 10.2)])
    assert timeline.place(5.0, 10.2) == pytest.approx(10.1)


def test_what_a_server_repeats_from_before_is_known_as_past() -> None:
    timeline = MediaClock()
    timeline.place(0.0, 10.0)
    timeline.connect([(0.0, 12.0), (10.0, 12.0)])
    assert timeline.is_past(0.0)
    assert not timeline.is_past(10.0 - STEP_S)
    assert not timeline.is_past(None)
