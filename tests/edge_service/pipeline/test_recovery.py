"""What a new run takes over from the checkpoint of the one before."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_api.contract.events import Event, EventType
from backend_api.contract.sources import EventSource, source_of
from edge_service.clips.event_factory import EventFactory
from edge_service.outbox.outbox import Outbox
from edge_service.pipeline.checkpoint import Checkpoint, CheckpointFile, Run
from edge_service.pipeline.recovery import CLIP_ERROR, Recovery, recover
from edge_service.rules.engine import RuleEngine
from edge_service.rules.machine import Machine
from edge_service.rules.rule_event import RuleEvent
from tests.edge_service.crashing_disk import QuickDisk
from tests.edge_service.scripted import DEMO, USER, machine, sample_times, types

START_TIME = datetime(2026, 1, 31, 9, tzinfo=UTC)
RUN = Run("/videos/gym.mp4", "gym", "cam_01", START_TIME)
MACHINES = [machine()]
FACTORY = EventFactory("gym", "cam_01", START_TIME, MACHINES)
# Somebody comes at 2 s and is still there when the edge stops at 20 s.
COMES_S, STOPS_S = 2.0, 20.0


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox.open(tmp_path, "cam_01", QuickDisk()) as outbox:
        yield outbox


def watched(
    machines: Sequence[Machine] = MACHINES, *, leaves_s: float = 1e9, stops_s: float = STOPS_S
) -> tuple[Checkpoint, list[RuleEvent]]:
    """The checkpoint of a run over `machines`, with nothing pending, and its rule events."""
    engine = RuleEngine(machines)
    rule_events: list[RuleEvent] = []
    for time_s in sample_times(5, stops_s):
        rule_events += engine.update(USER if COMES_S <= time_s < leaves_s else [], time_s)
    return Checkpoint(RUN, engine.state(), ()), rule_events


def later(seconds: float, *, video: str = RUN.video, store_id: str = RUN.store_id) -> Run:
    """A run that begins so many seconds after the one of `watched` did."""
    return Run(video, store_id, RUN.camera_id, START_TIME + timedelta(seconds=seconds))


def go_on(recovery: Recovery, run: Run, *, leaves_s: float, until_s: float) -> list[Event]:
    """The events of `run` while somebody is there for `leaves_s` seconds."""
    rule_events: list[RuleEvent] = []
    for time_s in sample_times(5, until_s):
        rule_events += recovery.rules.update(USER if time_s < leaves_s else [], time_s)
    factory = EventFactory(run.store_id, run.camera_id, run.start_time)
    return [factory.build(rule_event, None, None) for rule_event in rule_events]


def short(events: Sequence[Event]) -> list[tuple[str, float, object]]:
    """Type, seconds after the first run's start, and why it ended."""
    return [
        (
            event.event_type.rsplit("_", 1)[-1],
            (event.ts - START_TIME).total_seconds(),
            event.attributes.get("end_reason"),
        )
        for event in events
    ]


def test_without_a_checkpoint_nothing_is_owed(outbox: Outbox) -> None:
    recovery = recover(None, RUN, MACHINES, outbox)
    assert (recovery.events, recovery.repeats_until_s) == ((), 0.0)
    assert recovery.rules.state() == RuleEngine(MACHINES).state()


def test_a_repetition_begins_afresh_and_is_one_until_it_is_as_far(outbox: Outbox) -> None:
    last, rule_events = watched()
    recovery = recover(Checkpoint(RUN, last.rules, tuple(rule_events)), RUN, MACHINES, outbox)
    assert (recovery.events, recovery.repeats_until_s) == ((), STOPS_S)
    assert recovery.rules.state() == RuleEngine(MACHINES).state()


def test_after_a_short_pause_the_session_goes_on_with_its_id(outbox: Outbox) -> None:
    last, (start,) = watched()
    run = later(STOPS_S + 4.9)
    recovery = recover(last, run, MACHINES, outbox)
    assert recovery.events == ()
    end, window = go_on(recovery, run, leaves_s=3, until_s=20)
    assert short([end, window]) == [("END", 27.7, "left"), ("OPEN", 27.7, None)]
    assert end.session_id == window.session_id == FACTORY.event_id(start)
    assert end.attributes["occupied_s"] == 25.7


@pytest.mark.parametrize("pause_s", [5.0, 3600.0])
def test_after_a_longer_one_it_is_closed_as_of_the_last_sighting(outbox: Outbox, pause_s: float) -> None:
    last, (start,) = watched(leaves_s=18)
    run = later(STOPS_S + pause_s)
    recovery = recover(last, run, MACHINES, outbox)
    (end,) = recovery.events
    assert short([end]) == [("END", 17.8, "recovered")]
    assert (end.session_id, end.clip, end.clip_error) == (FACTORY.event_id(start), None, CLIP_ERROR)
    (anew,) = go_on(recovery, run, leaves_s=15, until_s=15)
    assert short([anew]) == [("START", STOPS_S + pause_s, None)]


def test_an_open_window_goes_on_over_any_pause(outbox: Outbox) -> None:
    last, (start, *_) = watched(leaves_s=13)
    run = later(STOPS_S + 60)
    recovery = recover(last, run, MACHINES, outbox)
    assert recovery.events == ()
    (attempt,) = go_on(recovery, run, leaves_s=4, until_s=8)
    assert attempt.event_type is EventType.CLEANING_ATTEMPT
    assert attempt.session_id == FACTORY.event_id(start)
    assert attempt.attributes["seconds_into_window"] == 67.2


@pytest.mark.parametrize(
    "run",
    [
        pytest.param(later(-3600), id="the clock was put back"),
        pytest.param(later(STOPS_S - 0.001), id="the clock was put back a little"),
        pytest.param(later(STOPS_S + 1, video="/videos/other.mp4"), id="another view"),
        pytest.param(later(STOPS_S + 1, store_id="other"), id="another store"),
    ],
)
def test_what_cannot_go_on_is_closed_as_the_run_that_it_was(outbox: Outbox, run: Run) -> None:
    last, (start,) = watched()
    recovery = recover(last, run, MACHINES, outbox)
    (end,) = recovery.events
    assert short([end]) == [("END", STOPS_S, "recovered")]
    assert (end.store_id, end.session_id) == ("gym", FACTORY.event_id(start))
    assert end.media_time_s == STOPS_S
    assert recovery.rules.state() == RuleEngine(MACHINES).state()


def test_a_machine_that_is_gone_from_the_configuration_ends_its_session_after_any_pause(outbox: Outbox) -> None:
    last, _ = watched([machine(machine_id="gone"), machine(machine_id="kept")])
    recovery = recover(last, later(STOPS_S + 1), [machine(machine_id="kept")], outbox)
    assert [(end.machine_id, end.attributes["end_reason"]) for end in recovery.events] == [("gone", "recovered")]


def test_each_machine_goes_by_its_own_exit_s(outbox: Outbox) -> None:
    machines = [machine(DEMO, "quick"), machine(machine_id="slow")]
    last, _ = watched(machines)
    recovery = recover(last, later(STOPS_S + 3), machines, outbox)
    assert [end.machine_id for end in recovery.events] == ["quick"]


def test_what_was_pending_comes_first_without_its_clip_and_what_was_handed_over_not_again(
    outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    last, rule_events = watched(leaves_s=13)
    assert types(rule_events) == ["START", "END", "OPEN"]
    outbox.append(FACTORY.build(rule_events[0], None, "no room"))
    with caplog.at_level(logging.WARNING):
        recovery = recover(Checkpoint(RUN, last.rules, tuple(rule_events)), later(60), MACHINES, outbox)
    assert recovery.events == tuple(FACTORY.build(rule_event, None, CLIP_ERROR) for rule_event in rule_events[1:])
    assert "2 events" in caplog.text


def test_what_was_handed_over_counts_when_it_is_acknowledged_too_and_does_not_when_it_is_damaged(
    outbox: Outbox,
) -> None:
    last, rule_events = watched(leaves_s=13)
    for rule_event in rule_events:
        outbox.append(FACTORY.build(rule_event, None, "no room"))
    batch = outbox.read(1, 10**6)
    assert batch is not None
    outbox.acknowledge(batch)
    lines = outbox.path.read_bytes().splitlines(keepends=True)
    lines[-1] = lines[-1].replace(b"no room", b"no rOOm")
    outbox.path.write_bytes(b"".join(lines))
    recovery = recover(Checkpoint(RUN, last.rules, tuple(rule_events)), later(60), MACHINES, outbox)
    assert [event.event_type for event in recovery.events] == [EventType.CLEANING_WINDOW_OPEN]


def test_rules_of_another_version_are_told_and_what_was_pending_comes_all_the_same(
    outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    _, rule_events = watched()
    recovery = recover(Checkpoint(RUN, {"version": 7}, tuple(rule_events)), later(21), MACHINES, outbox)
    assert [event.event_id for event in recovery.events] == [FACTORY.event_id(rule_event) for rule_event in rule_events]
    assert "another version" in caplog.text


def test_crash_after_crash_before_the_first_frame_the_pause_is_the_whole_one(outbox: Outbox) -> None:
    last, (start,) = watched()
    for seconds in (3.0, 4.5):
        run = later(STOPS_S + seconds)
        recovery = recover(last, run, MACHINES, outbox)
        assert recovery.events == ()
        last = Checkpoint(run, recovery.rules.state(), ())
    (end,) = recover(last, later(STOPS_S + 6), MACHINES, outbox).events
    assert short([end]) == [("END", STOPS_S, "recovered")]
    assert end.session_id == FACTORY.event_id(start)
    assert end.media_time_s == 0.0


@given(st.integers(0, 40_000), st.integers(-100_000, 10**9).filter(bool))
@settings(max_examples=40)
def test_whenever_it_stops_and_starts_each_session_has_its_start_and_one_end(
    outbox: Outbox, stops_ms: int, begins_ms: int
) -> None:
    last, rule_events = watched(leaves_s=25, stops_s=stops_ms / 1000)
    run = later(begins_ms / 1000)
    recovery = recover(last, run, MACHINES, outbox)
    events = [FACTORY.build(rule_event, None, None) for rule_event in rule_events] + [*recovery.events]
    events += go_on(recovery, run, leaves_s=0, until_s=10)
    starts = [event.event_id for event in events if event.event_type is EventType.MACHINE_OCCUPIED_START]
    ends = [event.session_id for event in events if event.event_type is EventType.MACHINE_OCCUPIED_END]
    assert starts == ends
    assert all(0 <= (event.ts - START_TIME).total_seconds() <= stops_ms / 1000 for event in events)


def test_what_the_last_run_owes_was_seen_by_its_eyes(outbox: Outbox, tmp_path: Path) -> None:
    """Also after its checkpoint was on the disk, and whatever eyes the new run has."""
    source = EventSource(edge_version="0.1.0", detector="mock", config_sha256="1" * 64)
    file = CheckpointFile(tmp_path / "cam_01.checkpoint", QuickDisk())
    file.store(replace(watched()[0], source=source))
    [end] = recover(file.load(), later(1000), MACHINES, outbox).events
    assert source_of(end.attributes) == source
