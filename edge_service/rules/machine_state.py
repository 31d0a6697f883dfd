"""The states of one machine: free, occupied, and open for cleaning, and what makes it go from one to the next."""

import math
from dataclasses import dataclass, field, replace
from functools import partial

from backend_api.contract.events import EndReason, EventType
from edge_service.rules.machine import Machine, RuleTimes
from edge_service.rules.presence import GAP_S, HELD_S, Presence, Proof, Streak, observe, shifted_presence
from edge_service.rules.rule_event import RuleEvent
from edge_service.rules.visits import Sample, is_stay

# Somebody who is away for this long has not been there all the time: ten short visits are no long stay. It spans
# bending down for two seconds, with a detector that takes its time to believe in them again.
_GRACE_S = 2.9
# So many samples in a row that show nobody are no missed detections any more: where one in five is missed, that befalls
# somebody who is there all the time once in about three hours at 2 samples a second.
_SURE_SAMPLES = 6
# How long after it began a stay may come to be known: two missed detections at 2 samples a second.
_SETTLE_S = 2.0
# A person's track may break, so only a part of the stay must be one visit. Strangers who cross one after another make
# none that long.
_DWELT_SHARE = 0.5
# What happened in the zone so many times enter_s before a person came to stay is not part of that stay.
_MEMORY_SHARE = 1.5
# Sums of time stamps miss their mark by rounding.
_TOLERANCE_S = 1e-6


@dataclass(frozen=True, slots=True)
class Session:
    """One use of a machine, from its START (`start_s`) to the end of the cleaning window that leaving (`left_s`) opens.

    The machine is occupied while `left_s` is None, and open for cleaning after that. Seconds of media time.
    """

    start_s: float
    left_s: float | None = None
    is_attempted: bool = False


@dataclass(frozen=True, slots=True)
class MachineState:
    """All that is known of a machine; without a session it is free."""

    presence: Presence = field(default_factory=Presence)
    session: Session | None = None


Step = tuple[MachineState, list[RuleEvent]]


def step(machine: Machine, state: MachineState, sample: Sample, gap_s: float, least_score: float) -> Step:
    """What the machine is after `sample`, which comes `gap_s` seconds after the one before, and what happened.

    A stay needs a mean score of `least_score` (0..1).
    """
    rule_events: list[RuleEvent] = []
    if gap_s > GAP_S:
        state, rule_events = skip_gap(machine, state, sample.time_s - gap_s, gap_s)
    proof = None if is_occupied(state.session) else Proof(_MEMORY_SHARE * machine.rules.enter_s, least_score)
    grace_s = _grace_s(machine.rules, state, sample.held_s)
    state = replace(state, presence=observe(state.presence, sample, grace_s, proof))
    for transition in (_leave, partial(_attempt, least_score), partial(_occupy, least_score), _close):
        state, more = transition(machine, state, sample.time_s)
        rule_events += more
    return state, rule_events


def close_if_absent(machine: Machine, state: MachineState, time_s: float) -> Step:
    """What the machine is when nothing was observed since its last sample until `time_s`: nobody is assumed there."""
    return _leave_unseen(machine, replace(state, presence=replace(state.presence, is_present=False)), time_s)


def skip_gap(machine: Machine, state: MachineState, from_s: float, gap_s: float) -> Step:
    """What the machine is after `gap_s` seconds, from `from_s` on, of which there is no sample.

    For less than exit_s it is as if a few frames were missing. After that nobody knows whether and when somebody left:
    an open session gets an END, `unobserved`, as of the last sighting, unless it was clear by `from_s` that they had.
    """
    rule_events: list[RuleEvent] = []
    if not state.presence.is_present:
        state, rule_events = close_if_absent(machine, state, from_s)
    if gap_s >= machine.rules.exit_s - _TOLERANCE_S:
        state, ends = finish(machine.machine_id, state, EndReason.UNOBSERVED)
        rule_events += ends
    return replace(state, presence=replace(state.presence, is_present=False)), rule_events


def is_settled(state: MachineState, time_s: float) -> bool:
    """Whether the machine is in use by somebody who is seen, or not, and was not so lately that such a stay goes on."""
    presence, longest_s = state.presence, _GRACE_S + HELD_S
    if is_occupied(state.session):
        return presence.is_present and not presence.unseen
    return not presence.is_present and presence.unseen_s(time_s) > longest_s


def seen_until(state: MachineState, time_s: float) -> MachineState:
    """`state` as of `time_s`, a later moment at which somebody is seen at the machine if it is in use."""
    presence, streak = state.presence, state.presence.streak
    if not is_occupied(state.session) or streak is None or time_s <= streak.last_seen_s:
        return state
    return replace(
        state, presence=replace(presence, is_present=True, unseen=0, streak=replace(streak, last_seen_s=time_s))
    )


def shifted(state: MachineState, by_s: float) -> MachineState:
    """`state` on a time line that begins `by_s` seconds earlier."""
    session = state.session
    if session is not None:
        left_s = None if session.left_s is None else session.left_s + by_s
        session = replace(session, start_s=session.start_s + by_s, left_s=left_s)
    return MachineState(shifted_presence(state.presence, by_s), session)


def finish(machine_id: str, state: MachineState, end_reason: EndReason) -> Step:
    """The END of a session that is still open, as of when somebody was last seen; the machine is free then.

    No cleaning window opens: nobody left, there is only nothing more to see.
    """
    session, streak = state.session, state.presence.streak
    if session is None or session.left_s is not None or streak is None:
        return state, []
    return MachineState(), [_end(machine_id, session, streak, end_reason)]


def _grace_s(rules: RuleTimes, state: MachineState, held_s: float) -> float:
    """For how long somebody may be out of sight without a stay being over, where samples are `held_s` apart.

    They may have been there until just before the first sample that does not show them.
    """
    if is_occupied(state.session):
        return math.inf  # it is over when `_leave` says so
    grace_s = _GRACE_S + held_s
    return grace_s if state.presence.unseen < _SURE_SAMPLES else min(grace_s, rules.exit_s)


def is_occupied(session: Session | None) -> bool:
    """Whether `session` is one of somebody who has not left."""
    return session is not None and session.left_s is None


def _leave(machine: Machine, state: MachineState, time_s: float) -> Step:
    """Left, unless that may be a few missed detections, or somebody is seen now: maybe the one who was there."""
    presence = state.presence
    if presence.unseen < _SURE_SAMPLES or presence.samples[-1].boxes:
        return state, []
    return _leave_unseen(machine, state, time_s)


def _leave_unseen(machine: Machine, state: MachineState, time_s: float) -> Step:
    """OCCUPIED, and nobody for exit_s: END and WINDOW_OPEN, both as of the last sighting."""
    session, presence = state.session, state.presence
    if session is None or session.left_s is not None or presence.streak is None or presence.is_present:
        return state, []
    if presence.unseen_s(time_s) < machine.rules.exit_s - _TOLERANCE_S:
        return state, []
    end = _end(machine.machine_id, session, presence.streak, EndReason.LEFT)
    window = RuleEvent(
        EventType.CLEANING_WINDOW_OPEN,
        machine.machine_id,
        end.time_s,
        session.start_s,
        end.track_id,
        end.confidence,
        closes_at_s=end.time_s + machine.rules.window_s,
    )
    # The next person begins a stay of their own.
    state = MachineState(replace(presence, streak=None), replace(session, left_s=end.time_s))
    return state, [end, window]


def _attempt(least_score: float, machine: Machine, state: MachineState, _time_s: float) -> Step:
    """Open for cleaning, and somebody came back before the window closed and stayed for attempt_s: ATTEMPT, once."""
    session, streak = state.session, _stay(state, machine.rules.attempt_s, least_score)
    if session is None or session.left_s is None or session.is_attempted or streak is None:
        return state, []
    if streak.began_s >= session.left_s + machine.rules.window_s:
        return state, []
    attempt = RuleEvent(
        EventType.CLEANING_ATTEMPT,
        machine.machine_id,
        streak.began_s,
        session.start_s,
        streak.track_id,
        streak.confidence,
        seconds_into_window=streak.began_s - session.left_s,
    )
    return replace(state, session=replace(session, is_attempted=True)), [attempt]


def _occupy(least_score: float, machine: Machine, state: MachineState, _time_s: float) -> Step:
    """Not occupied, and somebody stayed for enter_s: START of a new session, as of the stay's begin."""
    session, streak = state.session, _stay(state, machine.rules.enter_s, least_score)
    if streak is None or (session is not None and session.left_s is None):
        return state, []
    start = RuleEvent(
        EventType.MACHINE_OCCUPIED_START,
        machine.machine_id,
        streak.began_s,
        streak.began_s,
        streak.track_id,
        streak.confidence,
    )
    return replace(state, session=Session(streak.began_s)), [start]


def _close(machine: Machine, state: MachineState, time_s: float) -> Step:
    """The window is over, and no stay that began within it can still become the attempt: free, silently.

    A stay is known only when it is a second or two old, hence the wait.
    """
    session, presence = state.session, state.presence
    if session is None or session.left_s is None:
        return state, []
    closes_s = session.left_s + machine.rules.window_s
    may_become_attempt = (
        not session.is_attempted
        and presence.streak is not None
        and presence.streak.began_s < closes_s
        and presence.unseen_s(time_s) <= _grace_s(machine.rules, state, HELD_S)
    )
    if time_s < closes_s + _SETTLE_S or may_become_attempt:
        return state, []
    return replace(state, session=None), []


def _stay(state: MachineState, length_s: float, least_score: float) -> Streak | None:
    """The stay that goes on, if it has lasted for `length_s` seconds and one track was seen for half of that."""
    streak = state.presence.streak
    if streak is None or not state.presence.is_present or streak.length_s < length_s - _TOLERANCE_S:
        return None
    return streak if is_stay(streak.visits, _DWELT_SHARE * length_s, least_score) else None


def _end(machine_id: str, session: Session, streak: Streak, end_reason: EndReason) -> RuleEvent:
    return RuleEvent(
        EventType.MACHINE_OCCUPIED_END,
        machine_id,
        streak.last_seen_s,
        session.start_s,
        streak.track_id,
        streak.confidence,
        occupied_s=streak.last_seen_s - session.start_s,
        end_reason=end_reason,
    )
