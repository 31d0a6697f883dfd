"""Readers of /events/stream miss nothing and see nothing twice, however often they or the backend go away."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import pytest
import requests
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from backend_api.app import create_app
from backend_api.contract.cameras import CameraReport
from backend_api.contract.events import Event, EventType, StoredEvent
from backend_api.contract.verdicts import Agree, MmStatus, Verdict
from backend_api.media.folder import MediaFolder
from backend_api.store.store import Store
from tests.backend_api.events import START, make_event, make_result
from tests.backend_api.fresh_store import fresh_store
from tests.backend_api.serving import served
from tests.backend_api.sse import Message, StreamReader
from tests.fake_clock import FakeClock

TYPES = list(EventType)


@contextmanager
def backend(folder: Path, clock: FakeClock) -> Iterator[tuple[Store, int]]:
    """A backend over the database in `folder`, its store and its port."""
    with closing(fresh_store(folder / "app.db", clock)) as store:
        app = create_app(store, MediaFolder.open(folder / "media"), clock)
        with served(app) as port:
            yield store, port


def numbered(number: int) -> Event:
    return make_event(at_s=number, event_type=TYPES[number % 4], machine_id=f"bike_{number % 3}")


def event_ids(messages: list[Message]) -> list[UUID]:
    return [StoredEvent.model_validate_json(message.data).event_id for message in messages]


# A message that does not come takes its time to be missed: such an example is not made smaller.
@settings(max_examples=4, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    # How many events arrive, how many of those that are there a reader takes before it or the backend goes away.
    visits=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6), st.booleans()), min_size=1, max_size=5)
)
def test_a_reader_that_comes_back_misses_nothing_and_sees_nothing_twice(
    visits: list[tuple[int, int, bool]],
) -> None:
    sent: list[UUID] = []
    seen: list[Message] = []
    last_id = "0"
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        store, port = stack.enter_context(backend(folder, FakeClock()))
        for arriving, taken, restart in [*visits, (0, 100, False)]:
            events = [numbered(len(sent) + index) for index in range(arriving)]
            store.events.add(events)
            sent += [event.event_id for event in events]
            with StreamReader(port, headers={"Last-Event-ID": last_id}) as reader:
                seen += reader.take(min(taken, len(sent) - len(seen)))
                last_id = reader.last_id
            if restart:
                stack.close()
                store, port = stack.enter_context(backend(folder, FakeClock()))
    assert event_ids(seen) == sent
    ids = [int(message.id) for message in seen]
    assert ids == sorted(set(ids))


def test_the_stream_begins_now_and_goes_on_where_nothing_had_come_yet(tmp_path: Path) -> None:
    with backend(tmp_path, FakeClock()) as (store, port):
        store.events.add([numbered(0)])
        with StreamReader(port) as reader:
            # Cut off before anything came: what it would come back with is where it began.
            last_id = reader.last_id
        store.events.add([numbered(1)])
        with StreamReader(port, headers={"Last-Event-ID": last_id}) as reader:
            [message] = reader.take(1)
            assert message.kind == "event"
            assert event_ids([message]) == [numbered(1).event_id]
            assert "text/event-stream" in reader.head


def test_a_workers_verdict_shows_up(tmp_path: Path) -> None:
    """It writes from another process, through a store of its own."""
    with (
        backend(tmp_path, FakeClock()) as (store, port),
        closing(Store.open(tmp_path / "app.db", FakeClock(), create=False)) as worker,
    ):
        store.events.add([make_event()])
        with StreamReader(port) as reader:
            claim = worker.enrichments.claim(60)
            assert claim is not None
            worker.enrichments.fail(claim, "no answer", None)
            worker.enrichments.retry(claim.event.event_id)
            again = worker.enrichments.claim(60)
            assert again is not None
            worker.enrichments.finish(again, make_result(verdict=Verdict.NOT_CLEANED))
            # The other two may be told of when they are past; what is told is what is stored by then.
            messages = reader.take(3)
    assert [message.kind for message in messages] == ["verdict"] * 3
    last = StoredEvent.model_validate_json(messages[-1].data)
    assert last.mm is not None
    assert last.mm.status is MmStatus.DONE
    assert last.mm.result is not None
    assert last.mm.result.verdict is Verdict.NOT_CLEANED


def test_reviews_show_up_and_that_they_are_withdrawn(tmp_path: Path) -> None:
    with backend(tmp_path, FakeClock()) as (store, port):
        other = make_event(at_s=1, machine_id="bike_9")
        store.events.add([make_event(), other])
        for _ in range(2):
            claim = store.enrichments.claim(60)
            assert claim is not None
            store.enrichments.finish(claim, make_result())
        with StreamReader(port, f"/events/stream?machine_id={make_event().machine_id}") as reader:
            store.reviews.add(other.event_id, Agree.YES, "", "ann")
            store.reviews.add(make_event().event_id, Agree.NO, "", "ann")
            [said] = reader.take(1)
            store.reviews.add(make_event().event_id, Agree.WITHDRAWN, "", "ann")
            [withdrawn] = reader.take(1)
    assert [said.kind, withdrawn.kind] == ["review"] * 2
    shown = StoredEvent.model_validate_json(said.data).review
    assert shown is not None
    assert (shown.agree, shown.who) == ("no", "ann")
    assert StoredEvent.model_validate_json(withdrawn.data).review is None


def test_cameras_come_to_be_up_late_and_gone_also_across_a_restart(tmp_path: Path) -> None:
    clock = FakeClock()
    report = CameraReport(
        store_id="gym_demo",
        media_time_s=1.0,
        frames_captured=1,
        frames_processed=1,
        frames_skipped=0,
        outbox_depth=0,
        version="1",
        started_at=START,
    )
    with backend(tmp_path, clock) as (store, port), StreamReader(port, "/events/stream?camera_id=cam_01") as reader:
        store.cameras.report("cam_01", report)
        store.cameras.report("cam_02", report)
        messages = reader.take(1)
        clock.advance(30)
        messages += reader.take(1)
        last_id = reader.last_id
    clock.advance(60)
    with (
        backend(tmp_path, clock) as (_, port),
        StreamReader(port, "/events/stream?camera_id=cam_01", {"Last-Event-ID": last_id}) as reader,
    ):
        messages += reader.take(1)
    assert [message.kind for message in messages] == ["camera"] * 3
    assert [json.loads(message.data)["status"] for message in messages] == ["up", "late", "gone"]


@pytest.mark.parametrize(
    "query",
    [
        "machine_id=bike_1",
        "event_type=CLEANING_ATTEMPT",
        "camera_id=cam_09",
        "store_id=gym_9",
        "machine_id=bike_1&event_type=CLEANING_ATTEMPT&event_type=MACHINE_OCCUPIED_END",
    ],
)
def test_filters_let_through_what_the_list_shows(tmp_path: Path, query: str) -> None:
    events = [numbered(number) for number in range(12)]
    last = make_event(at_s=99, machine_id="bike_1", camera_id="cam_09", store_id="gym_9")
    with backend(tmp_path, FakeClock()) as (store, port), StreamReader(port, f"/events/stream?{query}") as reader:
        store.events.add([*events, last])
        listed = requests.get(f"http://127.0.0.1:{port}/events?order=asc&{query}", timeout=60).json()["items"]
        assert [str(found) for found in event_ids(reader.take(len(listed)))] == [item["event_id"] for item in listed]
    assert listed[-1]["event_id"] == str(last.event_id)


@pytest.mark.parametrize("last_id", ["x", "-1", "1.5", "9" * 30, ""])
def test_an_id_that_is_none_is_refused(tmp_path: Path, last_id: str) -> None:
    with backend(tmp_path, FakeClock()) as (_, port):
        response = requests.get(
            f"http://127.0.0.1:{port}/events/stream", headers={"Last-Event-ID": last_id}, timeout=60
        )
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert "Last-Event-ID" in response.json()["detail"]


def test_an_id_from_beyond_the_end_begins_now(tmp_path: Path) -> None:
    with backend(tmp_path, FakeClock()) as (store, port), StreamReader(port, headers={"Last-Event-ID": "99"}) as reader:
        store.events.add([numbered(0)])
        assert event_ids(reader.take(1)) == [numbered(0).event_id]


def test_two_hundred_readers_and_one_that_does_not_read(tmp_path: Path) -> None:
    """All are told of more than is remembered, and the backend stops although nobody has hung up."""
    events = [make_event(at_s=number, clip_error="x" * 400) for number in range(1_500)]
    wanted = [event.event_id for event in events]
    with ExitStack() as stack:
        with backend(tmp_path, FakeClock()) as (store, port):
            last_path = "/events/stream?machine_id=bike_9"
            idle = stack.enter_context(StreamReader(port))
            readers = [stack.enter_context(StreamReader(port, last_path)) for _ in range(200)]
            for start in range(0, len(events), 300):
                store.events.add(events[start : start + 300])
            last = make_event(at_s=5_000, machine_id="bike_9")
            store.events.add([last])
            for reader in readers:
                assert event_ids(reader.take(1)) == [last.event_id]
            assert event_ids(idle.take(len(events))) == wanted
        for reader in readers:
            assert list(reader.messages()) == []
