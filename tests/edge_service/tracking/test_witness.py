"""The background's witness on drawn scenes: things are things, and people who hardly move stay people."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from edge_service.detection.detector import Box
from edge_service.tracking.tracker import Track
from edge_service.tracking.witness import DOUBTED_S, LOOK_EVERY_S, RETURN_S, Grid, Witness, grid_size

STILL_S = 300.0
COLUMNS, ROWS = grid_size(1920, 1080)
THERE = Box(0.4, 0.2, 0.55, 0.9)
PART = np.s_[int(0.2 * ROWS) : int(0.9 * ROWS), int(0.4 * COLUMNS) : int(0.55 * COLUMNS)]
ROOM = np.random.default_rng(1).uniform(20, 200, (ROWS, COLUMNS)).astype(np.float32)
Scene = Callable[[float], Grid]


def filmed(scene: Scene, noise: float = 0.25, seed: int = 2) -> Scene:
    """`scene` by a camera whose blocks have so much noise (sigma; that of a block is an eighth of a pixel's)."""
    drawn = np.random.default_rng(seed).normal(0, noise, (29, ROWS, COLUMNS)).astype(np.float32)
    return lambda time_s: scene(time_s) + drawn[int(time_s / LOOK_EVERY_S) % len(drawn)]


def thing_times(scene: Scene, until_s: float, box: Box = THERE, still_s: float = STILL_S) -> list[float]:
    """When what is in `box` is a thing, of the looks until `until_s`."""
    witness, found = Witness(still_s), []
    for step in range(int(until_s / LOOK_EVERY_S) + 1):
        time_s = step * LOOK_EVERY_S
        assert witness.is_due(time_s)
        witness.look(scene(time_s), time_s)
        assert not witness.is_due(time_s + LOOK_EVERY_S / 2)
        if witness.is_thing(box):
            found.append(time_s)
    return found


def with_part(change: Callable[[float, Grid], None]) -> Scene:
    """The room, in which `change` changes the blocks of the box."""

    def scene(time_s: float) -> Grid:
        grid = ROOM.copy()
        change(time_s, grid[PART])
        return grid

    return scene


def test_a_shelf_is_a_thing_once_it_has_been_still_and_not_before() -> None:
    times = thing_times(filmed(lambda _: ROOM), 400)
    assert times[0] == STILL_S
    assert times == [STILL_S + k * LOOK_EVERY_S for k in range(len(times))]


@pytest.mark.parametrize("period_s", [3.0, 4.1, 6.0, 9.7])
@pytest.mark.parametrize("level", [3.0, 4.0, 8.0])
def test_somebody_who_sleeps_breathes_and_is_nobody_to_leave_out(period_s: float, level: float) -> None:
    """The measured changes of a chest: 4.0 for 2 pixels of 1080p; one block is enough."""

    def breathe(time_s: float, part: Grid) -> None:
        part[10, 5] += level * np.sin(2 * np.pi * time_s / period_s)

    assert thing_times(filmed(with_part(breathe)), 700) == []


def test_somebody_who_shifts_every_four_minutes_stays_somebody() -> None:
    def shift(time_s: float, part: Grid) -> None:
        part[3:6, 2:4] += 15 * (time_s // 240 % 3)

    assert thing_times(filmed(with_part(shift)), 1500) == []


def test_the_light_of_the_day_and_a_lamp_change_no_thing_for_ever() -> None:
    """Evening falls by 60 levels in 20 minutes, over the whole picture; then a lamp throws all blocks about."""
    other = np.random.default_rng(3).uniform(-40, 40, (ROWS, COLUMNS)).astype(np.float32)

    def scene(time_s: float) -> Grid:
        return (ROOM - time_s / 20 + (other if time_s >= 1200 else 0)).astype(np.float32)

    times = thing_times(filmed(scene), 1600)
    assert times[0] == STILL_S
    assert [t for t in times if t < 1200][-1] == 1200 - LOOK_EVERY_S
    assert next(t for t in times if t >= 1200) == pytest.approx(1200 + STILL_S, abs=10)


def test_who_passes_a_thing_hides_it_and_soon_after_it_is_one_again() -> None:
    def pass_by(time_s: float, part: Grid) -> None:
        if 400 <= time_s < 410:
            part[:] = 120

    times = thing_times(filmed(with_part(pass_by)), 700)
    assert not [t for t in times if 400 <= t < 408 + RETURN_S]
    assert next(t for t in times if t > 400) == 408 + RETURN_S


def test_moved_furniture_is_a_thing_again_after_it_was_still_again() -> None:
    def move(time_s: float, part: Grid) -> None:
        if time_s >= 400:
            part[:] = np.roll(part, 3, axis=1)

    times = thing_times(filmed(with_part(move)), 900)
    assert [t for t in times if t < 400]
    assert next(t for t in times if t >= 400) == pytest.approx(400 + STILL_S, abs=10)


def test_who_sits_down_where_nobody_was_is_somebody_at_once_and_stays_so() -> None:
    def sit(time_s: float, part: Grid) -> None:
        if time_s >= 400:
            part[:] = 90 + 10 * np.sin(time_s / 3)

    assert [t for t in thing_times(filmed(with_part(sit)), 1200) if t >= 400] == []


def test_a_noisy_night_is_no_proof() -> None:
    assert thing_times(filmed(lambda _: ROOM, noise=1.5), 700) == []


def test_in_a_small_box_nobody_could_be_seen_to_breathe() -> None:
    assert thing_times(filmed(lambda _: ROOM), 400, Box(0.4, 0.2, 0.45, 0.3)) == []


def test_what_was_not_watched_may_have_moved() -> None:
    witness = Witness(STILL_S)
    for time_s in np.arange(0, 302, LOOK_EVERY_S):
        witness.look(ROOM, float(time_s))
    assert witness.is_thing(THERE)
    witness.look(ROOM, 320.0)  # the camera was away for a while
    assert not witness.is_thing(THERE)
    witness.look(ROOM[:, ::2], 322.0)  # it has another picture now
    assert not witness.is_thing(THERE)
    witness.look(ROOM[:, ::2], 10.0)  # its time began anew
    assert not witness.is_thing(THERE)


def test_things_are_left_out_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    witness = Witness(STILL_S)
    shelf, person = Track(1, THERE, 0.5), Track(2, Box(0.7, 0.2, 0.85, 0.9), 0.8)
    for step in range(200):
        time_s, grid = step * LOOK_EVERY_S, ROOM.copy()
        grid[30, int(0.75 * COLUMNS)] += 5 * (step % 2)
        witness.look(grid, time_s)
        people = [track.track_id for track in witness.people([shelf, person])]
        assert people == ([2] if time_s >= STILL_S else [1, 2])
    assert caplog.text.count("what looks like a person from 0.40, 0.20 to 0.55, 0.90") == 1


def test_what_keeps_still_is_doubted_until_it_moves() -> None:
    witness = Witness(STILL_S)
    track = Track(1, THERE, 0.9, 0.8)
    tiny = Track(2, Box(0.4, 0.2, 0.45, 0.3), 0.9, 0.8)
    scores = []
    for step in range(10):
        grid = ROOM.copy()
        grid[30, int(0.45 * COLUMNS)] += 5 * (step == 6)
        witness.look(grid, step * LOOK_EVERY_S)
        seen, far = witness.people([track, tiny])
        assert seen == replace(track, mean_score=seen.mean_score)
        assert far == tiny  # nobody could be seen to move there
        scores.append(seen.mean_score)
    moved = int(DOUBTED_S / LOOK_EVERY_S)
    # It is doubted from the first look on, which cannot know whether it moves.
    assert scores == [0.0] * 6 + [0.8] * (moved + 1) + [0.0] * (9 - 6 - moved)


@pytest.mark.parametrize(
    ("size", "blocks"), [((1920, 1080), (96, 54)), ((1080, 1920), (54, 96)), ((64, 64), (96, 96)), ((9000, 1), (96, 1))]
)
def test_blocks_are_as_wide_as_high(size: tuple[int, int], blocks: tuple[int, int]) -> None:
    assert grid_size(*size) == blocks
