"""One step of delivery at a time, against a backend that answers what a test wants."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend_api.base.http_client import Answer, NoAnswer
from edge_service.delivery.batch_delivery import Courier, Failed, Idle, Moved
from edge_service.outbox.outbox import Outbox
from tests.edge_service.crashing_disk import QuickDisk
from tests.edge_service.fake_backend import FakeBackend
from tests.edge_service.outbox_events import make_event
from tests.fake_clock import FakeClock


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox.open(tmp_path, "cam_01", QuickDisk()) as outbox:
        yield outbox


def make_courier(outbox: Outbox, backend: FakeBackend, events: int) -> Courier:
    for number in range(events):
        outbox.append(make_event(number))
    return Courier(outbox, backend, FakeClock(), "backend B")


def run_until_idle(courier: Courier) -> list[Moved | Failed]:
    return list(iter(courier.deliver_batch, Idle()))  # type: ignore[arg-type]


def rejected(outbox: Outbox) -> list[tuple[int, int]]:
    records = map(json.loads, outbox.rejected_path.read_text().splitlines())
    return [(record["event"]["attributes"]["number"], record["status"]) for record in records]


def test_it_sends_a_thousand_in_a_request_and_keeps_their_order(outbox: Outbox) -> None:
    backend = FakeBackend()
    assert run_until_idle(make_courier(outbox, backend, 1_500)) == [Moved(), Moved()]
    assert backend.sizes == [1_000, 500]
    assert backend.stored == [*range(1_500)]
    assert outbox.depth == 0


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_a_passing_trouble_leaves_all_where_it_is(outbox: Outbox, status: int) -> None:
    backend = FakeBackend([Answer(status, b"busy", "7")])
    courier = make_courier(outbox, backend, 3)
    assert courier.deliver_batch() == Failed(f"backend B answered {status} (busy)", 7.0)
    assert outbox.depth == 3
    assert courier.deliver_batch() == Moved()
    assert backend.stored == [0, 1, 2]


def test_an_unreachable_backend_leaves_all_where_it_is(outbox: Outbox) -> None:
    courier = make_courier(outbox, FakeBackend([NoAnswer("connection refused")]), 3)
    assert courier.deliver_batch() == Failed("backend B cannot be reached (connection refused)")
    assert outbox.depth == 3


def test_a_timeout_after_the_commit_doubles_nothing(outbox: Outbox) -> None:
    backend = FakeBackend()
    backend.script.append(backend.take_and_cut)
    courier = make_courier(outbox, backend, 3)
    assert isinstance(courier.deliver_batch(), Failed)
    assert courier.deliver_batch() == Moved()
    assert backend.stored == [0, 1, 2]
    assert backend.duplicates == 3
    assert outbox.depth == 0


def test_rejected_lines_are_set_aside_and_the_others_stored(outbox: Outbox) -> None:
    backend = FakeBackend(refused={1: 422, 3: 409})
    run_until_idle(make_courier(outbox, backend, 5))
    assert backend.stored == [0, 2, 4]
    assert rejected(outbox) == [(1, 422), (3, 409)]


def test_a_line_that_may_succeed_later_stays_first_in_line(outbox: Outbox) -> None:
    backend = FakeBackend(refused={1: 422, 2: 503, 3: 409})
    courier = make_courier(outbox, backend, 5)
    for _ in range(2):
        step = courier.deliver_batch()
        assert isinstance(step, Failed)
        assert "503" in step.reason
        assert outbox.depth == 3
        assert rejected(outbox) == [(1, 422)]
    del backend.refused[2]
    assert courier.deliver_batch() == Moved()
    assert sorted(backend.stored) == [0, 2, 4]
    assert rejected(outbox) == [(1, 422), (3, 409)]
    assert outbox.depth == 0


@pytest.mark.parametrize("status", [400, 404, 413, 422])
def test_an_event_that_fails_its_whole_batch_is_found_and_set_aside(outbox: Outbox, status: int) -> None:
    backend = FakeBackend()

    def refuse_with_the_culprit(ndjson: bytes) -> Answer:
        return Answer(status, b"never") if b'"number":11,' in ndjson else backend.take(ndjson)

    backend.script.extend([refuse_with_the_culprit] * 50)
    steps = run_until_idle(make_courier(outbox, backend, 40))
    assert set(steps) == {Moved()}
    assert backend.stored == [number for number in range(40) if number != 11]
    assert rejected(outbox) == [(11, status)]


def test_a_limit_on_the_size_of_requests_is_found_out(outbox: Outbox) -> None:
    backend = FakeBackend()

    def at_most_ten(ndjson: bytes) -> Answer:
        return Answer(413, b"too large") if len(ndjson.splitlines()) > 10 else backend.take(ndjson)

    backend.script.extend([at_most_ten] * 100)
    run_until_idle(make_courier(outbox, backend, 100))
    assert backend.stored == [*range(100)]
    assert not outbox.rejected_path.exists()


@pytest.mark.parametrize("answer", [Answer(200, b"<html>"), Answer(302, b""), Answer(204, b"")])
def test_an_answer_from_somebody_else_acknowledges_nothing(outbox: Outbox, answer: Answer) -> None:
    courier = make_courier(outbox, FakeBackend([answer]), 2)
    step = courier.deliver_batch()
    assert isinstance(step, Failed)
    assert f"answered {answer.status} with something that is no batch result" in step.reason
    assert outbox.depth == 2


def test_a_batch_of_damage_alone_is_passed_over(outbox: Outbox) -> None:
    courier = make_courier(outbox, FakeBackend(), 2)
    data = outbox.path.read_bytes()
    outbox.path.write_bytes(data.replace(b'"padding"', b'"PADDING"'))
    assert courier.deliver_batch() == Moved()
    assert courier.deliver_batch() == Idle()
    assert outbox.depth == 0


def test_an_outbox_that_cannot_be_read_is_a_failure_like_others(outbox: Outbox) -> None:
    backend = FakeBackend()
    courier = make_courier(outbox, backend, 2)
    hidden = outbox.path.with_name("hidden")
    outbox.path.rename(hidden)
    step = courier.deliver_batch()
    assert isinstance(step, Failed)
    assert "cam_01.jsonl cannot be read" in step.reason
    hidden.rename(outbox.path)
    assert courier.deliver_batch() == Moved()
    assert backend.stored == [0, 1]
