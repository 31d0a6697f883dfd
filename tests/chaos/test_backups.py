"""Backups and restorings that are killed again and again, while events and clips come: every snapshot is whole."""

import os
import random
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import pytest

from backend_api.base.clock import SystemClock
from backend_api.base.durable_files import Disk
from backend_api.base.process import UsageError
from backend_api.media.bucket_address import BucketAddress
from backend_api.media.objects import Objects
from backend_api.media.place import MediaPlace
from backend_api.snapshots.repository import Repository
from backend_api.snapshots.verifying import verify
from backend_api.store.store import Store
from tests.backend_api.doctor_scene import Scene
from tests.backend_api.snapshots.scene import Backups, read_house
from tests.fake_clock import FakeClock
from tests.processes import script, was_killed
from tests.seaweed import BUCKET, BucketServer

KILLS = 50
# Starting takes most of a second; a backup or restoring takes the rest, and more the more there is.
EARLIEST_S, LATEST_S = 0.3, 6.0
# After a kill the next one may come later, after a whole one it comes earlier: so about every other one is killed.
LATER, EARLIER = 1.25, 0.8


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where killed processes leave their copies."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return temporary


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MediaPlace:
    """A place for backups, where nothing is yet."""
    if request.param == "folder":
        return tmp_path / "backup"
    server: BucketServer = request.getfixturevalue("bucket_server")
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    # This server makes a bucket with its first object.
    Objects.connect(BucketAddress(BUCKET), os.environ).put("made", b"")
    return BucketAddress(BUCKET, f"backup/{uuid4().hex}")


@contextmanager
def written(house: Backups) -> Iterator[None]:
    """Let events and clips come meanwhile."""
    stop, clock = threading.Event(), SystemClock()

    def write() -> None:
        for number in range(100_000):
            if clock.wait(stop, 0.01):
                return
            house.add(number)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        stop.set()
        writer.join()


def faults(place: MediaPlace) -> list[str] | None:
    """What is wrong with the snapshots there; None when there is none."""
    with suppress(UsageError), Repository.open_for_reading(place, Disk()) as repository:
        return verify(repository) if repository.names() else None
    return None


def test_every_snapshot_is_whole_however_often_backup_and_restoring_are_killed(
    place: MediaPlace, tmp_path: Path, temporary: Path
) -> None:
    seed = random.SystemRandom().randrange(2**31)
    chance, media, db, new = random.Random(seed), tmp_path / "media", tmp_path / "app.db", tmp_path / "new"
    backup = [*script("backend_api/backup.py"), "--db", str(db), "--to", str(place), "--keep", "3"]
    media.mkdir()
    kills = whole = restore_kills = 0
    latest_s = LATEST_S
    with closing(Store.open(db, SystemClock(), create=True)) as store:
        house = Backups(Scene(db, media, store, FakeClock()), tmp_path)
        with written(house):
            for _ in range(KILLS):
                is_killed = was_killed(backup, chance.uniform(EARLIEST_S, latest_s))
                kills += is_killed
                latest_s *= LATER if is_killed else EARLIER
                found = faults(place)
                whole += found is not None
                assert not found, f"seed {seed}"
        assert not was_killed(backup, 120)
        expected = house.now()
    assert list(temporary.glob("gym-backup-*/")) == []
    restore = [*script("backend_api/restore.py"), "--from", str(place), "--db", str(new / "app.db")]
    while was_killed(restore, chance.uniform(EARLIEST_S, LATEST_S) if restore_kills < KILLS else 120):
        restore_kills += 1
    assert read_house(new) == expected, f"seed {seed}"
    with Repository.open_for_reading(place, Disk()) as repository:
        snapshots = [repository.read(name) for name in repository.names()]
        needed = {stored.sha256 for snapshot in snapshots for stored in snapshot.stored()}
        assert {name.rpartition("/")[2] for name in repository.shelf.names("objects")} == needed
    print(
        f"seed {seed}: {KILLS} backups, {kills} killed, a whole snapshot there after {whole} of them; "
        f"{len(expected[0])} events and {len(expected[1])} files restored as they were, after {restore_kills} kills"
    )
