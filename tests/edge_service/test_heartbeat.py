"""The heartbeat: reports go out at the start, every few seconds and at the end, and failures harm nothing."""

import logging
import threading
from datetime import UTC, datetime

import pytest

from backend_api.contract_cameras import HEARTBEAT_INTERVAL_S, CameraReport
from edge_service.backend_call import Unreachable
from edge_service.heartbeat import Heartbeat
from edge_service.progress import Tally
from edge_service.reporter import make_reporter
from edge_service.transport import Answer
from tests.fake_clock import FakeClock

REPORT = make_reporter(
    "gym_demo",
    datetime(2026, 1, 31, 9, tzinfo=UTC),
    "0.1.0",
    lambda: Tally(media_time_s=1.5, captured=45, processed=8, skipped=37, events=2, outbox_depth=1),
    lambda: "x" * 600,
)


class FakeCall:
    """Answers with `script`, then 200; when the script is over, `heartbeat` is told to stop."""

    def __init__(self, script: list[Answer | Unreachable]) -> None:
        self.script = script
        self.puts: list[tuple[str, bytes]] = []
        self.heartbeat: Heartbeat | None = None
        self.done = threading.Event()

    def put(self, path: str, body: object, headers: dict[str, str]) -> Answer:
        assert isinstance(body, bytes)
        self.puts.append((path, body))
        reaction = self.script.pop(0) if self.script else Answer(200, b"")
        if not self.script:
            assert self.heartbeat is not None
            self.heartbeat._stop.set()
            self.done.set()
        if isinstance(reaction, Unreachable):
            raise reaction
        return reaction


def run(script: list[Answer | Unreachable]) -> tuple[FakeCall, FakeClock]:
    call, clock = FakeCall(script), FakeClock()
    heartbeat = call.heartbeat = Heartbeat("cam_01", REPORT, call, clock)
    with heartbeat:
        assert call.done.wait(10)
    return call, clock


def test_it_reports_at_once_every_few_seconds_and_at_the_end() -> None:
    ok = Answer(200, b"")
    call, clock = run([ok, ok, ok])
    assert len(call.puts) == 4
    assert clock.waits_s == [HEARTBEAT_INTERVAL_S] * 3
    assert {path for path, _ in call.puts} == {"/cameras/cam_01"}
    report = CameraReport.model_validate_json(call.puts[0][1])
    assert (report.frames_captured, report.outbox_depth, len(report.last_error or "")) == (45, 1, 500)


def test_failures_are_told_once_and_nobody_waits_for_them_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "edge_service.heartbeat")
    gone = Unreachable("connection refused")
    call, _ = run([Answer(200, b""), gone, gone, Answer(200, b""), Answer(503, b"")])
    assert len(call.puts) == 5
    assert caplog.messages == [
        "the backend does not hear this camera's reports: connection refused",
        "the backend hears this camera's reports again",
        "the backend does not hear this camera's reports: answered 503",
    ]
