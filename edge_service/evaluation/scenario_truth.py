"""The truth of a scenario: when somebody is in each zone, and the sessions that the rules make of it."""

from collections.abc import Sequence
from dataclasses import replace

from edge_service.evaluation.truth import TrueSession, Truth
from edge_service.rules.machine import Machine, RuleTimes
from edge_service.rules.zone import is_in_zone
from edge_service.simulation.scenario import Activity, Scenario

Stay = tuple[float, float]

_STEP_S = 0.1
_PRECISION_S = 1e-4


def scenario_truth(seed: int, machines: Sequence[Machine], duration_s: float) -> Truth:
    """The truth of the first `duration_s` seconds of the scenario of `seed`."""
    scenario = Scenario(seed, machines)
    return Truth(duration_s, {machine.machine_id: _of_machine(scenario, machine, duration_s) for machine in machines})


def _of_machine(scenario: Scenario, machine: Machine, duration_s: float) -> tuple[TrueSession, ...]:
    sessions = true_sessions(true_stays(scenario, machine, duration_s), machine.rules, duration_s)
    return tuple(
        replace(session, wiped_before_leaving=session.left and _is_wiped(scenario, machine, session))
        for session in sessions
    )


def _is_wiped(scenario: Scenario, machine: Machine, session: TrueSession) -> bool:
    """Whether somebody wipes the machine during the session's use."""
    steps = int((session.end_s - session.start_s) / _STEP_S)
    return any(
        person.activity is Activity.WIPING and is_in_zone(person.box, machine.zone, machine.anchor)
        for step in range(steps + 1)
        for person in scenario.people_at(session.start_s + step * _STEP_S)
    )


def true_stays(scenario: Scenario, machine: Machine, duration_s: float) -> list[Stay]:
    """When somebody is in the machine's zone: from and to, up to `duration_s`, to a tenth of a millisecond."""
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


def true_sessions(stays: Sequence[Stay], rules: RuleTimes, duration_s: float) -> tuple[TrueSession, ...]:
    """The sessions that `stays` are: clearly apart, and clearly longer or shorter than the times of `rules`.

    The next user of a machine that nobody came back to wipe looks like an attempt until enter_s is over. A person who
    leaves less than exit_s before the end of the video has not left for all that can be known.
    """
    sessions: list[TrueSession] = []
    for began_s, ended_s in stays:
        length_s = ended_s - began_s
        if sessions and length_s >= rules.attempt_s and _is_open(sessions[-1], rules, began_s):
            sessions[-1] = replace(sessions[-1], attempt_s=began_s)
        if length_s >= rules.enter_s:
            sessions.append(TrueSession(began_s, ended_s, left=ended_s + rules.exit_s <= duration_s))
    return tuple(sessions)


def _is_open(session: TrueSession, rules: RuleTimes, time_s: float) -> bool:
    """Whether the cleaning window of `session` is open at `time_s` and waits for an attempt."""
    return session.left and session.attempt_s is None and time_s < session.end_s + rules.window_s


def _is_there(scenario: Scenario, machine: Machine, time_s: float) -> bool:
    return any(is_in_zone(person.box, machine.zone, machine.anchor) for person in scenario.people_at(time_s))


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
