"""Snapshots: what they hold while others write and remove, that only the new is copied, and what a kill leaves."""

import itertools
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from uuid import UUID

import pytest

from backend_api.base.durable_files import Disk
from backend_api.base.process import FatalError, UsageError
from backend_api.snapshots import taking
from backend_api.snapshots.manifest import StoredFile
from backend_api.snapshots.repository import Repository
from backend_api.store.db.copying import copy_database
from tests.backend_api.snapshots.scene import Backups, read_house, when_copied
from tests.edge_service.crashing_disk import Crash, CrashingDisk, FullDisk, QuickDisk


def test_a_snapshot_brings_every_event_and_file_back(backups: Backups, tmp_path: Path) -> None:
    backups.house.put("notes.txt")
    taken = backups.take()
    assert (taken.files, taken.new_files) == (6, 6)
    backups.restore(tmp_path / "new")
    (backups.house.media / "notes.txt").unlink()
    assert read_house(tmp_path / "new") == backups.now()
    assert backups.verify() == []


def test_only_what_is_new_is_read_and_kept(backups: Backups, monkeypatch: pytest.MonkeyPatch) -> None:
    backups.take()
    backups.add(3)
    read: list[str] = []
    put = Repository.put

    def put_and_note(self: Repository, path: Path) -> tuple[StoredFile, bool]:
        read.append(path.name)
        return put(self, path)

    monkeypatch.setattr(Repository, "put", put_and_note)
    taken = backups.take()
    assert (taken.files, taken.new_files, len(read)) == (8, 2, 2)


def test_a_file_that_was_written_anew_is_kept_anew_and_the_old_one_too(backups: Backups, tmp_path: Path) -> None:
    path = next(path for path in backups.house.media.iterdir() if path.suffix == ".jpg")
    backups.take()
    old = backups.now()
    path.write_bytes(path.read_bytes()[::-1])
    backups.take()
    for name, expected in zip(backups.names(), (old, backups.now()), strict=True):
        backups.restore(tmp_path / name, name)
        assert read_house(tmp_path / name) == expected


def test_what_happens_while_it_is_taken_leaves_no_event_without_its_clip(backups: Backups, tmp_path: Path) -> None:
    """After the database's copy an event comes, and retention takes the clip of one that the copy promises."""
    gone = backups.add(9)
    content = gone.read_bytes()

    def meanwhile() -> None:
        backups.add(10)
        backups.house.store.removed_media.note([(UUID(gone.stem), "made room")])
        gone.unlink()

    backups.take(when_copied(meanwhile)())
    backups.restore(tmp_path / "new")
    events, files = read_house(tmp_path / "new")
    assert len(events) == 4
    assert files[gone.name] == content


def test_what_was_removed_before_the_copy_does_not_come_back(
    backups: Backups, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = backups.add(9)

    def copy_later(source: Path, target: Path, disk: Disk) -> None:
        backups.house.store.removed_media.note([(UUID(gone.stem), "made room")])
        gone.unlink()
        copy_database(source, target, disk)

    monkeypatch.setattr(taking, "copy_database", copy_later)
    backups.take()
    backups.restore(tmp_path / "new")
    assert gone.name not in read_house(tmp_path / "new")[1]


def test_older_snapshots_go_with_what_only_they_have(backups: Backups, tmp_path: Path) -> None:
    backups.take()
    gone = next(path for path in backups.house.media.iterdir() if path.suffix == ".mp4")
    backups.house.store.removed_media.note([(UUID(gone.stem), "made room")])
    gone.unlink()
    for number in (4, 5):
        backups.add(number)
        backups.take(keep=2)
    assert len(backups.names()) == 2
    kept = sum(1 for _ in (backups.folder / "objects").glob("*/*"))
    assert kept == 5 + 2 + 2 + 2  # files that stay, those that came, two databases
    backups.restore(tmp_path / "new")
    assert read_house(tmp_path / "new") == backups.now()


def test_a_kill_at_any_instant_leaves_what_was_whole_and_the_next_one_ends_it(backups: Backups, tmp_path: Path) -> None:
    backups.take()
    before = backups.now()
    whole = tmp_path / "whole"
    shutil.copytree(backups.folder, whole)
    backups.add(7)
    for crash_at in itertools.count():
        shutil.rmtree(backups.folder)
        shutil.copytree(whole, backups.folder)
        disk = CrashingDisk(backups.folder, crash_at, settled=False)
        with suppress(Crash):
            backups.take(disk, keep=1)
        disk.restore()
        assert backups.verify() == []
        new = tmp_path / str(crash_at)
        backups.restore(new)
        assert read_house(new) in (before, backups.now())
        assert backups.take(keep=1).files == 8
        assert len(backups.names()) == 1
        assert backups.verify() == []
        assert [path.name for path in backups.folder.iterdir() if path.suffix == ".tmp"] == []
        if disk.operations <= crash_at:
            break
    assert crash_at > 15


def test_a_full_disk_leaves_the_snapshots_before(backups: Backups) -> None:
    backups.take()
    backups.add(7)
    with pytest.raises(OSError, match="No space"):
        backups.take(FullDisk(3, 10**9))
    assert len(backups.names()) == 1
    assert backups.verify() == []


def test_a_damaged_database_replaces_no_snapshot(backups: Backups) -> None:
    backups.take()
    backups.house.sql("INSERT INTO removed_media VALUES (999, 0, '')")
    with pytest.raises(FatalError, match=r"is damaged: a row of removed_media.*those before are kept"):
        backups.take(keep=1)
    assert len(backups.names()) == 1


def test_a_database_of_an_older_release_is_backed_up_before_the_upgrade(backups: Backups, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "old.db")) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num)")
        connection.execute("INSERT INTO alembic_version VALUES ('0001')")
        connection.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, event_id TEXT)")
    with Repository.open_for_writing(backups.folder, QuickDisk()) as repository:
        taking.take_snapshot(tmp_path / "old.db", backups.house.media, repository, backups.house.clock)
        assert repository.read(repository.names()[0]).schema_revision == "0001"


def test_what_cannot_be_backed_up_is_refused(backups: Backups, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection, connection:
        connection.execute("CREATE TABLE t (x)")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").touch()
    with Repository.open_for_writing(backups.folder, QuickDisk()) as repository:
        with pytest.raises(UsageError, match="of another program"):
            taking.take_snapshot(tmp_path / "other.db", backups.house.media, repository, backups.house.clock)
        with pytest.raises(FatalError, match="another backup or restoring"):
            backups.take()
    with (
        pytest.raises(UsageError, match="holds something else than backups"),
        Repository.open_for_writing(tmp_path / "full", QuickDisk()),
    ):
        pass
