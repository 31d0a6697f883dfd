"""The state of the rules: kept, restored, moved, and what becomes of it while nobody watches."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_api.contract.events import EndReason
from edge_service.rules.engine import RuleEngine
from edge_service.rules.rule_event import RuleEvent
from tests.edge_service.scripted import (
    DEFAULTS,
    DEMO,
    RATES,
    USER,
    Interval,
    end_of,
    machine,
    misses,
    present,
    sample_times,
    scripts,
    types,
)

MACHINES = [machine(DEMO, "a"), machine(DEFAULTS, "b")]
shifts_ms = st.integers(-(10**9), 10**9)


def look(engine: RuleEngine, until_s: float, *, there_until_s: float = 1e9) -> list[RuleEvent]:
    """Somebody is there from 0 to `there_until_s`; the engine watches until `until_s`."""
    return [
        rule_event
        for time_s in sample_times(5, until_s)
        for rule_event in engine.update(USER if time_s <= there_until_s else [], time_s)
    ]


def in_ms(rule_events: list[RuleEvent], by_s: float = 0.0) -> list[RuleEvent]:
    """`rule_events` with all media times `by_s` later and everything rounded to what an event shows."""
    return [
        replace(
            rule_event,
            time_s=round(rule_event.time_s + by_s, 3),
            session_start_s=round(rule_event.session_start_s + by_s, 3),
            confidence=round(rule_event.confidence, 3),
            occupied_s=rule_event.occupied_s and round(rule_event.occupied_s, 3),
            closes_at_s=rule_event.closes_at_s and round(rule_event.closes_at_s + by_s, 3),
            seconds_into_window=rule_event.seconds_into_window and round(rule_event.seconds_into_window, 3),
        )
        for rule_event in rule_events
    ]


@given(scripts(), st.integers(0, 2**32), st.sampled_from(RATES))
@settings(max_examples=12)
def test_an_engine_restored_at_any_moment_goes_on_as_the_same(script: list[Interval], seed: int, fps: int) -> None:
    engine = restored = RuleEngine(MACHINES)
    miss = misses(seed, 0.1)
    for time_s in sample_times(fps, min(40, end_of(script))):
        tracks = USER if present(script, time_s) and not miss(time_s) else []
        restored = RuleEngine.restore(MACHINES, json.loads(json.dumps(restored.state())))
        assert (restored.state(), restored.time_s) == (engine.state(), engine.time_s)
        assert restored.update(tracks, time_s) == engine.update(tracks, time_s)
    assert restored.finish(40) == engine.finish(40)


@given(scripts(), st.integers(0, 2**32), st.sampled_from(RATES), st.data(), shifts_ms)
@settings(max_examples=12)
def test_a_run_that_is_split_anywhere_gives_the_same_hits_on_another_time_line(
    script: list[Interval], seed: int, fps: int, data: st.DataObject, shift_ms: int
) -> None:
    miss = misses(seed, 0.1)
    looks = [
        (round(time_s, 3), USER if present(script, time_s) and not miss(time_s) else [])
        for time_s in sample_times(fps, end_of(script))
    ]
    split = data.draw(st.integers(0, len(looks)))
    whole, first = RuleEngine(MACHINES), RuleEngine(MACHINES)
    expected = [rule_event for time_s, tracks in looks for rule_event in whole.update(tracks, time_s)]
    rule_events = [rule_event for time_s, tracks in looks[:split] for rule_event in first.update(tracks, time_s)]
    second = RuleEngine.restore(MACHINES, json.loads(json.dumps(first.state())))
    by_s = shift_ms / 1000
    second.shift(by_s)
    moved = [
        rule_event for time_s, tracks in looks[split:] for rule_event in second.update(tracks, round(time_s + by_s, 3))
    ]
    moved += second.finish(looks[-1][0] + by_s)
    assert in_ms(rule_events) + in_ms(moved, -by_s) == in_ms(expected + whole.finish(looks[-1][0]))


@given(st.floats(0, 60), shifts_ms)
@settings(max_examples=20)
def test_moved_there_and_back_it_is_what_it_was(until_s: float, shift_ms: int) -> None:
    engine = RuleEngine(MACHINES)
    look(engine, until_s, there_until_s=25)
    before = engine.state()
    engine.shift(shift_ms / 1000)
    engine.shift(-shift_ms / 1000)
    assert rounded(engine.state()) == rounded(before)


def rounded(state: object) -> object:
    return json.loads(json.dumps(state), parse_float=lambda text: round(float(text), 6))


def test_a_fresh_engine_has_no_time_to_move() -> None:
    engine = RuleEngine(MACHINES)
    engine.shift(5.0)
    assert engine.time_s is None
    assert engine.state() == RuleEngine(MACHINES).state()


@pytest.mark.parametrize("pause_s", [0.0, 0.2, 4.9])
def test_a_pause_shorter_than_exit_s_is_like_missing_frames(pause_s: float) -> None:
    engine = RuleEngine([machine()])
    look(engine, 20)
    before = engine.state()
    assert engine.interrupt(pause_s) == []
    assert engine.state() == before


@pytest.mark.parametrize("pause_s", [5.0, 3600.0, float("inf")])
def test_a_longer_pause_ends_what_is_open_as_of_the_last_sighting(pause_s: float) -> None:
    engine = RuleEngine([machine()])
    look(engine, 20, there_until_s=18)
    (end,) = engine.interrupt(pause_s)
    assert (end.time_s, end.end_reason, end.occupied_s) == (18.0, EndReason.RECOVERED, 18.0)
    assert engine.interrupt(pause_s) == engine.finish(500.0) == []


def test_each_machine_goes_by_its_own_exit_s() -> None:
    engine = RuleEngine(MACHINES)
    look(engine, 20)
    assert [end.machine_id for end in engine.interrupt(3.0)] == ["a"]
    assert [end.machine_id for end in engine.finish(20)] == ["b"]


def test_a_window_stays_open_over_a_pause_and_who_comes_back_in_it_may_wipe() -> None:
    engine = RuleEngine([machine()])
    look(engine, 30, there_until_s=20)
    assert engine.interrupt(40.0) == []
    rule_events = [rule_event for time_s in sample_times(5, 4) for rule_event in engine.update(USER, 70 + time_s)]
    assert types(rule_events) == ["ATTEMPT"]
    assert (rule_events[0].time_s, rule_events[0].session_start_s, rule_events[0].seconds_into_window) == (
        70.0,
        0.0,
        50.0,
    )


def test_a_machine_that_is_watched_no_longer_ends_its_session_and_a_new_one_begins_as_free() -> None:
    engine = RuleEngine([machine(machine_id="old"), machine(machine_id="kept")])
    look(engine, 20)
    machines = [machine(machine_id="kept"), machine(machine_id="new")]
    restored = RuleEngine.restore(machines, engine.state())
    assert [(end.machine_id, end.time_s) for end in restored.interrupt(0.2)] == [("old", 20.0)]
    assert restored.state() == RuleEngine.restore(machines, restored.state()).state()
    assert [rule_event.machine_id for rule_event in restored.finish(20)] == ["kept"]


def test_a_look_ahead_tells_a_restart_until_when_somebody_was_seen() -> None:
    engine = RuleEngine(MACHINES)
    look(engine, 20)
    engine.settle(24.0)
    after = RuleEngine.restore(MACHINES, engine.state())
    assert after.time_s == 24.0
    assert after.interrupt(0.2) == []
    ends = after.interrupt(1e9)
    assert [(end.machine_id, end.time_s, end.end_reason) for end in ends] == [
        (machine_id, 24.0, EndReason.RECOVERED) for machine_id in "ab"
    ]


def test_a_look_ahead_changes_nothing_of_what_the_updates_until_then_tell() -> None:
    plain, ahead = RuleEngine(MACHINES), RuleEngine(MACHINES)
    for time_s in sample_times(5, 60):
        tracks = USER if time_s < 30 else []
        if time_s < 28:
            ahead.settle(round(time_s + 2, 3))
        assert ahead.update(tracks, time_s) == plain.update(tracks, time_s)
    assert ahead.finish(60) == plain.finish(60)
    assert ahead.state() == plain.state()


def test_sessions_that_are_ended_for_new_rules_last_until_the_look_ahead() -> None:
    engine = RuleEngine(MACHINES)
    look(engine, 20)
    engine.settle(21.5)
    engine.shift(100.0)
    assert [end.time_s for end in engine.reconfigure()] == [121.5, 121.5]


@pytest.mark.parametrize("there_until_s", [0.0, 20.0])
def test_a_look_ahead_is_nobody_s_presence_where_no_machine_is_in_use(there_until_s: float) -> None:
    engine = RuleEngine(MACHINES)
    look(engine, 40, there_until_s=there_until_s)
    engine.settle(44.0)
    assert RuleEngine.restore(MACHINES, engine.state()).interrupt(1e9) == []


@pytest.mark.parametrize("state", [None, [], {}, {"time_s": "noon", "machines": {}}])
def test_what_is_no_state_is_refused(state: object) -> None:
    with pytest.raises(ValueError, match="validation error"):
        RuleEngine.restore([machine()], json.loads(json.dumps(state)))
