"""The rule engine: from tracks and media time to what happened at the machines. Pure: no clock, no I/O.

Per machine (the states are in `machine_state.py`, presence in `presence.py`, tracks in `visits.py`):

    free     --a stay of enter_s-->                   occupied   START as of the stay's begin
    occupied --absent for exit_s-->                   cleaning   END and WINDOW_OPEN as of the last sighting
    cleaning --a stay of attempt_s-->                 cleaning   ATTEMPT as of the stay's begin, once a window
    cleaning --a stay of enter_s-->                   occupied   START of a new session
    cleaning --window_s over-->                       free

A stay is presence in which one track was seen for half of that time, with a mean score that makes it a person. A
doubtful track, that of somebody lost where something scores low, makes no stay; a use goes on with it.

Where no frame comes for exit_s (and 2.5 s), an open session ends as of the last sighting, without a cleaning window.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue, TypeAdapter

from backend_api.contract.events import EndReason
from edge_service.rules.machine import Machine
from edge_service.rules.machine_state import (
    MachineState,
    close_if_absent,
    finish,
    is_occupied,
    is_settled,
    seen_until,
    shifted,
    skip_gap,
    step,
)
from edge_service.rules.presence import GAP_S, HELD_S
from edge_service.rules.rule_event import RuleEvent
from edge_service.rules.visits import Sample, Sighting
from edge_service.rules.zone import is_in_zone
from edge_service.tracking.tracker import Track


@dataclass(frozen=True, slots=True)
class _Snapshot:
    time_s: float | None
    machines: dict[str, MachineState]


_SNAPSHOT = TypeAdapter(_Snapshot)


class RuleEngine:
    """Watches all machines of one camera. A stay needs a mean score of `least_score` (0..1)."""

    def __init__(self, machines: Sequence[Machine], least_score: float = 0.0) -> None:
        self._machines = tuple(machines)
        self._least_score = least_score
        self._time_s: float | None = None
        self._settled_s = float("-inf")
        self._states: dict[str, MachineState] = {}
        self._forget()

    @classmethod
    def restore(cls, machines: Sequence[Machine], state: JsonValue, least_score: float = 0.0) -> "RuleEngine":
        """An engine that goes on where the one that gave `state` was.

        A machine that `state` does not know begins as free; the state of one that is no longer in `machines` is
        there for `interrupt`, which comes next. Raises ValueError when `state` is not what `state()` gives.
        """
        snapshot = _SNAPSHOT.validate_python(state)
        engine = cls(machines, least_score)
        engine._time_s = snapshot.time_s
        engine._states |= snapshot.machines
        return engine

    @property
    def time_s(self) -> float | None:
        """The media time of the last update; None before the first one."""
        return self._time_s

    @property
    def states(self) -> Mapping[str, MachineState]:
        """The state of each machine after the last update, by machine_id."""
        return self._states

    @property
    def is_settled(self) -> bool:
        """Whether each machine is in use by somebody who is seen, or is not, and no stay there may go on."""
        time_s = self._time_s
        return time_s is None or all(is_settled(state, time_s) for state in self._states.values())

    def settle(self, time_s: float) -> None:
        """Take note of a look ahead: at `time_s` seconds of media time all machines are as they are now.

        Somebody is seen at those in use, and nobody at the others. The updates until then may come later, or never.
        """
        self._settled_s = time_s

    def state(self) -> JsonValue:
        """The engine's knowledge, a look ahead included, as JSON-able data; `restore` makes the same engine of it."""
        time_s = None if self._time_s is None else max(self._time_s, self._settled_s)
        snapshot: JsonValue = _SNAPSHOT.dump_python(_Snapshot(time_s, self._seen_ahead()), mode="json")
        return snapshot

    def shift(self, by_s: float) -> None:
        """Add `by_s` seconds to every media time that is known, because media time 0 is another instant now."""
        if self._time_s is not None:
            self._time_s += by_s
        self._settled_s += by_s
        self._states = {machine_id: shifted(state, by_s) for machine_id, state in self._states.items()}

    def interrupt(self, pause_s: float) -> list[RuleEvent]:
        """The rule events that follow when nobody has watched for `pause_s` seconds since the last update.

        For less than exit_s it is as if a few frames were missing. After that nobody knows when somebody left: an open
        session gets an END, `recovered`, as of the last sighting, and no cleaning window. A window that is open stays
        so. A machine that is watched no longer is forgotten, after the END of its open session.
        """
        rule_events: list[RuleEvent] = []
        exits_s = {machine.machine_id: machine.rules.exit_s for machine in self._machines}
        for machine_id, state in self._states.items():
            if pause_s >= exits_s.get(machine_id, 0.0):
                self._states[machine_id], ends = finish(machine_id, state, EndReason.RECOVERED)
                rule_events += ends
        self._states = {machine_id: self._states[machine_id] for machine_id in exits_s}
        return rule_events

    def update(self, tracks: Sequence[Track], time_s: float) -> list[RuleEvent]:
        """The rule events that follow when `tracks` are seen at `time_s` seconds of media time.

        In the order of the machines, END before WINDOW_OPEN. Rule events tell of the past: their `time_s` is when it
        happened. A time that is not later than the last one is skipped; one that jumped back by more than 2.5 s begins
        a new stream: open sessions of the old one are closed as `finish` does.
        """
        rule_events: list[RuleEvent] = []
        if self._time_s is not None and time_s <= self._time_s:
            if self._time_s - time_s <= GAP_S:
                return []
            rule_events = self.finish(self._time_s)
        gap_s = 0.0 if self._time_s is None else time_s - self._time_s
        for machine in self._machines:
            state = self._states[machine.machine_id]
            sample = _sample(machine, state, tracks, time_s, gap_s)
            self._states[machine.machine_id], more = step(machine, state, sample, gap_s, self._least_score)
            rule_events += more
        self._time_s = time_s
        return rule_events

    def advance_to(self, until_s: float) -> list[RuleEvent]:
        """The rule events that follow when no frame earlier than `until_s` can come any more.

        It is what the next update would tell, whenever that comes: a camera may be away for hours.
        """
        rule_events: list[RuleEvent] = []
        gap_s = until_s - (until_s if self._time_s is None else self._time_s)
        for machine in self._machines:
            if gap_s > GAP_S and gap_s >= machine.rules.exit_s:
                state = self._states[machine.machine_id]
                self._states[machine.machine_id], more = skip_gap(machine, state, until_s - gap_s, gap_s)
                rule_events += more
        return rule_events

    def reconfigure(self) -> list[RuleEvent]:
        """The rule events that follow when machines or rules are about to be others.

        Every open session gets an END, `reconfigured`, as of the last sighting, and no cleaning window: nobody left,
        and where the machine is now another zone begins. A cleaning window that is open stays so.
        """
        rule_events: list[RuleEvent] = []
        for machine_id, state in self._seen_ahead().items():
            self._states[machine_id], ends = finish(machine_id, state, EndReason.RECONFIGURED)
            rule_events += ends
        return rule_events

    def finish(self, time_s: float) -> list[RuleEvent]:
        """The rule events that follow when the stream ends at `time_s`; the engine starts afresh after that.

        A person who was out of sight for exit_s by then has left. Every other open session gets an END,
        `end_of_stream`, as of the last sighting, and no cleaning window: nobody left, there is just no more to see.
        """
        rule_events: list[RuleEvent] = []
        for machine in self._machines:
            state = self._states[machine.machine_id]
            if not state.presence.is_present:
                state, left = close_if_absent(machine, state, time_s)
                rule_events += left
            rule_events += finish(machine.machine_id, state, EndReason.END_OF_STREAM)[1]
        self._forget()
        return rule_events

    def _seen_ahead(self) -> dict[str, MachineState]:
        return {machine_id: seen_until(state, self._settled_s) for machine_id, state in self._states.items()}

    def _forget(self) -> None:
        self._time_s, self._settled_s = None, float("-inf")
        self._states = {machine.machine_id: MachineState() for machine in self._machines}


def _sample(machine: Machine, state: MachineState, tracks: Sequence[Track], time_s: float, gap_s: float) -> Sample:
    """What `tracks` say of the machine's zone, `gap_s` seconds after the frame before.

    Of several people there, the one that was there before is named. Whoever is there in doubt goes on with a use, and
    begins none.
    """
    is_in_use = is_occupied(state.session)
    streak = state.presence.streak
    known_id = streak.track_id if streak else None
    inside = sorted(
        (
            track
            for track in tracks
            if (is_in_use or not track.is_doubtful) and is_in_zone(track.box, machine.zone, machine.anchor)
        ),
        key=lambda track: (track.track_id != known_id, -track.score, track.track_id),
    )
    people = tuple(Sighting(track.track_id, track.score, track.mean_score) for track in inside)
    return Sample(time_s, min(gap_s, HELD_S), people, gap_s)
