"""What makes no stay: strangers who cross a zone one after another, and things that look a little like a person."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_service.detection.detector import Detection
from edge_service.rules.engine import RuleEngine
from edge_service.rules.rule_event import RuleEvent
from edge_service.tracking.tracker import Track, Tracker
from tests.edge_service.scripted import (
    DEMO,
    IN_ZONE,
    RATES,
    Interval,
    machine,
    present,
    run_script,
    sample_times,
    types,
)

SCORE = 0.4


def watch(
    scores: Callable[[float], dict[int, float]], fps: float, duration_s: float, engine: RuleEngine | None = None
) -> list[RuleEvent]:
    """The rule events when at each time the tracks of `scores`, by their number, are in the zone."""
    engine = engine or RuleEngine([machine()], SCORE)
    rule_events: list[RuleEvent] = []
    for time_s in sample_times(fps, duration_s):
        tracks = [Track(number, IN_ZONE, score) for number, score in scores(time_s).items()]
        rule_events += engine.update(tracks, time_s)
    return rule_events + engine.finish(duration_s)


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("each_s", [0.8, 1.7, 3.0, 4.5])
def test_strangers_one_after_another_are_nobody(each_s: float, fps: int) -> None:
    assert run_script([(5, 65)], fps, 80, track_id=lambda time_s: int(time_s / each_s)) == []


@pytest.mark.parametrize("fps", RATES)
def test_strangers_who_take_over_each_others_numbers_are_nobody(fps: int) -> None:
    """At a walkway the tracker finds one who is gone again in the next one: here each number after two seconds."""
    assert run_script([(5, 20)], fps, 40, track_id=lambda time_s: int(time_s * fps) % (2 * fps)) == []


@pytest.mark.parametrize("fps", [0.5, 1, 2, 5, 15])
def test_somebody_who_stays_is_found_at_any_rate(fps: float) -> None:
    rule_events = run_script([(6, 36)], fps, 60)
    assert types(rule_events)[:2] == ["START", "END"]
    assert (rule_events[0].time_s, rule_events[1].time_s) == pytest.approx((6, 36), abs=1 / fps + 1e-6)


@pytest.mark.parametrize("fps", RATES)
def test_strangers_in_a_cleaning_window_wipe_nothing(fps: int) -> None:
    rule_events = run_script([(5, 30), (45, 52)], fps, 80, track_id=lambda time_s: max(32, int(time_s / 1.2)))
    assert types(rule_events) == ["START", "END", "OPEN"]


@pytest.mark.parametrize("fps", RATES)
def test_a_person_who_stays_after_a_crowd_that_crossed_begins_their_own_stay(fps: int) -> None:
    """Without it the START would be as of the crowd's first, an hour before."""
    rule_events = run_script([(0, 640)], fps, 660, track_id=lambda t: int(t / 2) if t < 600 else 1000)
    assert types(rule_events) == ["START", "END", "OPEN"]
    assert 600 - 15 <= rule_events[0].time_s <= 600 + 1 / fps


@given(st.floats(0.3, 6), st.sampled_from(RATES))
@settings(max_examples=15)
def test_a_track_that_breaks_once_loses_no_stay(broken_s: float, fps: int) -> None:
    rule_events = run_script([(5, 25)], fps, 40, track_id=lambda time_s: 1 if time_s < 5 + broken_s else 2)
    assert types(rule_events) == ["START", "END", "OPEN"]
    assert rule_events[0].time_s == pytest.approx(5, abs=1 / fps)


@pytest.mark.parametrize("fps", RATES)
def test_a_thing_that_scores_less_than_a_person_for_ever_is_nobody(fps: int) -> None:
    assert watch(lambda time_s: {1: SCORE if time_s < 0.5 else 0.37}, fps, 600) == []


@pytest.mark.parametrize("fps", RATES)
def test_a_person_seen_badly_begins_when_they_come_though_the_mean_is_a_little_too_low(fps: int) -> None:
    """A lifter whose head the picture cuts off scores 0.59 and 0.2 in turn; a thing scores the mean of both."""
    demo = RuleEngine([machine(DEMO)], SCORE)
    rule_events = watch(lambda t: {1: 0.59 if t % 1 < 0.5 else 0.2} if 5 <= t < 20 else {}, fps, 30, demo)
    assert types(rule_events) == ["START", "END", "OPEN"]
    assert rule_events[0].time_s == 5
    demo = RuleEngine([machine(DEMO)], SCORE)
    assert watch(lambda t: {1: 0.395} if 5 <= t < 20 else {}, fps, 30, demo) == []


@pytest.mark.parametrize("fps", RATES)
def test_a_person_beside_such_a_thing_begins_when_they_come(fps: int) -> None:
    rule_events = watch(lambda t: {1: 0.36} | ({2: 0.8} if 60 <= t <= 80 else {}), fps, 90)
    assert types(rule_events)[0] == "START"
    assert rule_events[0].time_s == pytest.approx(60, abs=1 / fps)


@pytest.mark.parametrize("fps", RATES)
def test_strangers_who_pass_such_a_thing_lend_it_no_score(fps: int) -> None:
    assert watch(lambda t: {1: 0.37} | ({int(t / 2): 0.9} if int(t / 2) % 3 == 2 else {}), fps, 300) == []


@pytest.mark.parametrize("fps", RATES)
def test_a_person_who_is_doubtful_for_a_while_stays(fps: int) -> None:
    """Bent down or half hidden: only the mean of the stay counts, and once it is known not even that."""
    rule_events = watch(lambda t: {1: 0.3 if 8 <= t < 10 or 20 <= t < 40 else 0.6} if 5 <= t < 50 else {}, fps, 60)
    assert types(rule_events) == ["START", "END", "OPEN"]
    assert rule_events[0].time_s == 5
    assert rule_events[1].time_s == pytest.approx(50 - 1 / fps)


def test_exactly_the_score_is_enough() -> None:
    assert types(watch(lambda t: {1: SCORE} if t < 15 else {}, 5, 30)) == ["START", "END", "OPEN"]


def test_a_crowd_does_not_fill_the_memory() -> None:
    """The checkpoint of a walkway that is never empty, with an enter_s of an hour, stays small."""
    engine = RuleEngine([machine(DEMO, "short"), machine(machine_id="default")], SCORE)
    for index, time_s in enumerate(sample_times(5, 120)):
        engine.update([Track(100 * index + number, IN_ZONE, 0.8) for number in range(20)], time_s)
    assert len(json.dumps(engine.state())) < 40_000


@given(st.lists(st.tuples(st.floats(0.2, 12), st.floats(0.1, 5)), min_size=1, max_size=6), st.sampled_from(RATES))
@settings(max_examples=20)
def test_whatever_is_a_stay_had_one_track_for_half_of_it(parts: list[tuple[float, float]], fps: int) -> None:
    """Each part is a track of its own, of any length, any time after the one before."""
    script: list[Interval] = []
    time_s = 1.0
    for stay_s, pause_s in parts:
        script.append((time_s, time_s + stay_s))
        time_s += stay_s + pause_s
    longest_s = max(stay_s for stay_s, _ in parts)

    def scores(at_s: float) -> dict[int, float]:
        return {number: 0.8 for number, (begin, end) in enumerate(script) if present([(begin, end)], at_s)}

    rule_events = watch(scores, fps, time_s + 10)
    if longest_s < 5:
        assert rule_events == []
    if longest_s > 10 + 2 / fps:
        assert "START" in types(rule_events)


@pytest.mark.parametrize("fps", RATES)
def test_doubtful_tracks_go_on_with_a_use_and_begin_none(fps: int) -> None:
    """A lifter who is lost for 8 s out of 30, where something scores low; and what scores low alone for a minute."""
    engine = RuleEngine([machine()], SCORE)
    rule_events: list[RuleEvent] = []
    for time_s in sample_times(fps, 160):
        is_lost = 20 <= time_s < 28 or time_s > 100
        if present([(5, 35), (100, 160)], time_s):
            rule_events += engine.update([Track(1, IN_ZONE, 0.8, is_doubtful=is_lost)], time_s)
        else:
            rule_events += engine.update([], time_s)
    assert types(rule_events) == ["START", "END", "OPEN"]
    assert rule_events[1].time_s == pytest.approx(35, abs=1 / fps + 1e-6)


@pytest.mark.parametrize("fps", RATES)
def test_a_chair_behind_somebody_who_left_makes_the_end_two_seconds_late_at_most(fps: int) -> None:
    tracker, engine = Tracker(SCORE), RuleEngine([machine()], SCORE)
    rule_events: list[RuleEvent] = []
    left_s = 30.0
    for time_s in sample_times(fps, 60):
        found = [Detection(IN_ZONE, 0.8)] if time_s <= left_s else []
        if time_s > left_s + 1 / fps + 1e-6:
            found = [Detection(IN_ZONE, 0.3)]
        rule_events += engine.update(tracker.update(found, time_s), time_s)
    assert types(rule_events) == ["START", "END", "OPEN"]
    assert left_s <= rule_events[1].time_s <= left_s + 2 + 1e-6
