"""Presence as a test scripts it: who is in the zone from when to when, sampled at any rate, and what the rules say."""

from collections.abc import Callable, Sequence
from random import Random

from hypothesis import strategies as st

from edge_service.detection.detector import Box
from edge_service.rules.engine import RuleEngine
from edge_service.rules.machine import FEET, Anchor, Machine, RuleTimes
from edge_service.rules.rule_event import RuleEvent
from edge_service.tracking.tracker import Track

Interval = tuple[float, float]

RATES = [2, 5, 15]
DEFAULTS = RuleTimes()
DEMO = RuleTimes(enter_s=6, exit_s=2, attempt_s=2, window_s=20)
IN_ZONE = Box(0.45, 0.2, 0.55, 0.6)
NOT_IN_ZONE = Box(0.0, 0.2, 0.1, 0.6)
USER = [Track(1, IN_ZONE, 0.8)]

# Presence and absence that no rule's time is near to, at any rate of sampling.
_stays_s = st.sampled_from([0.2, 1.0, 1.7, 4.4, 13.0, 25.0])
_gaps_s = st.sampled_from([3.2, 8.0, 40.0, 130.0])


@st.composite
def scripts(draw: st.DrawFn) -> list[Interval]:
    """Stays and the gaps between them, apart by more than a stay survives and by clearly less or more than exit_s."""
    intervals, time_s = [], draw(st.floats(0.1, 3))
    for stay_s, gap_s in draw(st.lists(st.tuples(_stays_s, _gaps_s), min_size=1, max_size=5)):
        intervals.append((time_s, time_s + stay_s))
        time_s += stay_s + gap_s
    return intervals


def end_of(script: Sequence[Interval]) -> float:
    return script[-1][1] + 12


def machine(rules: RuleTimes = DEFAULTS, machine_id: str = "bench_01", anchor: Anchor = FEET) -> Machine:
    """A machine whose zone is the middle of the picture."""
    return Machine(machine_id, "Bench 1", ((0.3, 0.3), (0.7, 0.3), (0.7, 0.9), (0.3, 0.9)), rules, anchor)


def sample_times(fps: float, duration_s: float) -> list[float]:
    return [index / fps for index in range(int(duration_s * fps) + 1)]


def present(intervals: Sequence[Interval], time_s: float) -> bool:
    return any(began <= time_s < ended for began, ended in intervals)


def run_script(
    intervals: Sequence[Interval],
    fps: float,
    duration_s: float,
    *,
    rules: RuleTimes = DEFAULTS,
    miss: Callable[[float], bool] = lambda _: False,
    track_id: Callable[[float], int] = lambda _: 1,
) -> list[RuleEvent]:
    """The rule events of one machine whose user is there in `intervals`; `miss` says when nobody is detected."""
    engine = RuleEngine([machine(rules)])
    rule_events: list[RuleEvent] = []
    times = sample_times(fps, duration_s)
    for time_s in times:
        seen = present(intervals, time_s) and not miss(time_s)
        rule_events += engine.update([Track(track_id(time_s), IN_ZONE, 0.8)] if seen else [], time_s)
    return rule_events + engine.finish(times[-1])


def misses(seed: int, rate: float) -> Callable[[float], bool]:
    """Misses each sample with the probability `rate`."""
    random = Random(seed)
    return lambda _: random.random() < rate


def types(rule_events: Sequence[RuleEvent]) -> list[str]:
    """The types in short: START, END, OPEN, ATTEMPT."""
    return [rule_event.event_type.rsplit("_", 1)[-1] for rule_event in rule_events]
