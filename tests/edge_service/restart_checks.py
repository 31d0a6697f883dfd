"""What must hold after any crash and any restart of the scene."""

from backend_api.contract.events import Event, EventType
from edge_service.pipeline.checkpoint import INTERVAL_S
from edge_service.pipeline.recovery import CLIP_ERROR
from tests.edge_service.restart_scene import FPS, RULES, START_TIME, Scene

# What was seen since the last checkpoint may be forgotten: so much, and the look that the next one waits for.
FORGOTTEN_S = INTERVAL_S + 1 / FPS
_KNOWN_AFTER_S = {
    EventType.MACHINE_OCCUPIED_START: RULES.enter_s,
    EventType.MACHINE_OCCUPIED_END: RULES.exit_s,
    EventType.CLEANING_WINDOW_OPEN: RULES.exit_s,
    EventType.CLEANING_ATTEMPT: RULES.attempt_s,
}


def check_handed_over(crashed: Scene, after: Scene, undisturbed: Scene) -> None:
    """What the crashed run had promised, and all that it knew when a checkpoint was due, has come and is true.

    An event is that of the undisturbed run, or has lost its clip alone. No id has come with two bodies.
    """
    after.check_media()
    assert after.ledger.contradictions == []
    whole = {event.event_id: event for event in undisturbed.ledger.events()}
    come = {event.event_id: event for event in after.ledger.events()}
    noted_s = crashed.last_look_s - FORGOTTEN_S
    due = {event_id for event_id, event in whole.items() if _known_s(event) <= noted_s}
    assert due | crashed.promised <= set(come)
    for event_id in crashed.promised:
        without_clip = whole[event_id].model_copy(update={"clip": None, "clip_error": CLIP_ERROR})
        assert come[event_id] in (whole[event_id], without_clip)


def check_sessions(scene: Scene) -> None:
    """Each session has one START and one END, at a sighting, and at the last of its stay but for what was forgotten."""
    events = scene.ledger.events()
    starts = {event.event_id: event for event in events if event.event_type is EventType.MACHINE_OCCUPIED_START}
    ends = [event for event in events if event.event_type is EventType.MACHINE_OCCUPIED_END]
    assert {event.session_id for event in events} == set(starts)
    assert sorted(end.session_id for end in ends) == sorted(starts)
    for end in ends:
        end_s = _seconds(end)
        assert end.attributes["occupied_s"] == round(end_s - _seconds(starts[end.session_id]), 3)
        (stay,) = [stay for stay in scene.world if stay[0] <= end_s < stay[1]]
        sightings = [time_s for time_s in scene.seen_s if stay[0] <= time_s < stay[1]]
        assert end_s in sightings
        assert sightings[-1] - end_s <= FORGOTTEN_S


def end_reasons(scene: Scene) -> set[str]:
    """Why the sessions of the scene have ended."""
    ends = [event for event in scene.ledger.events() if event.event_type is EventType.MACHINE_OCCUPIED_END]
    return {str(end.attributes["end_reason"]) for end in ends}


def _known_s(event: Event) -> float:
    return _seconds(event) + _KNOWN_AFTER_S[event.event_type]


def _seconds(event: Event) -> float:
    return (event.ts - START_TIME).total_seconds()
