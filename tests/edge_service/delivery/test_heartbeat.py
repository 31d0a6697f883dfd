"""The heartbeat: what is due goes out at the start, every few seconds and at the end, and failures harm nothing."""

import logging
import threading
from datetime import UTC, datetime

import pytest

from backend_api.base.http_client import Answer, NoAnswer
from backend_api.contract.cameras import (
    HEARTBEAT_INTERVAL_S,
    SETUP_INTERVAL_S,
    CameraReport,
    CameraReports,
    CameraSetup,
)
from edge_service.clips.pictures import StillSlot
from edge_service.delivery.heartbeat import ASK_AGAIN_S, Heartbeat, Message
from edge_service.pipeline.camera_reports import describe_setup, make_reporter, messages_of, reports_of_all
from edge_service.pipeline.progress import RunCounts
from edge_service.privacy.masking import Masking
from edge_service.privacy.privacy_config import PrivacyConfig
from tests.edge_service.fake_frames import blank_frame
from tests.edge_service.scripted import machine
from tests.fake_clock import FakeClock

REPORT = make_reporter(
    "gym_demo",
    datetime(2026, 1, 31, 9, tzinfo=UTC),
    "0.1.0",
    lambda: RunCounts(media_time_s=1.5, captured=45, processed=8, skipped=37, events=2, outbox_depth=1),
    lambda: "x" * 600,
)


SETUP = describe_setup("gym_demo", [machine()], "machines: [...]")
OK = Answer(200, b"")
GONE = NoAnswer("connection refused")
REPORT_PATH, SETUP_PATH = "/cameras/cam_01", "/cameras/cam_01/setup"
STILL_PATH = "/cameras/cam_01/still?store_id=gym_demo"


class FakeCall:
    """Answers `beats` beats, by path as `script` says, then 200; after the last the heartbeat is told to stop."""

    def __init__(self, beats: int, script: dict[str, list[Answer | NoAnswer]]) -> None:
        self.beats = beats
        self.script = script
        self.puts: list[list[str]] = []
        self.bodies: list[bytes] = []
        self.heartbeat: Heartbeat | None = None
        self.setup = SETUP
        self.still = StillSlot(Masking(PrivacyConfig()))
        self.done = threading.Event()

    def put(self, path: str, body: object, headers: dict[str, str]) -> Answer:
        assert isinstance(body, bytes)
        assert headers["Content-Type"] == ("image/jpeg" if path == STILL_PATH else "application/json")
        self.bodies.append(body)
        if path == REPORT_PATH:
            self.still.offer(blank_frame(0.0))
            self.puts.append([])
        self.puts[-1].append(path.removeprefix(REPORT_PATH).partition("?")[0])
        if len(self.puts) == self.beats:
            assert self.heartbeat is not None
            self.heartbeat._stop.set()
            self.done.set()
        script = self.script.get(path)
        reaction = script.pop(0) if script else OK
        if isinstance(reaction, NoAnswer):
            raise reaction
        return reaction


def run(beats: int, script: dict[str, list[Answer | NoAnswer]]) -> tuple[FakeCall, FakeClock]:
    call, clock = FakeCall(beats, script), FakeClock()
    heartbeat = call.heartbeat = Heartbeat(
        messages_of("gym_demo", "cam_01", REPORT, lambda: call.setup, call.still.take), call, clock
    )
    with heartbeat:
        assert call.done.wait(60)
    return call, clock


def test_it_reports_at_once_every_few_seconds_and_at_the_end() -> None:
    call, clock = run(3, {})
    assert call.puts == [["", "/setup", "/still"], [""], [""], [""]]
    assert clock.waits_s == [HEARTBEAT_INTERVAL_S] * 3
    report = CameraReport.model_validate_json(call.bodies[0])
    assert (report.frames_captured, report.outbox_depth, len(report.last_error or "")) == (45, 1, 500)
    assert CameraSetup.model_validate_json(call.bodies[1]) == SETUP


def test_setup_and_still_are_sent_again_after_minutes() -> None:
    beats = round(2 * SETUP_INTERVAL_S / HEARTBEAT_INTERVAL_S)
    call, _ = run(beats, {})
    assert [number for number, put in enumerate(call.puts) if "/setup" in put] == [0, beats // 2]
    # A picture that is asked for then is taken then, and sent with the next beat.
    assert [number for number, put in enumerate(call.puts) if "/still" in put] == [0, beats // 2 + 1]


def test_what_did_not_arrive_is_sent_with_the_next_beat_and_what_was_refused_later() -> None:
    busy, unknown = Answer(503, b""), Answer(404, b"there is nothing at /cameras/cam_01/still")
    call, _ = run(4, {SETUP_PATH: [busy, GONE], STILL_PATH: [unknown]})
    assert call.puts == [["", "/setup", "/still"], ["", "/setup"], ["", "/setup"], [""], [""]]


def test_a_missing_key_is_tried_again() -> None:
    call, _ = run(3, {SETUP_PATH: [Answer(401, b""), Answer(403, b"")]})
    assert [put.count("/setup") for put in call.puts] == [1, 1, 1, 0]


def test_failures_are_told_once_and_nobody_waits_for_them_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "edge_service.delivery.heartbeat")
    call, _ = run(5, {REPORT_PATH: [OK, GONE, GONE, OK, Answer(503, b"full")]})
    assert len(call.puts) == 5
    assert caplog.messages == [
        "the backend does not hear this camera's reports: connection refused",
        "the backend hears this camera's reports again",
        "the backend does not hear this camera's reports: answered 503 (full)",
    ]


def test_what_an_earlier_backend_does_not_know_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "edge_service.delivery.heartbeat")
    beats = round(SETUP_INTERVAL_S / HEARTBEAT_INTERVAL_S) + 2
    unknown = Answer(404, b"there is nothing at this address")
    call, _ = run(beats, {SETUP_PATH: [unknown] * 2})
    assert sum("/setup" in put for put in call.puts) == 2
    assert caplog.messages == [
        "the backend does not hear this camera's setup: answered 404 (there is nothing at this address)"
    ]


def test_another_setup_is_sent_at_once() -> None:
    call, clock = FakeCall(4, {}), FakeClock()
    other = describe_setup("gym_demo", [machine()], "machines: [other]")

    def setup() -> CameraSetup:
        return other if len(call.puts) >= 3 else SETUP

    messages = messages_of("gym_demo", "cam_01", REPORT, setup, call.still.take)
    call.heartbeat = Heartbeat(messages, call, clock)
    with call.heartbeat:
        assert call.done.wait(60)
    assert [["/setup" in puts] for puts in call.puts[:4]] == [[True], [False], [True], [False]]


class ManyCall:
    """Answers PUT /cameras with what `script` says, then 200; everything else with 200."""

    def __init__(self, *script: Answer | NoAnswer) -> None:
        self.script = list(script)
        self.paths: list[str] = []
        self.bodies: list[bytes] = []

    def put(self, path: str, body: object, headers: dict[str, str]) -> Answer:
        assert isinstance(body, bytes)
        assert headers["Content-Type"] == "application/json"
        self.paths.append(path)
        self.bodies.append(body)
        reaction = self.script.pop(0) if path == "/cameras" and self.script else OK
        if isinstance(reaction, NoAnswer):
            raise reaction
        return reaction


def several(call: ManyCall) -> tuple[Heartbeat, FakeClock]:
    """The heartbeat of two cameras, of which each has a setup besides."""
    each = [messages_of("gym_demo", name, REPORT, lambda: SETUP, lambda: None) for name in ("cam_01", "cam_02")]
    at_once = reports_of_all([("cam_01", REPORT), ("cam_02", REPORT)], [report for report, *_ in each])
    clock = FakeClock()
    return Heartbeat([at_once, *(other for _, *others in each for other in others)], call, clock), clock


SETUPS = ["/cameras/cam_01/setup", "/cameras/cam_02/setup"]
ONE_BY_ONE = ["/cameras/cam_01", "/cameras/cam_02"]


def test_all_cameras_of_an_edge_are_reported_at_once() -> None:
    call = ManyCall()
    heartbeat, clock = several(call)
    for _ in range(3):
        heartbeat.beat()
        clock.advance(HEARTBEAT_INTERVAL_S)
    assert call.paths == ["/cameras", *SETUPS, "/cameras", "/cameras"]
    sent = CameraReports.model_validate_json(call.bodies[0]).reports
    assert [(one.camera_id, one.report) for one in sent] == [("cam_01", REPORT()), ("cam_02", REPORT())]


@pytest.mark.parametrize("status", [404, 405, 422])
def test_a_backend_that_refuses_them_gets_them_one_by_one_for_some_minutes(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "edge_service.delivery.heartbeat")
    call = ManyCall(Answer(status, b"no"), Answer(status, b"no"))
    heartbeat, clock = several(call)
    heartbeat.beat()
    assert call.paths == ["/cameras", *ONE_BY_ONE, *SETUPS]
    call.paths.clear()
    clock.advance(HEARTBEAT_INTERVAL_S)
    heartbeat.beat()
    assert call.paths == ONE_BY_ONE
    for expected in (["/cameras", *ONE_BY_ONE], ["/cameras"]):
        clock.advance(ASK_AGAIN_S)
        call.paths.clear()
        heartbeat.beat()
        assert [path for path in call.paths if not path.endswith("/setup")] == expected
    assert caplog.messages == [
        f"the backend does not take all cameras' reports at once (answered {status} (no)): they are sent one by one"
    ]


@pytest.mark.parametrize("answer", [GONE, Answer(503, b"full"), Answer(401, b"key")])
def test_what_passes_by_itself_sends_nothing_one_by_one(answer: Answer | NoAnswer) -> None:
    call = ManyCall(answer)
    heartbeat, clock = several(call)
    for _ in range(2):
        heartbeat.beat()
        clock.advance(HEARTBEAT_INTERVAL_S)
    assert not set(call.paths) & set(ONE_BY_ONE)
    assert call.paths.count("/cameras") == 2


def test_what_cannot_be_made_of_one_camera_keeps_no_other_from_being_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    errors = [ZeroDivisionError("odd"), ZeroDivisionError("odd")]

    def odd() -> bytes:
        if errors:
            raise errors.pop()
        return b"{}"

    messages = [
        Message("reports", "/cameras/odd", "application/json", odd, 0),
        Message("reports", "/cameras/cam_01", "application/json", lambda: b"{}", 0),
    ]
    told: list[str] = []

    class Call:
        def put(self, path: str, body: object, headers: dict[str, str]) -> Answer:
            told.append(path.rpartition("/")[2])
            return OK

    heartbeat = Heartbeat(messages, Call(), FakeClock())
    for _ in range(3):
        heartbeat.beat()
    assert told == ["cam_01", "cam_01", "odd", "cam_01"]
    cause = "it cannot be made: ZeroDivisionError: odd (unforeseen; GYM_DEBUG=1 shows where)"
    assert [record.message for record in caplog.records] == [
        f"the backend does not hear this camera's reports: {cause}",
        "the backend hears this camera's reports again",
    ]


def test_its_thread_outlives_what_nobody_foresaw(caplog: pytest.LogCaptureFixture) -> None:
    class Odd(FakeCall):
        def put(self, path: str, body: object, headers: dict[str, str]) -> Answer:
            answer = super().put(path, body, headers)
            if len(self.puts) == 1:
                raise ZeroDivisionError("odd")
            return answer

    call, clock = Odd(3, {}), FakeClock()
    call.heartbeat = Heartbeat(messages_of("gym_demo", "cam_01", REPORT, lambda: SETUP, call.still.take), call, clock)
    with call.heartbeat:
        assert call.done.wait(60)
    assert call.puts[0] == [""]
    assert len(call.puts) >= 3
    assert clock.waits_s[0] == 1.0
    assert "the camera is not reported on: ZeroDivisionError: odd" in caplog.text
