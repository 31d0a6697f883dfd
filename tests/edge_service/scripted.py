"""Presence as a test scripts it: who is in the zone from when to when, sampled at any rate, and what the rules say."""

from collections.abc import Callable, Sequence
from random import Random

from edge_service.detector import Box
from edge_service.hit import Hit
from edge_service.machine import Machine, RuleTimes
from edge_service.rules import RuleEngine
from edge_service.tracker import Track

Interval = tuple[float, float]

DEFAULTS = RuleTimes()
IN_ZONE = Box(0.45, 0.2, 0.55, 0.6)
NOT_IN_ZONE = Box(0.0, 0.2, 0.1, 0.6)


def machine(rules: RuleTimes = DEFAULTS, machine_id: str = "bench_01") -> Machine:
    """A machine whose zone is the middle of the picture."""
    return Machine(machine_id, "Bench 1", ((0.3, 0.3), (0.7, 0.3), (0.7, 0.9), (0.3, 0.9)), rules)


def sample_times(fps: float, duration_s: float) -> list[float]:
    return [index / fps for index in range(int(duration_s * fps) + 1)]


def present(intervals: Sequence[Interval], time_s: float) -> bool:
    return any(began <= time_s < ended for began, ended in intervals)


def watch(
    intervals: Sequence[Interval],
    fps: float,
    duration_s: float,
    *,
    rules: RuleTimes = DEFAULTS,
    miss: Callable[[float], bool] = lambda _: False,
    track_id: Callable[[float], int] = lambda _: 1,
) -> list[Hit]:
    """All hits of one machine whose user is there in `intervals`; `miss` says at which times nobody is detected."""
    engine = RuleEngine([machine(rules)])
    hits: list[Hit] = []
    times = sample_times(fps, duration_s)
    for time_s in times:
        seen = present(intervals, time_s) and not miss(time_s)
        hits += engine.update([Track(track_id(time_s), IN_ZONE, 0.8)] if seen else [], time_s)
    return hits + engine.finish(times[-1])


def misses(seed: int, rate: float) -> Callable[[float], bool]:
    """Misses each sample with the probability `rate`."""
    random = Random(seed)
    return lambda _: random.random() < rate


def types(hits: Sequence[Hit]) -> list[str]:
    """The types in short: START, END, OPEN, ATTEMPT."""
    return [hit.event_type.rsplit("_", 1)[-1] for hit in hits]
