"""After a restart: what was open when the edge stopped goes on, or is closed as of when somebody was last seen.

Never "now", never a guess. A short pause is like a few frames that are missing: the rules go on where they were, on the
new run's media time. After a longer one nobody knows when somebody left, so an open session gets its END with
`end_reason: recovered` as of the last sighting, and no cleaning window, since nobody saw the machine being left.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from backend_api.contract import EndReason, Event
from edge_service.checkpoint import Checkpoint, Run
from edge_service.event_factory import EventFactory
from edge_service.machine import Machine
from edge_service.rules import RuleEngine

CLIP_ERROR = "the edge was restarted before the clip was cut, and the video of that time is gone"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recovery:
    """The `events` that the last run still owes the outbox, in order, and the `rules` to begin the new run with."""

    events: tuple[Event, ...]
    rules: RuleEngine


def recover(last: Checkpoint | None, run: Run, machines: Sequence[Machine], outbox_end: int) -> Recovery:
    """What `run` takes over from `last`, the checkpoint of the run before it.

    `outbox_end` is where the outbox ends now. A repetition of the same run takes over nothing: it makes every event
    again, with the same ids.
    """
    if last is None or last.run == run:
        return Recovery((), RuleEngine(machines))
    factory = EventFactory(last.run.store_id, last.run.camera_id, last.run.start_time)
    hits = list(last.pending if outbox_end == last.outbox_end else last.pending[1:])
    rules = _restore(last, machines)
    pause_s = (run.start_time - factory.timestamp(last.time_s)).total_seconds()
    if 0 <= pause_s <= min(machine.rules.exit_s for machine in machines):
        rules.move((last.run.start_time - run.start_time).total_seconds())
        log.info("goes on %.1f s after this camera's edge stopped", pause_s)
    else:
        hits += rules.finish(last.time_s, EndReason.RECOVERED)
    if hits:
        log.warning("%d events are made up for that this camera's edge owed when it stopped", len(hits))
    return Recovery(tuple(factory.build(hit, None, CLIP_ERROR) for hit in hits), rules)


def _restore(last: Checkpoint, machines: Sequence[Machine]) -> RuleEngine:
    try:
        return RuleEngine.restore(machines, last.rules)
    except ValueError:
        log.warning("the checkpoint is of another version: what was open when this camera's edge stopped is not known")
        return RuleEngine(machines)
