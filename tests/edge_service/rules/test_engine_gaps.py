"""The rules where the time line has gaps, jumps back, or ends."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_api.contract.events import EndReason
from edge_service.rules.engine import RuleEngine
from edge_service.rules.machine import RuleTimes
from edge_service.rules.presence import GAP_S
from edge_service.rules.rule_event import RuleEvent
from tests.edge_service.scripted import DEFAULTS, DEMO, RATES, USER, machine, run_script, sample_times, types


def test_an_open_session_ends_with_the_stream_as_of_the_last_sighting() -> None:
    rule_events = run_script([(5, 58)], fps=10, duration_s=60)
    assert types(rule_events) == ["START", "END"]
    assert rule_events[1].end_reason is EndReason.END_OF_STREAM
    assert rule_events[1].time_s == pytest.approx(57.9)
    assert rule_events[1].occupied_s == pytest.approx(52.9)


def test_who_was_gone_for_long_when_the_stream_ended_has_left() -> None:
    engine = RuleEngine([machine()])
    for time_s in sample_times(10, 24):
        engine.update(USER if time_s <= 20 else [], time_s)
    assert [rule_event.end_reason for rule_event in engine.finish(25.5)] == [EndReason.LEFT, None]


def test_a_stay_too_short_to_count_ends_with_nothing() -> None:
    assert run_script([(5, 60)], fps=10, duration_s=12) == []


def test_an_engine_starts_afresh_after_the_stream_ended() -> None:
    engine = RuleEngine([machine()])
    for time_s in sample_times(5, 20):
        engine.update(USER, time_s)
    assert types(engine.finish(20)) == ["END"]
    assert engine.finish(20) == []
    assert engine.state() == RuleEngine([machine()]).state()


@pytest.mark.parametrize("gap_s", [3.0, 30.0, 3600.0])
def test_an_unobserved_gap_is_no_presence(gap_s: float) -> None:
    engine = RuleEngine([machine()])
    rule_events = [rule_event for time_s in (0.0, 0.2, 0.4, 0.6) for rule_event in engine.update(USER, time_s)]
    rule_events += [rule_event for time_s in (0.8, 1.0, 1.2) for rule_event in engine.update(USER, time_s + gap_s)]
    assert rule_events == []


def test_an_occupancy_ends_where_a_long_gap_begins_and_nobody_left() -> None:
    engine = RuleEngine([machine()])
    for time_s in sample_times(5, 20):
        engine.update(USER, time_s)
    rule_events = engine.update(USER, 100.0)
    assert types(rule_events) == ["END"]
    assert (rule_events[0].time_s, rule_events[0].end_reason) == (20.0, EndReason.UNOBSERVED)
    assert engine.update([], 110.0) == []


def test_who_was_clearly_gone_when_a_gap_began_has_left() -> None:
    """Four samples without anybody are too few to say so at once; but they are exit_s, and then comes the gap."""
    engine = RuleEngine([machine(DEMO)])
    for time_s in sample_times(2, 22):
        assert "END" not in types(engine.update(USER if time_s <= 20 else [], time_s))
    rule_events = engine.update([], 60.0)
    assert types(rule_events) == ["END", "OPEN"]
    assert (rule_events[0].time_s, rule_events[0].end_reason) == (20.0, EndReason.LEFT)


def test_a_cleaning_window_stays_open_over_a_gap() -> None:
    engine = RuleEngine([machine()])
    for time_s in sample_times(5, 30):
        engine.update(USER if time_s <= 20 else [], time_s)
    rule_events = [rule_event for time_s in sample_times(5, 5) for rule_event in engine.update(USER, 60 + time_s)]
    assert types(rule_events) == ["ATTEMPT"]
    assert rule_events[0].time_s == 60.0


@given(st.sampled_from(RATES), st.sampled_from([DEMO, DEFAULTS]), st.lists(st.floats(0.5, 400), min_size=1, max_size=3))
@settings(max_examples=25)
def test_who_is_there_before_and_after_every_gap_has_never_left(
    fps: int, rules: RuleTimes, gaps_s: list[float]
) -> None:
    """Each gap of exit_s and more ends one use as of the last look before it, the next begins with the first after."""
    engine, rule_events, expected, time_s = RuleEngine([machine(rules)]), [], [0.0], 0.0
    for gap_s in gaps_s:
        for _ in range(13 * fps):
            last_s, time_s = time_s, time_s + 1 / fps
            rule_events += engine.update(USER, last_s)
        time_s = last_s + gap_s
        if gap_s >= max(rules.exit_s, GAP_S + 1e-6):
            expected += [last_s, time_s]
    rule_events += [rule_event for tick in range(13 * fps) for rule_event in engine.update(USER, time_s + tick / fps)]
    assert types(rule_events) == ["START", *["END", "START"] * (len(expected) // 2)]
    assert [rule_event.time_s for rule_event in rule_events] == pytest.approx(expected)
    assert {rule_event.end_reason for rule_event in rule_events} <= {None, EndReason.UNOBSERVED}


def test_an_occupancy_goes_on_over_a_gap_shorter_than_exit_s() -> None:
    engine = RuleEngine([machine()])
    for time_s in sample_times(5, 20):
        engine.update(USER, time_s)
    assert [rule_event for time_s in sample_times(5, 20) for rule_event in engine.update(USER, 24 + time_s)] == []
    (end,) = engine.finish(44)
    assert end.occupied_s == 44.0


def test_a_small_step_back_is_passed_over() -> None:
    engine = RuleEngine([machine()])
    for time_s in sample_times(5, 20):
        engine.update(USER, time_s)
    before = engine.state()
    assert engine.update([], 19.5) == []
    assert engine.update([], 20.0) == []
    assert engine.state() == before


def test_a_jump_back_closes_what_is_open_and_begins_a_new_stream() -> None:
    engine = RuleEngine([machine()])
    for time_s in sample_times(5, 20):
        engine.update(USER, time_s)
    rule_events = [rule_event for time_s in sample_times(5, 15) for rule_event in engine.update(USER, time_s)]
    assert types(rule_events) == ["END", "START"]
    assert (rule_events[0].time_s, rule_events[0].end_reason) == (20.0, EndReason.END_OF_STREAM)
    assert rule_events[1].time_s == 0.0


def test_the_end_is_known_while_the_camera_is_still_away() -> None:
    engine = RuleEngine([machine()])
    assert engine.advance_to(100.0) == []
    for time_s in sample_times(5, 20):
        engine.update(USER, time_s)
    assert engine.advance_to(24.9) == []
    (end,) = engine.advance_to(25.0)
    assert (end.time_s, end.end_reason) == (20.0, EndReason.UNOBSERVED)
    assert engine.advance_to(7200.0) == engine.update(USER, 7200.0) == []


@given(
    st.sampled_from(RATES),
    st.sampled_from([DEMO, DEFAULTS]),
    st.lists(st.tuples(st.floats(0.1, 20), st.booleans(), st.floats(0.2, 40)), min_size=1, max_size=6),
    st.lists(st.floats(0, 1), max_size=3),
)
@settings(max_examples=40)
def test_what_is_told_while_the_camera_is_away_is_what_would_be_told_after(
    fps: int, rules: RuleTimes, parts: list[tuple[float, bool, float]], shares: list[float]
) -> None:
    told_early, told_late, time_s = RuleEngine([machine(rules)]), RuleEngine([machine(rules)]), 0.0
    early: list[RuleEvent] = []
    late: list[RuleEvent] = []
    for length_s, there, gap_s in parts:
        for tick in range(int(length_s * fps) + 1):
            early += told_early.update(USER if there else [], time_s + tick / fps)
            late += told_late.update(USER if there else [], time_s + tick / fps)
        time_s += int(length_s * fps) / fps
        for share in sorted(shares):
            early += told_early.advance_to(time_s + share * gap_s)
        time_s += gap_s
    assert early + told_early.update([], time_s) == late + told_late.update([], time_s)


@given(st.lists(st.tuples(st.floats(-50, 200), st.booleans()), max_size=60))
def test_no_order_of_times_breaks_it(samples: list[tuple[float, bool]]) -> None:
    engine = RuleEngine([machine(DEMO)])
    for time_s, there in samples:
        for rule_event in engine.update(USER if there else [], time_s):
            assert 0 < rule_event.confidence <= 1
            assert rule_event.occupied_s is None or rule_event.occupied_s >= DEMO.enter_s - 1e-6
