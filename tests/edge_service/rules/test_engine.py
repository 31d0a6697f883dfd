"""The rules over scripted presence: which events come of it, and when."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_api.contract.events import EndReason, EventType
from edge_service.rules.engine import RuleEngine
from edge_service.rules.machine import RuleTimes
from edge_service.rules.rule_event import RuleEvent
from edge_service.tracking.tracker import Track
from tests.edge_service.scripted import (
    DEFAULTS,
    DEMO,
    IN_ZONE,
    NOT_IN_ZONE,
    RATES,
    USER,
    Interval,
    end_of,
    machine,
    misses,
    run_script,
    sample_times,
    scripts,
    types,
)


def test_one_visit_in_full() -> None:
    rule_events = run_script([(2.0, 20.1), (27.0, 31.1)], fps=10, duration_s=60, rules=DEMO)
    assert [replace(rule_event, confidence=round(rule_event.confidence, 6)) for rule_event in rule_events] == [
        RuleEvent(EventType.MACHINE_OCCUPIED_START, "bench_01", 2.0, 2.0, 1, 0.8),
        RuleEvent(
            EventType.MACHINE_OCCUPIED_END, "bench_01", 20.0, 2.0, 1, 0.8, occupied_s=18.0, end_reason=EndReason.LEFT
        ),
        RuleEvent(EventType.CLEANING_WINDOW_OPEN, "bench_01", 20.0, 2.0, 1, 0.8, closes_at_s=40.0),
        RuleEvent(EventType.CLEANING_ATTEMPT, "bench_01", 27.0, 2.0, 1, 0.8, seconds_into_window=7.0),
    ]


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param([(5, 6.8)], [], id="a passer-by"),
        pytest.param([(5, 12)], [], id="a stay shorter than enter_s"),
        pytest.param([(k * 7, k * 7 + 4) for k in range(10)], [], id="ten visits of four seconds"),
        pytest.param([(5, 20), (24, 40)], ["START", "END", "OPEN"], id="out of sight for 4 s under an exit_s of 5"),
        pytest.param([(5, 20), (30, 35)], ["START", "END", "OPEN", "ATTEMPT"], id="a wipe"),
        pytest.param([(5, 20), (30, 31.5)], ["START", "END", "OPEN"], id="a passer-by in the window"),
        pytest.param([(5, 20), (30, 35), (45, 50)], ["START", "END", "OPEN", "ATTEMPT"], id="one attempt a window"),
        pytest.param([(5, 20), (150, 155)], ["START", "END", "OPEN"], id="too late to wipe"),
        pytest.param([(5, 20), (138, 143)], ["START", "END", "OPEN", "ATTEMPT"], id="begun before the window closed"),
        pytest.param(
            [(5, 20), (30, 35), (45, 60)],
            ["START", "END", "OPEN", "ATTEMPT", "START", "END", "OPEN"],
            id="the next user within the window",
        ),
        pytest.param([(5, 20), (160, 175)], ["START", "END", "OPEN"] * 2, id="the next user after the window"),
    ],
)
def test_what_is_made_of_a_script(script: list[Interval], expected: list[str], fps: int) -> None:
    assert types(run_script(script, fps, 200)) == expected


def test_an_attempt_that_grows_into_a_use_begins_a_new_session_and_stays_with_the_old() -> None:
    rule_events = run_script([(5, 20), (30, 50)], fps=5, duration_s=100)
    assert types(rule_events) == ["START", "END", "OPEN", "ATTEMPT", "START", "END", "OPEN"]
    assert rule_events[3].session_start_s == rule_events[0].time_s
    assert rule_events[4].time_s == rule_events[4].session_start_s == rule_events[3].time_s


@given(scripts())
@settings(max_examples=15)
def test_every_rate_gives_the_same_events_within_its_sampling_interval(script: list[Interval]) -> None:
    reference = run_script(script, 15, end_of(script))
    for fps in (2, 5):
        rule_events = run_script(script, fps, end_of(script))
        assert types(rule_events) == types(reference)
        for rule_event, same in zip(rule_events, reference, strict=True):
            assert abs(rule_event.time_s - same.time_s) <= 1 / fps


@given(scripts(), st.integers(0, 2**32), st.sampled_from(RATES), st.sampled_from([DEFAULTS, DEMO]))
@settings(max_examples=30)
def test_events_of_a_machine_follow_the_grammar(script: list[Interval], seed: int, fps: int, rules: RuleTimes) -> None:
    """(START END OPEN [ATTEMPT])*, in the order of their times, also when every third detection is missed."""
    expected = {"START"}
    session: RuleEvent | None = None
    last_s = 0.0
    for rule_event in run_script(script, fps, end_of(script), rules=rules, miss=misses(seed, 0.33)):
        (name,) = types([rule_event])
        assert name in expected
        session = rule_event if name == "START" else session
        assert session is not None
        assert rule_event.session_start_s == session.time_s
        assert rule_event.time_s >= last_s
        last_s = rule_event.time_s
        after: dict[str, set[str]] = {
            "START": {"END"},
            "END": {"OPEN"} if rule_event.end_reason is EndReason.LEFT else set(),
            "OPEN": {"ATTEMPT", "START"},
            "ATTEMPT": {"START"},
        }
        expected = after[name]


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("seed", range(8))
def test_a_fifth_of_the_detections_missed_makes_no_false_event(seed: int, fps: int) -> None:
    rule_events = run_script([(5, 65), (75, 79.9)], fps, 110, miss=misses(seed, 0.2))
    assert types(rule_events)[:3] == ["START", "END", "OPEN"]
    assert types(rule_events)[3:] in ([], ["ATTEMPT"])
    assert rule_events[1].time_s == pytest.approx(65, abs=1 + 2 / fps)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("rules", [DEFAULTS, DEMO], ids=["default", "demo"])
def test_ten_minutes_seated_with_misses_are_one_session(seed: int, rules: RuleTimes) -> None:
    rule_events = run_script([(1, 601)], 10, 620, rules=rules, miss=misses(seed, 0.05))
    assert types(rule_events) == ["START", "END", "OPEN"]


@pytest.mark.parametrize("fps", RATES)
def test_one_false_box_changes_nothing(fps: int) -> None:
    script = [(5.0, 25.0), (35.0, 39.9)]
    reference = run_script(script, fps, 80)
    for extra_s in (2.0, 28.0, 31.0, 45.0, 60.0):
        assert run_script([*script, (extra_s, extra_s + 0.6 / fps)], fps, 80) == reference


@pytest.mark.parametrize("fps", RATES)
def test_who_it_is_does_not_matter(fps: int) -> None:
    rule_events = run_script([(5, 30)], fps, 60, track_id=lambda time_s: int(time_s // 6))
    assert types(rule_events) == ["START", "END", "OPEN"]
    assert rule_events[0].time_s == pytest.approx(5, abs=1 / fps)
    assert rule_events[1].track_id == 4


def test_of_two_people_in_the_zone_the_one_who_was_there_is_named() -> None:
    engine = RuleEngine([machine()])
    rule_events = []
    for time_s in sample_times(5, 20):
        tracks = [Track(4, IN_ZONE, 0.6)] if time_s < 5 else [Track(9, IN_ZONE, 0.9), Track(4, IN_ZONE, 0.6)]
        rule_events += engine.update(tracks, time_s)
    assert [rule_event.track_id for rule_event in rule_events] == [4]


def test_somebody_beside_the_zone_is_not_in_it() -> None:
    engine = RuleEngine([machine()])
    assert not [engine.update([Track(1, NOT_IN_ZONE, 0.9)], time_s) for time_s in sample_times(5, 30)][-1]
    assert engine.finish(30) == []


def test_hits_of_one_moment_come_in_the_order_of_the_machines() -> None:
    engine = RuleEngine([machine(machine_id="b"), machine(machine_id="a")])
    rule_events = []
    for time_s in sample_times(5, 60):
        rule_events += engine.update(USER if time_s < 20 else [], time_s)
    assert [rule_event.machine_id for rule_event in rule_events] == ["b", "a", "b", "b", "a", "a"]
    assert types(rule_events) == ["START", "START", "END", "OPEN", "END", "OPEN"]


def test_other_zones_end_what_is_open_and_leave_an_open_window() -> None:
    engine = RuleEngine([machine(DEMO)])
    for step in range(100):
        engine.update(USER, step / 5)
    assert [(end.machine_id, end.time_s, end.end_reason) for end in engine.reconfigure()] == [
        ("bench_01", 19.8, EndReason.RECONFIGURED)
    ]
    assert engine.reconfigure() == []
    rule_events = [event for step in range(100, 200) for event in engine.update(USER, step / 5)]
    rule_events += [event for step in range(200, 230) for event in engine.update([], step / 5)]
    assert types(rule_events) == ["START", "END", "OPEN"]
    assert engine.reconfigure() == []
    rule_events = [event for step in range(230, 260) for event in engine.update(USER, step / 5)]
    assert types(rule_events) == ["ATTEMPT"]
