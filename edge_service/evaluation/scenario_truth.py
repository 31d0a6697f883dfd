"""The truth of a scenario: when somebody is in each zone, and the sessions that the rules make of it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

from edge_service.evaluation.truth import TrueSession, Truth
from edge_service.rules.machine import Machine, RuleTimes
from edge_service.rules.zone import is_in_zone
from edge_service.simulation.scenario import Activity, Person, Scenario

Stay = tuple[float, float]
PeopleAt = Callable[[float], tuple[Person, ...]]

_STEP_S = 0.1
_PRECISION_S = 1e-4


def scenario_truth(seed: int, machines: Sequence[Machine], duration_s: float) -> Truth:
    """The truth of the first `duration_s` seconds of the scenario of `seed`."""
    # All machines are asked about at the same times.
    people_at = cache(Scenario(seed, machines).people_at)
    return Truth(duration_s, {machine.machine_id: _of_machine(people_at, machine, duration_s) for machine in machines})


def _of_machine(people_at: PeopleAt, machine: Machine, duration_s: float) -> tuple[TrueSession, ...]:
    sessions = true_sessions(true_stays(people_at, machine, duration_s), machine.rules, duration_s)
    return tuple(
        replace(session, wiped_before_leaving=session.left and _is_wiped(people_at, machine, session))
        for session in sessions
    )


def _is_wiped(people_at: PeopleAt, machine: Machine, session: TrueSession) -> bool:
    """Whether somebody wipes the machine during the session's use."""
    steps = int((session.end_s - session.start_s) / _STEP_S)
    return any(
        person.activity is Activity.WIPING and is_in_zone(person.box, machine.zone, machine.anchor)
        for step in range(steps + 1)
        for person in people_at(session.start_s + step * _STEP_S)
    )


def true_stays(people_at: PeopleAt, machine: Machine, duration_s: float) -> list[Stay]:
    """When one of `people_at` is in the zone of `machine`: from and to, up to `duration_s`, to 0.1 ms."""
    changes = []
    was_there, before_s = False, 0.0
    for index in range(int(duration_s / _STEP_S) + 1):
        time_s = index * _STEP_S
        if (is_there := _is_there(people_at, machine, time_s)) != was_there:
            changes.append(_change(people_at, machine, before_s, time_s))
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


def _is_there(people_at: PeopleAt, machine: Machine, time_s: float) -> bool:
    return any(is_in_zone(person.box, machine.zone, machine.anchor) for person in people_at(time_s))


def _change(people_at: PeopleAt, machine: Machine, before_s: float, after_s: float) -> float:
    """When between the two times presence changes, by bisection."""
    is_there = _is_there(people_at, machine, after_s)
    while after_s - before_s > _PRECISION_S:
        middle_s = (before_s + after_s) / 2
        if _is_there(people_at, machine, middle_s) == is_there:
            after_s = middle_s
        else:
            before_s = middle_s
    return after_s
