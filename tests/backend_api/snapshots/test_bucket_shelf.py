"""Backups in a bucket: what a folder has, a bucket has, and what is cut short leaves whole snapshots."""

import itertools
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import pytest

from backend_api.base.process import FatalError, UsageError
from backend_api.contract.media import clip_name
from backend_api.media.bucket_address import BucketAddress
from backend_api.media.media import MediaAway
from backend_api.media.objects import Objects
from backend_api.snapshots.repository import Repository
from backend_api.snapshots.restoring import restore_snapshot
from backend_api.snapshots.taking import Taken, take_snapshot
from backend_api.snapshots.verifying import verify
from tests.backend_api.snapshots.scene import Backups, read_house
from tests.edge_service.crashing_disk import QuickDisk
from tests.processes import free_port
from tests.seaweed import BUCKET, BucketServer


@pytest.fixture
def place(bucket_server: BucketServer, monkeypatch: pytest.MonkeyPatch) -> BucketAddress:
    """A place in a bucket of this test alone, on a real server."""
    for name, value in bucket_server.environment.items():
        monkeypatch.setenv(name, value)
    # This server makes a bucket with its first object.
    Objects.connect(BucketAddress(BUCKET), os.environ).put("made", b"")
    return BucketAddress(BUCKET, f"backup/{uuid4().hex}")


def take(backups: Backups, place: BucketAddress, keep: int = 7) -> Taken:
    backups.house.clock.advance(60)
    with Repository.open_for_writing(place, QuickDisk()) as repository:
        taken = take_snapshot(backups.house.db, backups.house.media, repository, backups.house.clock)
        repository.prune(keep)
    return taken


def names(place: BucketAddress) -> list[str]:
    with Repository.open_for_reading(place, QuickDisk()) as repository:
        return repository.names()


def faults(place: BucketAddress) -> list[str]:
    with Repository.open_for_reading(place, QuickDisk()) as repository:
        return verify(repository)


def restore(place: BucketAddress, to: Path, name: str | None = None) -> list[str]:
    """Restore the newest, or the one of that name; what the backup has lost."""
    with Repository.open_for_reading(place, QuickDisk()) as repository:
        wanted = name or repository.names()[-1]
        return restore_snapshot(repository, wanted, to / "app.db", to / "media", QuickDisk()).lost


def test_a_snapshot_brings_everything_back_and_only_the_new_is_put(
    backups: Backups, place: BucketAddress, tmp_path: Path
) -> None:
    assert take(backups, place).new_files == 6
    before = backups.now()
    # More than travels in one request.
    backups.house.add_with_clip(bytes(range(256)) * 80_000, at_s=500)
    again = take(backups, place)
    assert (again.files, again.new_files) == (7, 1)
    assert faults(place) == []
    for name, expected in zip(names(place), (before, backups.now()), strict=True):
        restore(place, tmp_path / name, name)
        assert read_house(tmp_path / name) == expected


def test_older_snapshots_go_with_what_only_they_have(backups: Backups, place: BucketAddress, tmp_path: Path) -> None:
    take(backups, place)
    backups.add(4)
    take(backups, place, keep=1)
    assert len(names(place)) == 1
    with Repository.open_for_reading(place, QuickDisk()) as repository:
        assert len(repository.shelf.names("objects")) == 8 + 1
    restore(place, tmp_path / "new")
    assert read_house(tmp_path / "new") == backups.now()


def end_after(broken: pytest.MonkeyPatch, steps: int) -> None:
    """Let so many puts and deletions do what they do, and the bucket be away from then on."""
    done, put, delete = itertools.count(), Objects.put, Objects.delete

    def check() -> None:
        if next(done) >= steps:
            raise MediaAway("gone")

    def put_or_not(objects: Objects, name: str, content: bytes | Path) -> None:
        check()
        put(objects, name, content)

    def delete_or_not(objects: Objects, names: Sequence[str]) -> None:
        check()
        delete(objects, names)

    broken.setattr(Objects, "put", put_or_not)
    broken.setattr(Objects, "delete", delete_or_not)


def test_a_bucket_that_goes_away_at_any_instant_leaves_what_was_whole(
    backups: Backups, place: BucketAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(backups, place)
    before = backups.now()
    backups.add(7)
    for stops_at in itertools.count():
        with monkeypatch.context() as broken:
            end_after(broken, stops_at)
            try:
                take(backups, place, keep=1)
            except MediaAway:
                pass
            else:
                break
        assert faults(place) == []
        restore(place, tmp_path / str(stops_at))
        assert read_house(tmp_path / str(stops_at)) in (before, backups.now())
    assert stops_at > 2
    take(backups, place, keep=1)
    assert len(names(place)) == 1
    assert faults(place) == []


def test_what_a_killed_backup_left_on_this_computer_is_removed_by_the_next(
    backups: Backups, place: BucketAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Repository.open_for_writing(place, QuickDisk()) as repository:
        workspace = repository.shelf.workspace
    other = BucketAddress(place.bucket, "of/another")
    with Repository.open_for_writing(other, QuickDisk()) as repository:
        in_use = repository.shelf.workspace
        workspace.mkdir()
        (workspace / "database.tmp").write_bytes(b"a copy of everything")
        take(backups, place)
        assert in_use.exists()
    assert not workspace.exists()


def test_what_was_damaged_or_removed_is_found_and_named(backups: Backups, place: BucketAddress, tmp_path: Path) -> None:
    take(backups, place)
    with Repository.open_for_writing(place, QuickDisk()) as repository:
        files = sorted(repository.read(repository.names()[-1]).files.values(), key=lambda one: one.name)
        for stored, content in ((files[0], b"x" * files[0].size_bytes), (files[1], None)):
            name = f"objects/{stored.sha256[:2]}/{stored.sha256}"
            if content is None:
                repository.shelf.remove([name])
            else:
                repository.shelf.write(name, content)
    [damaged, missing] = sorted(faults(place), key=lambda line: "missing" in line)
    assert f"{place}/objects/" in damaged
    assert "is damaged; remove it" in damaged
    assert "is missing" in missing
    assert sorted(restore(place, tmp_path / "new")) == [files[0].name, files[1].name]


def test_one_backup_at_a_time(backups: Backups, place: BucketAddress) -> None:
    take(backups, place)
    with Repository.open_for_reading(place, QuickDisk()):
        assert len(names(place)) == 1
        with pytest.raises(FatalError, match=f"another backup or restoring uses {place}"):
            take(backups, place)
    take(backups, place)


def test_a_place_of_something_else_is_left_alone(backups: Backups, place: BucketAddress) -> None:
    with pytest.raises(UsageError, match=f"there are no backups in {place}"):
        names(place)
    Objects.connect(place, os.environ).put(clip_name(uuid4()), b"a clip")
    with pytest.raises(UsageError, match="holds something else than backups; give an empty prefix"):
        take(backups, place)


def test_a_bucket_that_is_away_is_told_so(
    backups: Backups, monkeypatch: pytest.MonkeyPatch, place: BucketAddress
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(MediaAway, match="cannot be reached"):
        take(backups, place)
