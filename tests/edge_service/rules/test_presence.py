"""Presence in a zone, smoothed over misses and false boxes at every rate of sampling."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_service.rules.presence import HELD_S, Presence, Proof, observe
from edge_service.rules.visits import Sample, Sighting

RATES = [2, 3, 5, 10, 15]


def seen(time_s: float, held_s: float, *, there: bool, score: float = 0.8) -> Sample:
    held_s = min(held_s, HELD_S)
    return Sample(time_s, held_s, (Sighting(7, score),) if there else ())


def follow(pattern: Sequence[bool], fps: float, *, grace_s: float = 2.25) -> list[Presence]:
    """Presence after each of the samples, taken `fps` times a second from 0 on."""
    presence, all_of_them = Presence(), []
    for index, there in enumerate(pattern):
        presence = observe(presence, seen(index / fps, 1 / fps if index else 0.0, there=there), grace_s, Proof())
        all_of_them.append(presence)
    return all_of_them


@pytest.mark.parametrize("fps", RATES)
def test_somebody_who_stays_is_present_within_a_second_since_the_first_sighting(fps: int) -> None:
    pattern = [False] * 2 * fps + [True] * 2 * fps
    after = follow(pattern, fps)[3 * fps]
    assert after.is_present
    assert after.streak is not None
    assert after.streak.began_s == 2.0


@pytest.mark.parametrize("fps", RATES)
def test_somebody_who_left_is_absent_within_a_second_and_was_last_seen_when_last_seen(fps: int) -> None:
    pattern = [True] * 2 * fps + [False] * 2 * fps
    after = follow(pattern, fps)[3 * fps]
    assert not after.is_present
    assert after.streak is not None
    assert after.streak.last_seen_s == pytest.approx(2.0 - 1 / fps)


@pytest.mark.parametrize("fps", RATES)
def test_one_false_box_is_nobody(fps: int) -> None:
    pattern = [False] * 3 * fps + [True] + [False] * 3 * fps
    assert all(not presence.is_present and presence.streak is None for presence in follow(pattern, fps))


@pytest.mark.parametrize("fps", RATES)
def test_one_missed_detection_is_no_absence(fps: int) -> None:
    pattern = [True] * 3 * fps + [False] + [True] * 3 * fps
    states = follow(pattern, fps)
    assert all(presence.is_present for presence in states[fps:])
    assert states[-1].streak is not None
    assert states[-1].streak.began_s == 0.0


@pytest.mark.parametrize("jitter_s", [0.0, 0.02, 0.033, 0.05])
def test_at_two_samples_a_second_their_jitter_decides_nothing(jitter_s: float) -> None:
    presence, time_s = Presence(), 0.0
    for index in range(12):
        step_s = 0.5 + (jitter_s if index % 2 else -jitter_s)
        time_s += step_s
        presence = observe(presence, seen(time_s, step_s, there=index == 5), 2.25, Proof())
        assert not presence.is_present


@pytest.mark.parametrize("fps", RATES)
def test_a_streak_outlives_a_short_absence_and_not_a_long_one(fps: int) -> None:
    stay = [True] * 3 * fps
    short, long = [False] * int(1.5 * fps), [False] * 3 * fps
    after_short, after_long = follow(stay + short + stay, fps)[-1], follow(stay + long + stay, fps)[-1]
    assert after_short.streak is not None
    assert after_short.streak.began_s == 0.0
    assert after_long.streak is not None
    assert after_long.streak.began_s == 6.0


def test_a_streak_knows_its_mean_score() -> None:
    presence = Presence()
    for index, score in enumerate([0.5, 0.7, 0.9]):
        presence = observe(presence, seen(index / 2, 0.5, there=True, score=score), 2.0, Proof())
    assert presence.streak is not None
    assert presence.streak.confidence == pytest.approx(0.7)
    assert presence.streak.track_id == 7


def test_once_a_stay_is_known_its_mean_score_is_no_matter_of_how_often_it_is_looked_at() -> None:
    presence = observe(Presence(), seen(0.0, 0.5, there=True, score=0.6), 2.0, Proof())
    presence = observe(presence, seen(0.5, 0.5, there=True, score=0.8), 2.0, Proof())
    for index in range(20):
        presence = observe(presence, seen(1 + index / 2, 0.5, there=True, score=0.3), 1e9)
        assert presence.streak is not None
        assert presence.streak.last_seen_s == 1 + index / 2
        assert presence.streak.confidence == pytest.approx(0.7)


@given(st.lists(st.booleans(), max_size=60), st.sampled_from(RATES))
def test_only_sightings_count(pattern: list[bool], fps: int) -> None:
    for index, presence in enumerate(follow(pattern, fps)):
        if presence.streak is None:
            assert not presence.is_present
            continue
        sightings = [k / fps for k in range(index + 1) if pattern[k]]
        assert presence.streak.began_s in sightings
        assert presence.streak.last_seen_s in sightings
        assert presence.streak.boxes <= len(sightings)
