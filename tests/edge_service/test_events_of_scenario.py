"""From the scenario through mock detector, tracker and rules: the events are those that truly happened."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from backend_api.base.process import REPOSITORY
from edge_service.config import load_config
from edge_service.evaluation.scenario_truth import scenario_truth
from edge_service.evaluation.truth import Moment
from edge_service.rules.engine import RuleEngine
from edge_service.rules.machine import Machine, RuleTimes
from edge_service.rules.rule_event import RuleEvent
from edge_service.simulation.mock_detector import MockDetector
from edge_service.simulation.scenario import Scenario
from edge_service.tracking.tracker import Tracker
from tests.edge_service.fake_frames import blank_frame

DEMO = load_config(REPOSITORY / "edge_service" / "sample_config.yaml").machines
DEFAULT = tuple(replace(machine, rules=RuleTimes()) for machine in DEMO)
# Longer than what is compared, so that everything in it is decided.
DURATION_S, COMPARED_S = 150, 120


def run(machines: Sequence[Machine], seed: int, fps: float, miss_rate: float) -> list[RuleEvent]:
    detector = MockDetector(Scenario(seed, machines), seed, miss_rate=miss_rate)
    tracker, rules = Tracker(), RuleEngine(machines)
    rule_events: list[RuleEvent] = []
    for index in range(int(DURATION_S * fps)):
        frame = blank_frame(index / fps)
        rule_events += rules.update(tracker.update(detector.detect(frame), frame.time_s), frame.time_s)
    return rule_events


def compare(expected: Sequence[Moment], rule_events: Sequence[RuleEvent], tolerance_s: float) -> None:
    """Each of the `expected` events up to COMPARED_S is there, and nothing else."""
    count = sum(moment.time_s < COMPARED_S for moment in expected)
    assert [rule_event.event_type for rule_event in rule_events[:count]] == [
        moment.event_type for moment in expected[:count]
    ]
    for rule_event, moment in zip(rule_events[:count], expected[:count], strict=True):
        assert abs(rule_event.time_s - moment.time_s) <= tolerance_s
    assert all(rule_event.time_s >= COMPARED_S - tolerance_s for rule_event in rule_events[count:])


@pytest.mark.parametrize("machines", [DEMO, DEFAULT], ids=["demo", "default"])
@pytest.mark.parametrize("seed", range(3))
def test_the_events_are_those_that_happened(seed: int, machines: Sequence[Machine]) -> None:
    moments = scenario_truth(seed, machines, DURATION_S).moments()
    # As many looks as most of the time is spent on are taken at one of the seeds.
    often = ((15, 0.0, 1 / 15), (15, 0.05, 1.0)) if seed == 0 else ()
    for fps, miss_rate, tolerance_s in ((2, 0.0, 0.5), (5, 0.0, 0.2), (2, 0.05, 1.6), (5, 0.05, 1.0), *often):
        rule_events = run(machines, seed, fps, miss_rate)
        for machine in machines:
            expected = [moment for moment in moments if moment.machine_id == machine.machine_id]
            own = [rule_event for rule_event in rule_events if rule_event.machine_id == machine.machine_id]
            compare(expected, own, tolerance_s + 0.01)
