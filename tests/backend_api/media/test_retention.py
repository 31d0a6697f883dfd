"""Retention: files go, events stay and say so, whatever comes in between."""

import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from backend_api import doctor
from backend_api.app import Settings, create_app
from backend_api.base.process import EXIT_DONE, UsageError
from backend_api.checks.clips import check_clips
from backend_api.contract.events import Event
from backend_api.contract.media import FOLDER_ID_NAME
from backend_api.contract.verdicts import Agree
from backend_api.doctor_options import parse_options
from backend_api.media.folder import MediaFolder
from backend_api.media.retention import INTERVAL_S, Retention, sweeping
from backend_api.media.retention_policy import KeepLimits
from backend_api.store.db.errors import StoreBroken
from backend_api.store.db.settings import SettingName
from backend_api.store.db.sqlite_engine import SqliteDatabase
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


def allow(store: Store) -> None:
    """A person's word that the next sweep may take more than half."""
    store.settings.keep(SettingName.REMOVAL_ALLOWED_MS, "1")


def names(media: MediaFolder) -> set[str]:
    return {path.name.partition(".")[0] for path in media.folder.iterdir() if path.name != FOLDER_ID_NAME}


def test_the_event_stays_and_its_media_answer_410(
    client: TestClient, store: Store, media: MediaFolder, clock: FakeClock, retention: Retention
) -> None:
    old = keep(store, media, 0)
    clock.advance(2 * DAY_S)
    young = keep(store, media, 2 * DAY_S)
    assert retention.sweep() == 0
    clock.advance(6 * DAY_S)
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
        allow(store)
        Retention(store, media, KeepLimits(size_bytes=count * one), clock).sweep()
        assert names(media) == {str(event.event_id) for event in left}


def test_what_belongs_to_no_event_goes_after_a_day_in_which_the_backend_ran(
    store: Store, media: MediaFolder, clock: FakeClock
) -> None:
    lost = media.clip_path(make_event().event_id)
    lost.write_bytes(CLIP)
    (media.folder / "notes.txt").write_text("mine")
    kept = [keep(store, media, at_s) for at_s in (1, 2)]
    # Whatever happened before, or the wall clock says: the edge may not have reached the backend until now.
    clock.jump_wall_clock(1000 * DAY_S)
    for _ in range(2):
        retention = Retention(store, media, KeepLimits(days=2000), clock)
        retention.sweep()
        clock.advance(DAY_S - 1)
        retention.sweep()
        assert lost.exists()
    clock.advance(1)
    assert retention.sweep() == 0
    assert names(media) == {"notes", *(str(event.event_id) for event in kept)}


def test_a_database_that_is_another_one_loses_nobody_their_clips(
    store: Store, media: MediaFolder, clock: FakeClock, retention: Retention
) -> None:
    for at_s in range(5):
        media.clip_path(make_event(at_s=at_s).event_id).write_bytes(CLIP)
    for _ in range(3):
        retention.sweep()
        clock.advance(DAY_S)
    assert len(names(media)) == 5
    assert "5 of 5 events with clips or pictures are in no database" in (held_back(store) or "")


def held_back(store: Store) -> str | None:
    return store.settings.find(SettingName.REMOVAL_HELD_BACK)


def test_a_clock_that_jumps_takes_no_clip_until_somebody_says_that_it_is_right(
    store: Store,
    media: MediaFolder,
    clock: FakeClock,
    retention: Retention,
    client: TestClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    events = [keep(store, media, at_s) for at_s in range(4)]
    assert retention.sweep() == 0
    clock.jump_wall_clock(30 * DAY_S)
    for _ in range(3):
        assert retention.sweep() == 0
        clock.advance(INTERVAL_S)
    assert len(names(media)) == 4
    [record] = [record for record in caplog.records if "jumped ahead" in record.getMessage()]
    assert "the clock jumped ahead by 30 days, 0:00:00, which made the clips of 4 events too old" in record.getMessage()
    assert "doctor.py --allow-removal" in record.getMessage()
    assert client.get("/ready").json()["held_back"] == record.getMessage()
    # A restart takes the clock as it is, and still half is more than a sweep takes alone.
    assert Retention(store, media, KeepLimits(days=7), clock).sweep() == 0
    assert "4 of 4 events are too old or too much" in (held_back(store) or "")
    clock.jump_wall_clock(-30 * DAY_S)
    assert retention.sweep() == 0
    assert held_back(store) is None
    assert client.get("/ready").json()["held_back"] is None
    clock.jump_wall_clock(30 * DAY_S)
    retention.sweep()
    allow(store)
    assert retention.sweep() == len(events)
    assert names(media) == set()
    assert store.settings.find(SettingName.REMOVAL_ALLOWED_MS) is None
    # The word has said that the clock is right.
    young = keep(store, media, 30 * DAY_S)
    older = [keep(store, media, 30 * DAY_S + at_s) for at_s in (1, 2)]
    assert retention.sweep() == 0
    assert names(media) == {str(event.event_id) for event in (young, *older)}


def test_an_event_whose_edge_was_set_to_the_past_keeps_its_clip_as_long_as_any(
    store: Store, media: MediaFolder, clock: FakeClock, retention: Retention
) -> None:
    keep(store, media, 0)
    clock.advance(6 * DAY_S)
    late = [keep(store, media, at_s) for at_s in (1, 2)]
    clock.advance(2 * DAY_S)
    assert retention.sweep() == 1
    assert names(media) == {str(event.event_id) for event in late}


def test_the_doctor_gives_the_word_where_something_waits_for_it(
    store: Store, media: MediaFolder, clock: FakeClock, retention: Retention, tmp_path: Path
) -> None:
    options = parse_options(["--db", str(tmp_path / "app.db"), "--allow-removal"])
    with pytest.raises(UsageError, match="nothing is held back"):
        doctor.command(options, clock)
    keep(store, media, 0)
    clock.advance(8 * DAY_S)
    assert retention.sweep() == 0
    assert doctor.command(options, clock) == EXIT_DONE
    assert retention.sweep() == 1


def test_a_crash_before_the_files_go_is_made_good_by_the_next_pass(
    store: Store, media: MediaFolder, clock: FakeClock, retention: Retention, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = keep(store, media, 0)
    clock.advance(8 * DAY_S)
    allow(store)

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", crash)
        with pytest.raises(KeyboardInterrupt):
            retention.sweep()
    assert store.removed_media.find(event.event_id) is not None
    assert store.settings.find(SettingName.REMOVAL_ALLOWED_MS) is not None
    assert retention.sweep() == 1
    assert names(media) == set()


def test_the_doctor_misses_no_clip_that_is_gone_on_purpose(
    store: Store, media: MediaFolder, clock: FakeClock, retention: Retention, tmp_path: Path
) -> None:
    gone = keep(store, media, 0)
    clock.advance(2 * DAY_S)
    lost = keep(store, media, 2 * DAY_S)
    media.clip_path(lost.event_id).unlink()
    clock.advance(6 * DAY_S)
    retention.sweep()
    with closing(SqliteDatabase(tmp_path / "app.db")) as database:
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
            raise OSError(5, "Input/output error") if self.passes < 3 else StoreBroken("the database is damaged")

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
    allow(store)
    clock = OneLook(event.ts + timedelta(days=2))
    with TestClient(
        create_app(store, media, clock, Settings(keep=KeepLimits(days=1))), base_url="http://127.0.0.1"
    ) as client:
        assert looked.wait(60)
        problem(client.get(f"/media/{event.event_id}"), 410)


def test_what_nobody_foresaw_ends_no_retention(
    store: Store, media: MediaFolder, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    again = threading.Event()

    class Failing(Retention):
        passes = 0

        def sweep(self) -> int:
            self.passes += 1
            if self.passes == 1:
                raise ArithmeticError("nobody thought of this")
            again.set()
            return 0

    with sweeping(Failing(store, media, KeepLimits(days=1), clock), clock):
        assert again.wait(60)
    assert "old clips are not removed: ArithmeticError: nobody thought of this" in caplog.text
