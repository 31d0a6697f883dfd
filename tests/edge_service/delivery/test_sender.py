"""The sender's thread: it sends what comes, waits out failures, and ends when it is told to."""

import logging
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_api.base.clock import Clock, SystemClock
from backend_api.base.http_client import Answer, NoAnswer
from edge_service.delivery.backend_client import BackendClient, Transport
from edge_service.delivery.sender import (
    DRAIN_PATIENCE_S,
    MAX_DELAY_S,
    MAX_PAUSE_S,
    STOPPED_PATIENCE_S,
    Sender,
    retry_delay_s,
)
from edge_service.outbox.outbox import Outbox
from tests.edge_service.crashing_disk import QuickDisk
from tests.edge_service.fake_backend import FakeBackend
from tests.edge_service.local_server import serving
from tests.edge_service.outbox_events import make_event
from tests.fake_clock import FakeClock

REFUSED = NoAnswer("connection refused")


class NoJitter(Random):
    """Always the longest wait."""

    def uniform(self, a: float, b: float) -> float:
        return b


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox.open(tmp_path, "cam_01", QuickDisk()) as outbox:
        yield outbox


def make_sender(outbox: Outbox, transport: Transport, clock: Clock) -> Sender:
    return Sender(outbox, transport, clock, NoJitter(), backend_url="http://backend:8000")


def fill(outbox: Outbox, count: int) -> None:
    for number in range(count):
        outbox.append(make_event(number))


class TellingClock(SystemClock):
    """Tells when somebody begins to wait."""

    def __init__(self) -> None:
        self.waits = threading.Event()

    def wait(self, signal: threading.Event, timeout_s: float) -> bool:
        self.waits.set()
        return super().wait(signal, timeout_s)


class StopAfter(FakeBackend):
    """Ends the sender's work from inside its own thread, so that a run by a fake clock has a known end."""

    sender: Sender
    requests_left = 0

    def post(self, ndjson: bytes) -> Answer:
        self.requests_left -= 1
        if self.requests_left == 0:
            self.sender._stop.set()
        return super().post(ndjson)


def waits_s(outbox: Outbox, reactions: list[Answer | NoAnswer]) -> list[float]:
    """How long the sender waits between as many requests as there are reactions, and one more."""
    clock, backend = FakeClock(), StopAfter(reactions)
    fill(outbox, 1)
    backend.requests_left = len(reactions) + 1
    backend.sender = make_sender(outbox, backend, clock)
    with backend.sender:
        assert backend.sender._running is not None
        backend.sender._running.result()
    assert backend.stored == [0]
    return clock.waits_s


def test_the_waits_between_failures_grow_to_a_minute_and_never_end(outbox: Outbox) -> None:
    assert waits_s(outbox, [REFUSED] * 12) == [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]


def test_a_pause_that_the_backend_asks_for_comes_first(outbox: Outbox) -> None:
    at_ten = datetime(2026, 1, 31, 9, 0, 40, tzinfo=UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    busy = [Answer(503, b"", "30"), Answer(429, b"", at_ten), Answer(408, b"", "soon")]
    # The date is 40 s after the clock's start, of which 30.5 s are over by then.
    assert waits_s(outbox, [*busy]) == [30.5, 10.5, 2]


def test_a_success_begins_the_waits_anew_and_each_outage_is_told_once(
    outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "edge_service.delivery.sender")
    clock, backend = FakeClock(), FakeBackend([REFUSED] * 3, refused={})
    fill(outbox, 1_500)
    backend.script.extend([backend.take, REFUSED, Answer(500, b"oops"), backend.take])
    sender = make_sender(outbox, backend, clock)
    assert sender.drain() == 0
    assert backend.stored == [*range(1_500)]
    assert [message.split(";")[0] for message in caplog.messages] == [
        "backend http://backend:8000 cannot be reached (connection refused)",
        "backend http://backend:8000 answers again",
    ] * 2
    assert f"1500 events wait in {outbox.path}" in caplog.messages[0]
    assert f"500 events wait in {outbox.path}" in caplog.messages[1]
    assert sender.last_error is None


@pytest.mark.parametrize("patience_s", [STOPPED_PATIENCE_S, DRAIN_PATIENCE_S])
def test_draining_without_a_backend_gives_up_after_a_few_tries(outbox: Outbox, patience_s: float) -> None:
    clock = FakeClock()
    backend = FakeBackend([REFUSED] * 100)
    fill(outbox, 1)
    began_s = clock.monotonic_s()
    sender = make_sender(outbox, backend, clock)
    assert sender.drain(patience_s) == 1
    assert 2 <= len(backend.sizes) <= 8
    assert clock.monotonic_s() - began_s <= patience_s
    assert outbox.waiting == f"1 event waits in {outbox.path}"
    assert sender.last_error == "backend http://backend:8000 cannot be reached (connection refused)"


def test_draining_goes_on_as_long_as_the_backend_takes_events(outbox: Outbox) -> None:
    clock, backend = FakeClock(), FakeBackend()
    for _ in range(5):
        backend.script.extend([REFUSED, REFUSED, backend.take])
    fill(outbox, 4_500)
    sender = make_sender(outbox, backend, clock)
    assert sender.drain() == 0
    assert backend.stored == [*range(4_500)]
    assert sum(clock.waits_s) > DRAIN_PATIENCE_S


def test_draining_in_haste_goes_on_as_long_as_the_backend_takes_events_too(outbox: Outbox) -> None:
    clock, backend = FakeClock(), FakeBackend()
    for _ in range(3):
        backend.script.extend([REFUSED, backend.take])
    fill(outbox, 2_500)
    sender = make_sender(outbox, backend, clock)
    assert sender.drain(STOPPED_PATIENCE_S) == 0
    assert backend.stored == [*range(2_500)]
    assert sum(clock.waits_s) > STOPPED_PATIENCE_S


def test_it_sends_what_is_appended_while_it_runs(outbox: Outbox) -> None:
    backend, arrived = FakeBackend(), threading.Semaphore(0)

    def take_and_tell(ndjson: bytes) -> Answer:
        answer = backend.take(ndjson)
        arrived.release()
        return answer

    backend.script.extend([take_and_tell] * 3)
    with make_sender(outbox, backend, SystemClock()) as sender:
        for number in range(3):
            outbox.append(make_event(number))
            assert arrived.acquire(timeout=60)
        assert sender.stop() == 0
    assert backend.stored == [0, 1, 2]


def test_stopping_does_not_wait_out_a_failure(outbox: Outbox) -> None:
    clock, backend = TellingClock(), FakeBackend([Answer(503, b"", "300")])
    fill(outbox, 2)
    with make_sender(outbox, backend, clock) as sender:
        assert clock.waits.wait(60)
        assert sender.stop() == 2
    assert backend.stored == []


def test_draining_tries_at_once_what_was_waiting_for_its_turn(outbox: Outbox) -> None:
    clock, backend = TellingClock(), FakeBackend([Answer(503, b"", "300")])
    fill(outbox, 2)
    with make_sender(outbox, backend, clock) as sender:
        assert clock.waits.wait(60)
        assert sender.drain() == 0
    assert backend.stored == [0, 1]


@pytest.mark.parametrize("times", [2, 1000])
def test_what_nobody_foresaw_is_told_and_tried_again_like_any_failure(
    outbox: Outbox, times: int, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(ndjson: bytes) -> Answer:
        raise ZeroDivisionError("a mistake in the program")

    fill(outbox, 1)
    backend = FakeBackend([break_down] * times)
    sender = make_sender(outbox, backend, FakeClock())
    assert sender.drain() == (0 if times == 2 else 1)
    told = "events cannot be sent: ZeroDivisionError: a mistake in the program (unforeseen; GYM_DEBUG=1 shows where)"
    assert sender.last_error == (None if times == 2 else told)
    assert f"{told}; 1 event" in caplog.text
    assert backend.stored == ([0] if times == 2 else [])


def test_over_http_a_connection_that_is_cut_after_the_request_doubles_nothing(outbox: Outbox) -> None:
    backend = FakeBackend()
    backend.script.append(backend.take_and_cut)
    fill(outbox, 3)
    with (
        serving(backend) as server,
        closing(BackendClient(server.url, SystemClock())) as transport,
        make_sender(outbox, transport, SystemClock()) as sender,
    ):
        assert sender.drain() == 0
    assert backend.stored == [0, 1, 2]
    assert backend.duplicates == 3


@given(st.integers(1, 100), st.integers(), st.floats(-10, 1e12))
def test_a_pause_that_was_asked_for_is_kept_up_to_a_limit(failures: int, seed: int, asked_s: float) -> None:
    pause_s = min(max(asked_s, 0), MAX_PAUSE_S)
    assert pause_s <= retry_delay_s(failures, Random(seed), asked_s) <= pause_s + MAX_DELAY_S
