"""Where people may be between, before and after the looks."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_api.contract.events import MaskKind
from edge_service.detection.detector import Box, Detection
from edge_service.privacy.sightings import HOLD_S, SETTLE_S, Sightings, hidden_part
from edge_service.tracking.tracker import Track

STANDING = Box(0.4, 0.2, 0.5, 0.8)
ASPECT = 16 / 9


def shifted(box: Box, x: float) -> Box:
    return Box(box.left + x, box.top, box.right + x, box.bottom)


def seen_at(times: Sequence[float], boxes: Sequence[Box | None], mask: MaskKind = "heads") -> Sightings:
    """Looks at `times`, each of which saw track 1 in its box, or nobody."""
    sightings = Sightings(mask, reach_s=60, fps=5)
    for time_s, box in zip(times, boxes, strict=True):
        tracks = [] if box is None else [Track(1, box, 0.9)]
        sightings.look(time_s, tracks, [Detection(track.box, 0.9) for track in tracks], ASPECT)
    return sightings


def parts_at(sightings: Sightings, time_s: float) -> list[Box] | None:
    return sightings.between(time_s, time_s).parts(time_s)


def covers(parts: Sequence[Box] | None, x: float, y: float) -> bool:
    return parts is None or any(part.left <= x <= part.right and part.top <= y <= part.bottom for part in parts)


_steps = st.lists(st.tuples(st.floats(-3, 3), st.booleans()), min_size=4, max_size=24)


@settings(max_examples=300)
@given(steps=_steps, fps=st.sampled_from([2, 5, 10]), part_of_step=st.floats(0, 1))
def test_somebody_who_turns_as_they_like_is_hidden_between_sightings(
    steps: list[tuple[float, bool]], fps: int, part_of_step: float
) -> None:
    """At up to three of their widths a second, changed at every look, and whatever looks missed them for HOLD_S."""
    width, x = STANDING.right - STANDING.left, 0.0
    places, boxes, lately = [0.0], list[Box | None](), 0
    for speed, is_missed in steps:
        is_missed = is_missed and lately < HOLD_S * fps - 1
        lately = lately + 1 if is_missed else 0
        boxes.append(None if is_missed else shifted(STANDING, x))
        x += speed * width / fps
        places.append(x)
    times = [number / fps for number in range(len(steps))]
    if all(box is None for box in boxes):
        return
    sightings = seen_at(times, boxes)
    seen_s = [time_s for time_s, box in zip(times, boxes, strict=True) if box is not None]
    for number, time_s in enumerate(times[:-1]):
        moment = time_s + part_of_step / fps
        # After somebody is lost, and before they are found, they run for half a second at most.
        if not seen_s[0] - 0.5 <= moment <= seen_s[-1] + 0.5 or len(seen_s) == 1:
            continue
        x = places[number] + part_of_step * (places[number + 1] - places[number])
        for at in (STANDING.left, STANDING.right):
            assert covers(parts_at(sightings, moment), at + x, STANDING.top)


def test_a_track_is_held_before_and_behind() -> None:
    times = [number / 5 for number in range(50)]
    sightings = seen_at(times, [STANDING if 4 <= time_s <= 6 else None for time_s in times])
    assert covers(parts_at(sightings, 4 - HOLD_S + 0.01), 0.45, 0.25)
    assert covers(parts_at(sightings, 6 + HOLD_S - 0.01), 0.45, 0.25)
    assert parts_at(sightings, 4 - HOLD_S - 0.1) == parts_at(sightings, 6 + HOLD_S + 0.1) == []


def test_the_margin_grows_with_time_and_with_speed() -> None:
    times = [number / 5 for number in range(20)]
    still = seen_at(times, [STANDING if number < 10 else None for number in range(20)])
    fast = seen_at(times, [shifted(STANDING, number * 0.1) if number < 10 else None for number in range(20)])

    def width(sightings: Sightings, time_s: float) -> float:
        parts = parts_at(sightings, time_s)
        assert parts is not None
        return parts[0].right - parts[0].left

    assert width(still, 1.8) < width(still, 2.2) < width(still, 3.0)
    assert width(fast, 2.2) > width(still, 2.2)
    assert width(still, 1.8) == pytest.approx(width(fast, 1.8))


def test_where_nobody_looked_nothing_may_be_shown() -> None:
    sightings = seen_at([0, 0.2, 5.0], [None, None, None])
    assert parts_at(sightings, 0.1) == []
    assert parts_at(sightings, 2.5) is None
    assert parts_at(sightings, -1.5) is None
    assert parts_at(Sightings("heads", reach_s=9, fps=5), 0.0) is None


def test_at_a_low_rate_a_look_is_waited_for() -> None:
    sightings = Sightings("heads", reach_s=9, fps=0.5)
    sightings.look(0, [], [], ASPECT)
    assert sightings.between(0, 9).parts(1.9) == []


def test_a_doubtful_detection_is_hidden_too() -> None:
    sightings = Sightings("people", reach_s=9, fps=5)
    sightings.look(1.0, [], [Detection(STANDING, 0.15)], ASPECT)
    assert covers(parts_at(sightings, 1.0), 0.45, 0.5)
    assert parts_at(sightings, 1.6) == []


@pytest.mark.parametrize(
    ("box", "share"),
    [
        (STANDING, 0.3),  # a tall box: the upper quarter and a margin
        (Box(0.2, 0.5, 0.7, 0.8), 1.05),  # lying, or bent down: anywhere
        (Box(0.4, 0.2, 0.5, 0.5), 0.37),  # the upper body: more of it
    ],
)
def test_how_much_of_a_person_is_the_head(box: Box, share: float) -> None:
    part = hidden_part(box, ASPECT, "heads")
    assert (part.bottom - box.top) / (box.bottom - box.top) == pytest.approx(share, abs=0.02)
    assert part.left < box.left
    assert part.right > box.right
    assert part.top < box.top


def test_a_person_is_hidden_down_to_the_feet() -> None:
    part = hidden_part(STANDING, ASPECT, "people")
    assert part.left < STANDING.left < STANDING.right < part.right
    assert part.top < STANDING.top < STANDING.bottom < part.bottom


def test_what_comes_later_than_settled_changes_nothing() -> None:
    times = [number / 5 for number in range(100)]
    boxes = [shifted(STANDING, (number % 17) * 0.03) if number % 3 else None for number in range(100)]
    all_of_it = seen_at(times, boxes)
    until = seen_at([time_s for time_s in times if time_s <= 10 + SETTLE_S], boxes[: int((10 + SETTLE_S) * 5) + 1])
    for moment in (9.0, 9.63, 10.0):
        assert all_of_it.between(9, 10).parts(moment) == until.between(9, 10).parts(moment)


def test_it_forgets_what_is_old_and_what_is_too_much() -> None:
    crowd = [Detection(shifted(STANDING, number / 1e4), 0.2) for number in range(1000)]
    sightings = Sightings("heads", reach_s=5, fps=5)
    for number in range(200):
        sightings.look(number / 5, [], crowd, ASPECT)
    seen = sightings.between(0, 100)
    assert sum(len(track) for track in seen.tracks) <= 100_000
    # What it no longer knows is not shown.
    assert seen.parts(1.0) is None
    assert seen.looks[0] >= 39.8 - 5 - 2 * SETTLE_S - 0.1
