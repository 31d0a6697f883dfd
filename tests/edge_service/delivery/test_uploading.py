"""Uploads of the edge: the clip first, then its event, then the local copy goes, whatever comes in between."""

import base64
import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import pytest

from backend_api.base.durable_files import Disk
from backend_api.base.http_client import Answer, NoAnswer
from backend_api.contract.events import BatchResult, ClipInfo, Event, RejectedLine
from edge_service.delivery.uploading import UploadingTransport
from edge_service.outbox.sealed_line import event_body
from tests.edge_service.outbox_events import make_event

CLIP, JPEG = b"clip", b"picture"


class OtherComputer:
    """A backend that keeps what is put, stores events, and notes the order; cut short before step `crash_at`."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.media: dict[str, bytes] = {}
        self.events: list[str] = []
        self.crash_at: int | None = None
        self.statuses: dict[str, int] = {}
        self.rejected: set[str] = set()

    def put(self, path: str, body: bytes | BinaryIO, headers: dict[str, str]) -> Answer:
        self._step(f"put {path}")
        assert not isinstance(body, bytes)
        data = body.read()
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        assert headers["Content-Digest"] == f"sha-256=:{digest}:"
        if status := self.statuses.get(path):
            return Answer(status, b"no", "3")
        is_new = path not in self.media
        assert self.media.setdefault(path, data) == data
        return Answer(201 if is_new else 200, b"")

    def post(self, ndjson: bytes) -> Answer:
        self._step("post")
        lines = [Event.model_validate_json(line) for line in ndjson.splitlines()]
        rejected = [
            RejectedLine(line=number, event_id=str(event.event_id), status=422, error="no")
            for number, event in enumerate(lines, start=1)
            if str(event.event_id) in self.rejected
        ]
        for event in lines:
            assert event.clip is None or f"/media/{event.event_id}" in self.media or self.statuses
            if str(event.event_id) not in [*self.events, *self.rejected]:
                self.events.append(str(event.event_id))
        result = BatchResult(stored=len(lines) - len(rejected), duplicates=0, rejected=rejected)
        return Answer(200, result.model_dump_json().encode())

    def _step(self, name: str) -> None:
        if self.crash_at == len(self.steps):
            self.crash_at = None
            raise NoAnswer("cut")
        self.steps.append(name)


def with_clip(number: int) -> Event:
    ts = datetime(2026, 1, 31, 9, tzinfo=UTC)
    clip = ClipInfo(
        start_ts=ts, end_ts=ts, codec="h264", width=64, height=48, bytes=4, sha256=hashlib.sha256(CLIP).hexdigest()
    )
    return make_event(number).model_copy(update={"clip": clip})


@pytest.fixture
def events(tmp_path: Path) -> list[Event]:
    events = [with_clip(0), make_event(1), with_clip(2)]
    for event in (events[0], events[2]):
        (tmp_path / f"{event.event_id}.mp4").write_bytes(CLIP)
        (tmp_path / f"{event.event_id}.jpg").write_bytes(JPEG)
    return events


def body(events: list[Event]) -> bytes:
    return b"".join(event_body(event) + b"\n" for event in events)


def transport(backend: OtherComputer, folder: Path, *, is_shared: bool = False) -> UploadingTransport:
    return UploadingTransport(backend, backend, folder, Disk(), lambda: is_shared)


def test_clips_go_before_their_events_and_the_local_copies_after(events: list[Event], tmp_path: Path) -> None:
    backend = OtherComputer()
    assert transport(backend, tmp_path).post(body(events)).status == 200
    assert [step.split("/")[0] for step in backend.steps] == ["put "] * 4 + ["post"]
    assert backend.events == [str(event.event_id) for event in events]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("is_restarted", [False, True])
@pytest.mark.parametrize("crash_at", range(5))
def test_a_cut_after_any_step_is_repaired_by_the_next_request(
    events: list[Event], tmp_path: Path, crash_at: int, is_restarted: bool
) -> None:
    backend = OtherComputer()
    backend.crash_at = crash_at
    sending = transport(backend, tmp_path)
    with pytest.raises(NoAnswer):
        sending.post(body(events))
    assert len(list(tmp_path.iterdir())) == 4
    if is_restarted:
        sending = transport(backend, tmp_path)
    assert sending.post(body(events)).status == 200
    assert backend.events == [str(event.event_id) for event in events]
    assert set(backend.media.values()) == {CLIP, JPEG}
    assert len(backend.steps) == (5 + crash_at if is_restarted else 5)
    assert list(tmp_path.iterdir()) == []
    assert sending.post(body(events)).status == 200  # its acknowledgement was lost


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503, 507])
def test_an_upload_that_may_succeed_later_holds_its_event_up(events: list[Event], tmp_path: Path, status: int) -> None:
    backend = OtherComputer()
    backend.statuses = {f"/media/{events[2].event_id}": status}
    assert transport(backend, tmp_path).post(body(events)) == Answer(status, b"no", "3")
    assert backend.events == []
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize("status", [409, 410, 413, 415, 422])
def test_a_clip_that_is_refused_for_good_stays_here_and_its_event_goes(
    events: list[Event], tmp_path: Path, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    backend = OtherComputer()
    backend.statuses = {f"/media/{events[2].event_id}": status}
    assert transport(backend, tmp_path).post(body(events)).status == 200
    assert len(backend.events) == 3
    assert [path.name for path in tmp_path.iterdir()] == [f"{events[2].event_id}.mp4"]
    assert f"{events[2].event_id}.mp4 stays here" in caplog.text


def test_a_rejected_event_keeps_its_clip_here(events: list[Event], tmp_path: Path) -> None:
    backend = OtherComputer()
    backend.rejected = {str(events[0].event_id)}
    transport(backend, tmp_path).post(body(events))
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".jpg", ".mp4"]
    assert {path.stem for path in tmp_path.iterdir()} == backend.rejected


@pytest.mark.parametrize("is_shared", [False, True])
def test_what_the_backend_had_before_is_removed_only_where_it_can_not_be_its_own(
    events: list[Event], tmp_path: Path, is_shared: bool
) -> None:
    backend = OtherComputer()
    backend.media = {f"/media/{events[0].event_id}": CLIP}
    assert transport(backend, tmp_path, is_shared=is_shared).post(body(events)).status == 200
    kept = [f"{events[0].event_id}.mp4"] if is_shared else []
    assert [path.name for path in tmp_path.iterdir()] == kept


def test_nothing_that_the_backend_had_is_removed_while_nobody_can_say_whose_it_is(
    events: list[Event], tmp_path: Path
) -> None:
    backend = OtherComputer()
    backend.media = {f"/media/{events[0].event_id}": CLIP}
    troubles = [NoAnswer("cut")]

    def is_shared() -> bool:
        if troubles:
            raise troubles.pop()
        return False

    sending = UploadingTransport(backend, backend, tmp_path, Disk(), is_shared)
    with pytest.raises(NoAnswer):
        sending.post(body(events))
    assert len(list(tmp_path.iterdir())) == 4
    assert sending.post(body(events)).status == 200
    assert list(tmp_path.iterdir()) == []
    assert len(backend.events) == len(events)


def test_a_clip_that_cannot_be_read_is_named_and_stops_no_event(
    tmp_path: Path, events: list[Event], caplog: pytest.LogCaptureFixture
) -> None:
    clip = tmp_path / f"{events[0].event_id}.mp4"
    clip.unlink()
    clip.mkdir()
    backend = OtherComputer()
    backend.statuses = {f"/media/{events[0].event_id}": 201}  # its event may come without it
    assert transport(backend, tmp_path).post(body(events)).status == 200
    assert backend.events == [str(event.event_id) for event in events]
    assert f"{clip} stays here, it cannot be read: Is a directory" in caplog.text
    assert clip.is_dir()


def test_an_event_may_stand_twice_in_a_request_as_a_run_that_is_repeated_leaves_it(
    events: list[Event], tmp_path: Path
) -> None:
    backend = OtherComputer()
    assert transport(backend, tmp_path).post(body([*events, *events])).status == 200
    assert backend.events == [str(event.event_id) for event in events]
    assert list(tmp_path.iterdir()) == []
