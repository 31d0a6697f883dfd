"""Media time of a live camera: by the arrival, with the camera's own spacing, whatever its clock does."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_service.video.live.media_clock import MAX_JUMPS, MAX_SLEW, STEP_S, WINDOW_S, MediaClock, Placement
from tests.edge_service.stamp_sequences import Sequence, lasting_leaps, sequences, single_leaps

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


# An example is two thousand pictures.
@settings(max_examples=25)
@given(
    st.floats(0, 0.5),
    st.floats(-0.02, 0.02),
    st.floats(-1e6, 1e6),
    st.integers(0, 2**32),
)
def test_it_stays_by_the_time_of_taking_for_hours_whatever_the_clock_drifts(
    jitter_s: float, drift: float, origin_s: float, seed: int
) -> None:
    media_clock, before_s = MediaClock(), 0.0
    for taken_s, stamp_s, came_s in arrivals(
        4 * 3600, jitter_s=jitter_s, seed=seed, clock=lambda t: origin_s + t * (1 + drift), spacing_s=7.0
    ):
        placed_s = media_clock.place(stamp_s, came_s).shown_s
        assert placed_s > before_s
        # The first one's own delay is known only from the next ones; the window remembers what drifted meanwhile.
        assert abs(placed_s - taken_s) <= jitter_s + abs(drift) * (WINDOW_S + 7) + 0.01
        before_s = placed_s


@given(st.floats(0, 0.3), st.integers(0, 2**32))
def test_the_spacing_is_the_cameras_however_the_network_trembles(jitter_s: float, seed: int) -> None:
    media_clock = MediaClock()
    placed = [media_clock.place(stamp_s, came_s).shown_s for _, stamp_s, came_s in arrivals(
        60, jitter_s=jitter_s, seed=seed, clock=lambda t: t
    )]  # fmt: skip
    for before_s, after_s in pairwise(placed):
        assert after_s - before_s == pytest.approx(SPACING_S, rel=MAX_SLEW + 0.001)


@given(st.integers(0, 2**32), st.sampled_from([None, 0.0, 123.4]))
def test_without_a_clock_it_is_the_arrival(seed: int, stamp_s: float | None) -> None:
    media_clock = MediaClock()
    for _, stamp, came_s in arrivals(30, jitter_s=0.05, seed=seed, clock=lambda _: stamp_s):
        assert media_clock.place(stamp, came_s).shown_s == pytest.approx(came_s, abs=0.01)


@given(st.lists(st.tuples(st.one_of(st.none(), st.floats(-1e5, 1e5)), st.floats(0, 5)), max_size=60))
def test_it_only_ascends_and_never_runs_away_whatever_comes(packets: list[tuple[float | None, float]]) -> None:
    media_clock, before_s, came_s = MediaClock(), 0.0, 0.0
    for stamp_s, wait_s in packets:
        came_s += wait_s
        placed = media_clock.place(stamp_s, came_s)
        assert before_s < placed.decoded_s <= placed.shown_s
        assert placed.shown_s <= came_s + 5.5
        before_s = placed.decoded_s


@pytest.mark.parametrize("jump_s", [-1000.0, -1.5, 8.0, 1000.0])
def test_a_clock_that_jumps_is_followed_from_then_on(jump_s: float) -> None:
    media_clock = MediaClock()
    for taken_s, stamp_s, came_s in arrivals(60, jitter_s=0.02, seed=1, clock=lambda t: t if t < 20 else t + jump_s):
        assert media_clock.place(stamp_s, came_s).shown_s == pytest.approx(taken_s, abs=0.05)


def test_a_clock_that_stood_still_is_made_up_for_in_one_step() -> None:
    media_clock = MediaClock()
    off_s = [
        media_clock.place(stamp_s, came_s).shown_s - taken_s
        for taken_s, stamp_s, came_s in arrivals(60, jitter_s=0, seed=1, clock=lambda t: t if t < 20 else t - 4)
    ]
    assert min(off_s) > -4.5
    assert off_s[-1] == pytest.approx(0, abs=0.05)


def test_packets_that_were_held_up_keep_their_time() -> None:
    media_clock, placed = MediaClock(), []
    for taken_s, stamp_s, _ in arrivals(40, jitter_s=0, seed=1, clock=lambda t: t + 77):
        came_s = 26.0 if 20 <= taken_s < 26 else taken_s
        placed.append(media_clock.place(stamp_s, came_s).shown_s - taken_s)
    assert placed == pytest.approx([0.0] * len(placed), abs=0.01)


def test_a_clock_that_jumps_again_and_again_is_none() -> None:
    media_clock = MediaClock()
    for number in range(MAX_JUMPS + 1):
        media_clock.place(-100.0 * number, 10.0 + number)
    assert media_clock.place(1e6, 20.0).shown_s == 20.0


def test_what_comes_at_once_after_opening_is_not_of_one_instant() -> None:
    media_clock = MediaClock()
    burst: list[tuple[float | None, float]] = [(500 + number * SPACING_S, 3.0) for number in range(20)]
    media_clock.connect(burst)
    placed = [media_clock.place(*packet).shown_s for packet in burst]
    assert placed == pytest.approx([3.0 - 1.9 + number * SPACING_S for number in range(20)])


def test_a_new_connection_goes_on_after_the_one_before() -> None:
    media_clock = MediaClock()
    media_clock.place(90_000.0, 10.0)
    media_clock.connect([(5.0, 10.2), (5.1, 10.2)])
    assert media_clock.place(5.0, 10.2).shown_s == pytest.approx(10.1)


def test_what_a_server_repeats_from_before_is_known_as_past() -> None:
    media_clock = MediaClock()
    media_clock.place(0.0, 10.0)
    media_clock.connect([(0.0, 12.0), (10.0, 12.0)])
    assert media_clock.is_past(0.0)
    assert not media_clock.is_past(10.0 - STEP_S)
    assert not media_clock.is_past(None)


def sent(sequence: Sequence, jitter_s: float, seed: int) -> list[float]:
    """When each picture comes: in the order of decoding, none before it was taken."""
    random, came_s, result = Random(seed), 0.0, []
    for number in range(len(sequence.taken_s)):
        came_s = max(came_s, 1.0 + (number + sequence.b_frames) * sequence.spacing_s + random.uniform(0, jitter_s))
        result.append(came_s)
    return result


def filmed(sequence: Sequence, came_s: list[float], off_s: dict[int, float]) -> list[Placement]:
    """Where the pictures are put whose stamps are wrong by `off_s`, on a connection that begins with them."""
    media_clock = MediaClock()
    packets = [(7e4 + taken_s + off_s.get(n, 0.0), came_s[n]) for n, taken_s in enumerate(sequence.taken_s)]
    media_clock.connect([packet for packet in packets if packet[1] <= came_s[0] + 0.5], sequence.reorder_depth)
    return [media_clock.place(*packet) for packet in packets]


jitters = st.sampled_from([0.0, 0.01, 0.05, 0.2])


@given(sequences(), single_leaps(), jitters, st.integers(0, 99))
def test_a_wrong_stamp_moves_next_to_nothing(
    sequence: Sequence, leaps: dict[int, float], jitter_s: float, seed: int
) -> None:
    came_s = sent(sequence, jitter_s, seed)
    right, wrong = filmed(sequence, came_s, {}), filmed(sequence, came_s, leaps)
    for undisturbed, placed, arrival_s in zip(right, wrong, came_s, strict=True):
        assert abs(placed.shown_s - undisturbed.shown_s) <= 1.0
        assert placed.decoded_s <= placed.shown_s <= arrival_s + 0.75 + (sequence.b_frames + 3) * sequence.spacing_s
    assert all(before.decoded_s < after.decoded_s for before, after in pairwise(wrong))


@given(sequences(count=400), lasting_leaps, jitters, st.integers(0, 99))
def test_a_clock_that_is_set_is_followed(
    sequence: Sequence, leap: tuple[int, float], jitter_s: float, seed: int
) -> None:
    came_s, (begin, by_s) = sent(sequence, jitter_s, seed), leap
    off_s = dict.fromkeys(range(begin, len(came_s)), by_s)
    right, other = filmed(sequence, came_s, {}), filmed(sequence, came_s, off_s)
    for undisturbed, placed, arrival_s in zip(right, other, came_s, strict=True):
        assert abs(placed.shown_s - undisturbed.shown_s) <= 3.0
        assert placed.decoded_s <= placed.shown_s <= arrival_s + 0.75 + (sequence.b_frames + 3) * sequence.spacing_s
    # Small steps back are only known by what comes late for ten seconds.
    settled = [
        abs(p.shown_s - u.shown_s) for p, u, c in zip(other, right, came_s, strict=True) if c > came_s[begin] + 12
    ]
    assert max(settled, default=0.0) <= 1.2


def test_a_camera_is_never_blind_however_often_a_stamp_is_wrong() -> None:
    """The case that was seen: B frames at 10 a second, and every 20th stamp hours away."""
    places = [n - n % 3 + (3, 1, 2)[n % 3] if n else 0 for n in range(450)]
    sequence = Sequence(tuple(place / 10 for place in places), 0.1, 2, 1)
    came_s = sent(sequence, 0.02, 1)
    for by_s in (37_600.0, -9800.0):
        wrong = filmed(sequence, came_s, {n: by_s for n in range(30, 450) if n % 20 == 7})
        right = filmed(sequence, came_s, {})
        assert max(abs(w.shown_s - r.shown_s) for w, r in zip(wrong, right, strict=True)) <= 0.35
