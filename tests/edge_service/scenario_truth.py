"""What truly happens in a scenario: when somebody is in each zone, and the events that the rules owe for it."""

from collections.abc import Sequence

from backend_api.contract import EventType
from edge_service.machine import Machine, RuleTimes
from edge_service.scenario import Scenario
from edge_service.zone import contains
from tests.edge_service.scripted import Interval

_STEP_S = 0.1
_PRECISION_S = 1e-4
Owed = tuple[EventType, float]


def truth(scenario: Scenario, machines: Sequence[Machine], duration_s: float) -> dict[str, list[Interval]]:
    """By machine_id, when somebody's feet are in its zone up to `duration_s`, to a tenth of a millisecond."""
    return {machine.machine_id: _intervals(scenario, machine, duration_s) for machine in machines}


def owed(intervals: Sequence[Interval], rules: RuleTimes) -> list[Owed]:
    """The events of stays and wipes that are clearly apart, longer or shorter than the times of `rules`.

    The next user of a machine that nobody came back to wipe looks like an attempt until enter_s is over.
    """
    events: list[Owed] = []
    left_s = None
    for began_s, ended_s in intervals:
        if left_s is not None and ended_s - began_s >= rules.attempt_s and began_s < left_s + rules.window_s:
            events.append((EventType.CLEANING_ATTEMPT, began_s))
            left_s = None
        if ended_s - began_s >= rules.enter_s:
            events.append((EventType.MACHINE_OCCUPIED_START, began_s))
            events.append((EventType.MACHINE_OCCUPIED_END, ended_s))
            events.append((EventType.CLEANING_WINDOW_OPEN, ended_s))
            left_s = ended_s
    return events


def _intervals(scenario: Scenario, machine: Machine, duration_s: float) -> list[Interval]:
    changes = []
    was_there, before_s = False, 0.0
    for index in range(int(duration_s / _STEP_S) + 1):
        time_s = index * _STEP_S
        if (is_there := _is_there(scenario, machine, time_s)) != was_there:
            changes.append(_change(scenario, machine, before_s, time_s))
        was_there, before_s = is_there, time_s
    if was_there:
        changes.append(duration_s)
    return list(zip(changes[::2], changes[1::2], strict=True))


def _is_there(scenario: Scenario, machine: Machine, time_s: float) -> bool:
    boxes = [person.box for person in scenario.people_at(time_s)]
    return any(contains(machine.zone, ((box.left + box.right) / 2, box.bottom)) for box in boxes)


def _change(scenario: Scenario, machine: Machine, before_s: float, after_s: float) -> float:
    """When between the two times presence changes, by bisection."""
    is_there = _is_there(scenario, machine, after_s)
    while after_s - before_s > _PRECISION_S:
        middle_s = (before_s + after_s) / 2
        if _is_there(scenario, machine, middle_s) == is_there:
            after_s = middle_s
        else:
            before_s = middle_s
    return after_s
