"""From rule events in media time to events."""

from datetime import UTC, datetime, timedelta

import pytest

from backend_api.contract.events import EndReason, EventType, has_pictures, make_event_id
from backend_api.contract.sources import EventSource, source_of
from edge_service.clips.event_factory import EventFactory
from edge_service.rules.machine import Machine, RuleTimes
from edge_service.rules.rule_event import RuleEvent

START = datetime(2026, 1, 31, 9, tzinfo=UTC)
FACTORY = EventFactory("gym_demo", "cam_01", START)


def rule_event(event_type: EventType, time_s: float = 20.0, **more: object) -> RuleEvent:
    return RuleEvent(event_type, "bike_01", time_s, 4.2, 7, 0.87654, **more)  # type: ignore[arg-type]


def test_what_a_model_may_be_asked_about_carries_the_zone_of_its_machine() -> None:
    machine = Machine("bike_01", "Bike 1", ((0.1, 0.1), (0.9, 0.1), (0.5, 0.9)), RuleTimes())
    factory = EventFactory("gym_demo", "cam_01", START, [machine])
    built = {kind: factory.build(rule_event(kind), None, None).attributes for kind in EventType}
    for kind in (EventType.CLEANING_ATTEMPT, EventType.MACHINE_OCCUPIED_END):
        assert built.pop(kind) == {"zone": [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]}
    assert not any(built.values())


def test_ts_is_start_time_plus_media_time() -> None:
    event = FACTORY.build(rule_event(EventType.MACHINE_OCCUPIED_START, 83.2504), None, "no disk")
    assert event.ts == START + timedelta(seconds=83.25)
    assert event.media_time_s == 83.25
    assert event.clip_error == "no disk"


@pytest.mark.parametrize("event_type", list(EventType))
def test_every_event_of_a_session_carries_the_id_of_its_start(event_type: EventType) -> None:
    started = START + timedelta(seconds=4.2)
    expected = make_event_id("gym_demo", "cam_01", "bike_01", EventType.MACHINE_OCCUPIED_START, started)
    assert FACTORY.build(rule_event(event_type), None, None).session_id == expected


def test_a_start_is_the_session_that_it_begins() -> None:
    event = FACTORY.build(rule_event(EventType.MACHINE_OCCUPIED_START, 4.2), None, None)
    assert event.event_id == event.session_id == FACTORY.event_id(rule_event(EventType.MACHINE_OCCUPIED_START, 4.2))


def test_only_an_attempt_waits_for_the_model() -> None:
    waiting = [kind for kind in EventType if FACTORY.build(rule_event(kind), None, None).needs_mm]
    assert waiting == [EventType.CLEANING_ATTEMPT]


@pytest.mark.parametrize(
    ("of_hit", "attributes"),
    [
        (rule_event(EventType.MACHINE_OCCUPIED_START), {}),
        (
            rule_event(EventType.MACHINE_OCCUPIED_END, occupied_s=15.79999, end_reason=EndReason.LEFT),
            {"occupied_s": 15.8, "end_reason": "left"},
        ),
        (rule_event(EventType.CLEANING_WINDOW_OPEN, closes_at_s=40.0), {"closes_at": "2026-01-31T09:00:40.000Z"}),
        (rule_event(EventType.CLEANING_ATTEMPT, seconds_into_window=6.4), {"seconds_into_window": 6.4}),
    ],
)
def test_attributes_say_what_belongs_to_the_type(of_hit: RuleEvent, attributes: dict[str, object]) -> None:
    assert FACTORY.build(of_hit, None, None).attributes == attributes


def test_every_event_says_by_what_it_was_found_and_that_is_no_part_of_its_id() -> None:
    source = EventSource(edge_version="0.1.0", detector="mock", config_sha256="0" * 64)
    seeing = EventFactory("gym_demo", "cam_01", START, source=source)
    for event_type in EventType:
        event, other = (factory.build(rule_event(event_type), None, None) for factory in (seeing, FACTORY))
        assert source_of(event.attributes) == source
        assert source_of(other.attributes) is None
        assert (event.event_id, event.session_id) == (other.event_id, other.session_id)


def test_an_end_without_its_clip_is_one_that_nobody_is_asked_about() -> None:
    factory = EventFactory("gym_demo", "cam_01", START, keeps_end_clips=False)
    for event_type in EventType:
        event = factory.build(RuleEvent(event_type, "bench_01", 5.0, 1.0, 1, 0.9), None, "not kept")
        assert has_pictures(event.attributes) == (event_type is not EventType.MACHINE_OCCUPIED_END)
