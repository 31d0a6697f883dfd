"""The score: what is counted as found, false and missed, and what is made of it."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_api.contract.events import EventType
from edge_service.evaluation.score import TOLERANCES_S, Lateness, MatchCounts, score
from edge_service.evaluation.score_report import to_json, to_table
from edge_service.evaluation.truth import Moment, TrueSession, Truth

START, END = EventType.MACHINE_OCCUPIED_START, EventType.MACHINE_OCCUPIED_END
OPEN, ATTEMPT = EventType.CLEANING_WINDOW_OPEN, EventType.CLEANING_ATTEMPT
TRUTH = Truth(1800.0, {"bike": (TrueSession(100, 200, attempt_s=210), TrueSession(400, 500)), "rower": ()})
moments = st.builds(Moment, st.sampled_from(["bike", "rower"]), st.sampled_from(EventType), st.floats(0, 1800))


def test_what_is_right_is_right() -> None:
    result = score(TRUTH, TRUTH.moments())
    for tolerance_s in TOLERANCES_S:
        assert result.counts(tolerance_s) == MatchCounts(found=7)
        assert (result.counts(tolerance_s).f1, result.false_per_hour(tolerance_s)) == (1.0, 0.0)
    assert result.lateness() == Lateness(0, 0, 0, 0)
    assert (result.false, result.missed) == ((), ())


def test_each_tolerance_counts_for_itself() -> None:
    said = [
        Moment("bike", START, 101.5),
        Moment("bike", START, 397.0),
        Moment("bike", END, 200.5),
        Moment("rower", END, 200.0),
        Moment("bike", ATTEMPT, 900.0),
    ]
    result = score(TRUTH, said)
    assert [result.counts(t, event_type=START) for t in TOLERANCES_S] == [
        MatchCounts(0, 2, 2),
        MatchCounts(1, 1, 1),
        MatchCounts(2, 0, 0),
    ]
    assert result.counts(5.0, machine_id="rower") == MatchCounts(0, 1, 0)
    assert result.counts(5.0, event_type=OPEN) == MatchCounts(0, 0, 2)
    assert result.lateness(START) == Lateness(-3.0, -0.75, 1.5, 1.5)
    assert result.lateness(OPEN) is None
    assert result.false == (Moment("rower", END, 200.0), Moment("bike", ATTEMPT, 900.0))
    assert [moment.time_s for moment in result.missed] == [200, 210, 500, 500]
    # Half an hour and two machines: two false ones within 5 s are four an hour, or two an hour and machine.
    assert result.false_per_hour(5.0) == 2.0
    assert result.false_per_hour(5.0, "rower") == 2.0
    assert result.false_per_hour(1.0, "bike") == 6.0


def test_shares() -> None:
    counts = MatchCounts(found=6, false=2, missed=4)
    assert (counts.precision, counts.recall) == (0.75, 0.6)
    assert counts.f1 == pytest.approx(2 / 3)
    assert (MatchCounts().precision, MatchCounts().recall, MatchCounts().f1) == (None, None, None)
    assert (MatchCounts(missed=1).precision, MatchCounts(missed=1).recall, MatchCounts(missed=1).f1) == (None, 0, 0)


@given(st.lists(moments, max_size=12))
@settings(max_examples=50)
def test_everything_is_counted_once(said: list[Moment]) -> None:
    result = score(TRUTH, said)
    before = 0
    for tolerance_s in TOLERANCES_S:
        counts = result.counts(tolerance_s)
        assert counts.found + counts.false == len(said)
        assert counts.found + counts.missed == 7
        assert counts.found >= before
        before = counts.found
    assert (len(result.false), len(result.missed)) == (result.counts(5.0).false, result.counts(5.0).missed)


@given(st.lists(moments, max_size=30))
@settings(max_examples=25)
def test_table_and_json_can_be_made_of_any_score(said: list[Moment]) -> None:
    result = score(TRUTH, said)
    table, data = to_table(result), to_json(result)
    assert max(len(line) for line in table.splitlines()) <= 100
    assert data == json.loads(json.dumps(data, allow_nan=False))
    assert data["reported"] == len(said)


def test_the_table() -> None:
    lines = to_table(score(TRUTH, [Moment("bike", START, 100.3), Moment("rower", ATTEMPT, 7.0)])).splitlines()
    assert lines[0] == "1800 s of video, 2 machines: 2 events reported, 7 expected"
    assert "MACHINE_OCCUPIED_START      1      0       1      1.000   0.500  0.667" in lines
    assert "CLEANING_WINDOW_OPEN        0      0       2          -   0.000  0.000" in lines
    assert "MACHINE_OCCUPIED_START   +0.30    +0.30     +0.30   +0.30" in lines
    assert "rower                     2.0      2.0      2.0" in lines
    assert "false        7.00 s  rower  CLEANING_ATTEMPT" in lines
