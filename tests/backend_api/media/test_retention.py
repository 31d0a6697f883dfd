"""Retention: files go, events stay and say so, whatever comes in between."""

import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from backend_api.app import Settings, create_app
from backend_api.checks.clips import check_clips
from backend_api.contract.events import Event
from backend_api.contract.verdicts import Agree
from backend_api.media.folder import MediaFolder
from backend_api.media.retention import INTERVAL_S, Retention
from backend_api.media.retention_policy import KeepLimits
from backend_api.store.database import Database
from backend_api.store.store import Store
from tests.backend_api.api import problem
from tests.backend_api.events import make_event, make_result
from tests.backend_api.web.routes.test_media import CLIP, event_with_clip
from tests.backend_api.web.routes.test_uploads import digest
from tests.fake_clock import FakeClock

DAY_S = 86_400


def keep(store: Store, media: MediaFolder, at_s: float) -> Event:
    event = event_with_clip(at_s)
    store.events.add([event])
    media.clip_path(event.event_id).write_bytes(CLIP)
    media.thumbnail_path(event.event_id).write_bytes(b"picture")
    media.frame_path(event.event_id, 1).write_bytes(b"frame")
    return event


@pytest.fixture
def retention(store: Store, media: MediaFolder, clock: FakeClock) -> Retention:
    return Retention(store, media, KeepLimits(days=7), clock)


def names(media: MediaFolder) -> set[str]:
    return {path.name.partition(".")[0] for path in media.folder.iterdir()}


def test_the_event_stays_and_its_media_answer_410(
    client: TestClient, store: Store, media: MediaFolder, clock: FakeClock, retention: Retention
) -> None:
    old, young = keep(store, media, 0), keep(store, media, 2 * DAY_S)
    assert retention.sweep() == 0
    clock.advance(8 * DAY_S)
    assert retention.sweep() == 1
    assert names(media) == {str(young.event_id)}
    url = f"/media/{old.event_id}"
    for address in (url, f"{url}/thumbnail", f"{url}/frames/1"):
        assert "kept for 7 days" in problem(client.get(address), 410).detail
    assert client.get(f"/media/{young.event_id}").status_code == 200
    assert problem(client.get(f"/media/{young.event_id}/frames/2"), 404)
    assert client.get(f"/events/{old.event_id}").json()["media_url"] == url
    headers = {"Content-Type": "video/mp4", "Content-Digest": digest(CLIP)}
    problem(client.put(url, content=CLIP, headers=headers), 410)
    assert retention.sweep() == 0


def test_for_room_the_oldest_go_first_and_the_reviewed_ones_last(
    store: Store, media: MediaFolder, clock: FakeClock
) -> None:
    reviewed, waiting, judged = (keep(store, media, at_s) for at_s in (0, 1, 2))
    for event in (reviewed, waiting, judged):
        claim = store.enrichments.claim(60)
        assert claim is not None
        assert claim.event == event
        if event is not waiting:
            store.enrichments.finish(claim, make_result())
    assert store.reviews.add(reviewed.event_id, Agree.YES, "", "Ann")
    one = len(CLIP) + 100
    for count, left in [(3, [reviewed, waiting, judged]), (2, [reviewed, waiting]), (1, [reviewed]), (0, [])]:
        Retention(store, media, KeepLimits(size_bytes=count * one), clock).sweep()
        assert names(media) == {str(event.event_id) for event in left}


def test_what_belongs_to_no_event_is_left_alone(store: Store, media: MediaFolder, clock: FakeClock) -> None:
    on_its_way = media.clip_path(make_event().event_id)
    on_its_way.write_bytes(CLIP)
    (media.folder / "notes.txt").write_text("mine")
    clock.advance(1000 * DAY_S)
    assert Retention(store, media, KeepLimits(days=1, size_bytes=0), clock).sweep() == 0
    assert len(list(media.folder.iterdir())) == 2


def test_a_crash_before_the_files_go_is_made_good_by_the_next_pass(
    store: Store, media: MediaFolder, clock: FakeClock, retention: Retention, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = keep(store, media, 0)
    clock.advance(8 * DAY_S)

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", crash)
        with pytest.raises(KeyboardInterrupt):
            retention.sweep()
    assert store.removed_media.find(event.event_id) is not None
    assert retention.sweep() == 1
    assert names(media) == set()


def test_the_doctor_misses_no_clip_that_is_gone_on_purpose(
    store: Store, media: MediaFolder, clock: FakeClock, retention: Retention, tmp_path: Path
) -> None:
    gone, lost = keep(store, media, 0), keep(store, media, 2 * DAY_S)
    media.clip_path(lost.event_id).unlink()
    clock.advance(8 * DAY_S)
    retention.sweep()
    with closing(Database(tmp_path / "app.db")) as database:
        assert [finding.subject for finding in check_clips(database, media)] == [str(lost.event_id)]
    assert gone != lost


def test_it_looks_again_and_outlives_failures(
    store: Store, media: MediaFolder, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    stop = threading.Event()

    class Failing(Retention):
        passes = 0

        def sweep(self) -> int:
            self.passes += 1
            if self.passes == 3:
                stop.set()
            raise OSError(5, "Input/output error")

    failing = Failing(store, media, KeepLimits(days=1), clock)
    failing.run(stop)
    assert failing.passes == 3
    assert clock.waits_s == [INTERVAL_S] * 3
    assert caplog.text.count("next try in 600 s") == 3


def test_it_runs_with_the_application_and_ends_with_it(store: Store, media: MediaFolder) -> None:
    looked = threading.Event()

    class OneLook(FakeClock):
        def wait(self, signal: threading.Event, timeout_s: float) -> bool:
            looked.set()
            return signal.wait(60)

    event = keep(store, media, 0)
    clock = OneLook(event.ts + timedelta(days=2))
    with TestClient(
        create_app(store, media, clock, Settings(keep=KeepLimits(days=1))), base_url="http://127.0.0.1"
    ) as client:
        assert looked.wait(60)
        problem(client.get(f"/media/{event.event_id}"), 410)
