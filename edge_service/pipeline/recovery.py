"""After a restart: what was open when the edge stopped goes on, or is closed as of when somebody was last seen.

Never "now", never a guess. A short pause is like a few frames that are missing: the rules go on where they were, on the
new run's media time. After a longer one nobody knows when somebody left, so an open session gets its END with
`end_reason: recovered` as of the last sighting (that a checkpoint knows; there is one every second), and no
cleaning window, since nobody saw the machine being left. Events that were handed over already are not made again,
because the outbox says so.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from backend_api.contract.events import Event
from edge_service.clips.event_factory import ClockStep, EventFactory
from edge_service.outbox.outbox import Outbox
from edge_service.pipeline.checkpoint import Checkpoint, Run
from edge_service.rules.engine import RuleEngine
from edge_service.rules.machine import Machine

CLIP_ERROR = "the edge was restarted before the clip was cut, and the video of that time is gone"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recovery:
    """The `events` that the last run still owes the outbox, in order, and the `rules` to begin the new run with.

    A run that repeats the last one is not where that one was until `repeats_until_s` seconds of media time: were it
    killed before, the last one's checkpoint is still the newest. `clock_steps` are for the new run's EventFactory.
    """

    events: tuple[Event, ...]
    rules: RuleEngine
    repeats_until_s: float = 0.0
    clock_steps: tuple[ClockStep, ...] = ()


def recover(
    last: Checkpoint | None, run: Run, machines: Sequence[Machine], outbox: Outbox, least_score: float = 0.0
) -> Recovery:
    """What `run` takes over from `last`, the checkpoint of the run before it. `least_score` is the RuleEngine's.

    A repetition of the same run takes over nothing: it makes every event again, with the same ids. Raises OSError.
    """
    if last is None:
        return Recovery((), RuleEngine(machines, least_score))
    rules = _restore(last, machines, least_score)
    if last.run == run:
        return Recovery((), RuleEngine(machines, least_score), repeats_until_s=max(last.time_s, rules.time_s or 0.0))
    factory = EventFactory(
        last.run.store_id,
        last.run.camera_id,
        last.run.start_time,
        machines,
        clock_steps=last.clock_steps,
        source=last.source,
    )
    has = outbox.find(factory.event_id(rule_event) for rule_event in last.pending)
    rule_events = [rule_event for rule_event in last.pending if factory.event_id(rule_event) not in has]
    pause_s = _pause_s(last.run, rules.time_s, run)
    clock_steps: tuple[ClockStep, ...] = ()
    if pause_s is None:
        rule_events += rules.interrupt(float("inf"))
        rules = RuleEngine(machines, least_score)
    else:
        rule_events += rules.interrupt(pause_s)
        by_s = (last.run.start_time - run.start_time).total_seconds()
        rules.shift(by_s)
        clock_steps = tuple(ClockStep(step.at_s + by_s, step.by_s) for step in last.clock_steps)
        log.info("this camera's edge was down for %.1f s", pause_s)
    if rule_events:
        log.warning(
            "this camera's edge stopped before it had reported all; %d events come late and without clips",
            len(rule_events),
        )
    events = tuple(factory.build(rule_event, None, CLIP_ERROR) for rule_event in rule_events)
    return Recovery(events, rules, clock_steps=clock_steps)


def _restore(last: Checkpoint, machines: Sequence[Machine], least_score: float) -> RuleEngine:
    try:
        return RuleEngine.restore(machines, last.rules, least_score)
    except ValueError:
        log.warning("the checkpoint is of another version: what was open when this camera's edge stopped is not known")
        return RuleEngine(machines, least_score)


def _pause_s(last: Run, time_s: float | None, run: Run) -> float | None:
    """How long nobody watched between `time_s` seconds into `last` and the begin of `run`.

    None when nothing can go on: the view is another one, or the clock was put back, or nothing was watched at all.
    """
    if time_s is None or replace(last, start_time=run.start_time) != run:
        return None
    pause_s = round((run.start_time - last.start_time).total_seconds() - time_s, 3)
    return pause_s if pause_s >= 0 else None
