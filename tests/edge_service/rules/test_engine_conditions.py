"""The rules under real conditions: misses, occlusions, changing numbers, passers-by, neighbours, a torn time line."""

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_api.contract.events import EndReason
from edge_service.detection.detector import Box
from edge_service.rules.engine import RuleEngine
from edge_service.rules.machine import Machine, RuleTimes
from edge_service.rules.rule_event import RuleEvent
from edge_service.tracking.tracker import Track
from tests.edge_service.scripted import (
    DEFAULTS,
    DEMO,
    IN_ZONE,
    Interval,
    machine,
    present,
    run_script,
    sample_times,
    types,
)

ALL_RATES = [2, 3, 5, 8, 10, 15]
ONE_USE = ["START", "END", "OPEN"]
LATE_S = 0.5

rates = st.sampled_from(ALL_RATES)
seeds = st.integers(0, 2**32)


def at_most_in_a_row(seed: int, rate: float, most: int, fps: float, duration_s: float) -> set[float]:
    """The times of `rate` of all samples, missed at random, but never more than `most` in a row."""
    random, missed, row = Random(seed), set(), 0
    for time_s in sample_times(fps, duration_s):
        row = row + 1 if random.random() < rate and row < most else 0
        if row:
            missed.add(time_s)
    return missed


def known_s(script: Sequence[Interval], fps: float, duration_s: float, missed: set[float]) -> tuple[RuleEvent, float]:
    """The first START, and the media time at which the rules report it."""
    engine = RuleEngine([machine()])
    for time_s in sample_times(fps, duration_s):
        seen = present(script, time_s) and time_s not in missed
        if rule_events := engine.update([Track(1, IN_ZONE, 0.8)] if seen else [], time_s):
            return rule_events[0], time_s
    raise AssertionError("no START")


@given(rates, seeds, st.floats(1, 5))
@settings(max_examples=25)
def test_a_fifth_missed_makes_no_false_event_and_no_late_start(fps: int, seed: int, began_s: float) -> None:
    """Up to three in a row at 2 frames a second, and as long a time at every other rate."""
    script = [(began_s, began_s + 60), (began_s + 75, began_s + 80)]
    missed = at_most_in_a_row(seed, 0.2, 3, fps, 100)
    rule_events = run_script(script, fps, 100, miss=missed.__contains__)
    assert types(rule_events)[:3] == ONE_USE
    assert types(rule_events)[3:] in ([], ["ATTEMPT"])
    assert abs(rule_events[1].time_s - script[0][1]) <= 4 / fps + LATE_S


@given(rates, st.floats(1, 5), st.sampled_from([0.0, 0.2]), seeds)
@settings(max_examples=25)
def test_a_start_is_known_half_a_second_after_enter_s(fps: int, began_s: float, rate: float, seed: int) -> None:
    """At every rate, since somebody came; with misses since they were first seen, which may be two frames later."""
    missed = at_most_in_a_row(seed, rate, 1, fps, 40)
    start, at_s = known_s([(began_s, 40)], fps, 30, missed)
    first_s = min(time_s for time_s in sample_times(fps, 30) if time_s >= began_s and time_s not in missed)
    assert start.time_s == first_s
    since_s = first_s if rate else began_s
    assert at_s <= since_s + DEFAULTS.enter_s + LATE_S + 1e-6


@pytest.mark.parametrize(("missed", "expected"), [(3, 1), (4, 1), (5, 1), (6, 2)])
@pytest.mark.parametrize("begin", [12, 20, 33])
def test_half_second_samples_may_be_missed_five_times_in_a_row(begin: int, missed: int, expected: int) -> None:
    """With an exit_s of 2 s, which four missed samples would reach."""
    hidden = {index / 2 for index in range(begin * 2, begin * 2 + missed)}
    rule_events = run_script([(1, 50)], 2, 60, rules=DEMO, miss=hidden.__contains__)
    assert types(rule_events).count("END") == expected


@given(rates, st.lists(st.floats(15, 110), min_size=1, max_size=5), st.floats(0.5, 4.0))
@settings(max_examples=20)
def test_occlusions_of_four_seconds_under_an_exit_of_five_end_nothing(
    fps: int, hidden_s: list[float], length_s: float
) -> None:
    """Behind somebody who walks by, any number of times, as long as they are seen for two seconds in between."""
    hidden: list[float] = []
    for time_s in sorted(hidden_s):
        if not hidden or time_s - hidden[-1] >= length_s + 2:
            hidden.append(time_s)
    rule_events = run_script(
        [(2, 122)], fps, 140, miss=lambda t: any(begin <= t < begin + length_s for begin in hidden)
    )
    assert types(rule_events) == ONE_USE
    assert abs(rule_events[1].time_s - 122) <= 1 / fps + 1e-6


@given(rates, seeds)
@settings(max_examples=15)
def test_numbers_that_change_all_the_time_once_somebody_dwelt_change_no_event(fps: int, seed: int) -> None:
    random = Random(seed)

    def track_id(time_s: float) -> int:
        has_dwelt = 9 < time_s < 52 or time_s > 54.5
        return random.randint(3, 50) if has_dwelt else 1 + (time_s > 50)

    rule_events = run_script([(3, 40), (52, 57)], fps, 80, track_id=track_id)
    steady = run_script([(3, 40), (52, 57)], fps, 80)
    assert [(rule_event.event_type, rule_event.time_s) for rule_event in rule_events] == [
        (rule_event.event_type, rule_event.time_s) for rule_event in steady
    ]


@given(rates, st.lists(st.tuples(st.floats(3, 12), st.floats(0.1, 1.6)), min_size=1, max_size=12))
@settings(max_examples=20)
def test_passers_by_are_nobody(fps: int, passes: list[tuple[float, float]]) -> None:
    script, time_s = [], 1.0
    for pause_s, length_s in passes:
        script.append((time_s + pause_s, time_s + pause_s + length_s))
        time_s += pause_s + length_s
    assert run_script(script, fps, time_s + 10) == []
    used = [(1.0, 21.0), *((begin + 25, end + 25) for begin, end in script)]
    assert types(run_script(used, fps, time_s + 40)) == ONE_USE


@given(rates, st.integers(0, 40), st.integers(0, 40))
@settings(max_examples=20)
def test_two_people_at_one_machine_are_one_use(fps: int, second_from_s: int, second_for_s: int) -> None:
    """A trainer comes and goes beside the user, and stays on for a while: occupied until both have left."""
    engine = RuleEngine([machine()])
    rule_events: list[RuleEvent] = []
    until_s = max(40, second_from_s + second_for_s)
    for time_s in sample_times(fps, until_s + 20):
        user = [Track(1, IN_ZONE, 0.8)] if 2 <= time_s < 40 else []
        beside = second_from_s <= time_s < second_from_s + second_for_s
        rule_events += engine.update(user + ([Track(2, Box(0.5, 0.2, 0.6, 0.7), 0.9)] if beside else []), time_s)
    assert types(rule_events) == ONE_USE
    assert rule_events[1].time_s == pytest.approx(until_s, abs=1 / fps + 1e-6)
    assert 0.8 - 1e-6 <= rule_events[1].confidence <= 0.9 + 1e-6


@pytest.mark.parametrize("fps", ALL_RATES)
def test_overlapping_zones_each_go_by_what_is_in_them(fps: int) -> None:
    """Where two zones overlap, somebody is at both machines; where they don't, at one."""
    left = Machine("left", "Left", ((0.1, 0.3), (0.6, 0.3), (0.6, 0.9), (0.1, 0.9)), DEFAULTS)
    right = Machine("right", "Right", ((0.4, 0.3), (0.9, 0.3), (0.9, 0.9), (0.4, 0.9)), DEFAULTS)
    hits_of: dict[str, list[RuleEvent]] = {"left": [], "right": []}
    engine = RuleEngine([left, right])
    alone = {zone.machine_id: RuleEngine([zone]) for zone in (left, right)}
    for time_s in sample_times(fps, 90):
        # Twenty seconds in the left one alone, twenty in both, and twenty in the right one alone.
        x = 0.2 if time_s < 20 else 0.5 if time_s < 40 else 0.8
        tracks = [Track(1, Box(x - 0.05, 0.2, x + 0.05, 0.6), 0.8)] if time_s < 60 else []
        rule_events = engine.update(tracks, time_s)
        assert rule_events == [
            rule_event for machine_id in alone for rule_event in alone[machine_id].update(tracks, time_s)
        ]
        for rule_event in rule_events:
            hits_of[rule_event.machine_id].append(rule_event)
    assert types(hits_of["left"]) == types(hits_of["right"]) == ONE_USE
    assert [rule_event.time_s for rule_event in hits_of["left"][:2]] == pytest.approx([0, 40], abs=1 / fps + 1e-6)
    assert [rule_event.time_s for rule_event in hits_of["right"][:2]] == pytest.approx([20, 60], abs=1 / fps + 1e-6)


@given(rates, st.lists(st.tuples(st.floats(12, 70), st.floats(0.3, 4.2)), max_size=4), st.booleans())
@settings(max_examples=20)
def test_gaps_shorter_than_exit_s_in_media_time_make_no_event(
    fps: int, gaps: list[tuple[float, float]], demo: bool
) -> None:
    """Frames that are missing, as when a stream stalls; after each gap somebody is seen for a while again."""
    rules: RuleTimes = DEMO if demo else DEFAULTS
    # Two looks around a gap are up to two looks' distance further apart than it is long.
    longest_s = min(4.2, rules.exit_s - 2 / fps - 0.1)
    kept: list[tuple[float, float]] = []
    for begin_s, length_s in sorted(gaps):
        if not kept or begin_s > sum(kept[-1]) + 2:
            kept.append((begin_s, min(length_s, longest_s)))
    engine, rule_events = RuleEngine([machine(rules)]), []
    for time_s in sample_times(fps, 110):
        if not any(begin <= time_s < begin + length for begin, length in kept):
            rule_events += engine.update([Track(1, IN_ZONE, 0.8)] if 1 <= time_s < 80 else [], time_s)
    assert types(rule_events) == ONE_USE


@given(rates, st.floats(20, 60), st.floats(6, 1000))
@settings(max_examples=15)
def test_a_jump_ahead_ends_a_use_where_it_was_last_seen(fps: int, at_s: float, jump_s: float) -> None:
    engine, rule_events = RuleEngine([machine()]), []
    before = [time_s for time_s in sample_times(fps, 100) if time_s < at_s]
    for time_s in sample_times(fps, 100):
        rule_events += engine.update([Track(1, IN_ZONE, 0.8)], time_s if time_s < at_s else time_s + jump_s)
    rule_events += engine.finish(100 + jump_s)
    assert types(rule_events)[:2] == ["START", "END"]
    assert (rule_events[1].time_s, rule_events[1].end_reason) == (before[-1], EndReason.UNOBSERVED)
    # The one who is there after it is the next user: nobody knows better.
    assert set(types(rule_events)[2:]) <= {"START", "END"}
