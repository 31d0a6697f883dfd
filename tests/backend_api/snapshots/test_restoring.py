"""Restoring: into an empty place only, going on after a kill, and saying what the backup has lost."""

import itertools
import shutil
from contextlib import closing, suppress
from pathlib import Path

import pytest

from backend_api.base.process import FatalError, UsageError
from backend_api.contract.corrections import UseTruth
from backend_api.reports.reports import Reports
from backend_api.store.db.errors import StoreBusy
from backend_api.store.store import Store
from tests.backend_api.days_writer import DAYS, differing, keep_uses, kept
from tests.backend_api.reports.test_days_filled import interrupt
from tests.backend_api.snapshots.scene import Backups, object_of, read_house
from tests.edge_service.crashing_disk import Crash, CrashingDisk, QuickDisk
from tests.fake_clock import FakeClock


@pytest.fixture
def taken(backups: Backups) -> Backups:
    backups.take()
    return backups


def test_times_of_files_come_back(taken: Backups, tmp_path: Path) -> None:
    taken.restore(tmp_path / "new")
    for path in taken.house.media.iterdir():
        assert (tmp_path / "new" / "media" / path.name).stat().st_mtime_ns == path.stat().st_mtime_ns


def test_after_a_kill_at_any_instant_no_backend_starts_and_the_next_restoring_ends_it(
    taken: Backups, tmp_path: Path
) -> None:
    new = tmp_path / "new"
    for crash_at in itertools.count():
        shutil.rmtree(new, ignore_errors=True)
        disk = CrashingDisk(new, crash_at, settled=False)
        with suppress(Crash):
            taken.restore(new, disk=disk)
        disk.restore()
        if disk.operations <= crash_at:
            break
        if not (new / "app.db").exists():
            with pytest.raises(UsageError, match=r"was not restored to the end; run backend_api/restore.py again"):
                Store.open(new / "app.db", FakeClock(), create=True)
            taken.restore(new)
        assert read_house(new) == taken.now()
        assert sorted(path.name for path in new.iterdir()) == ["app.db", "media"]
    assert crash_at > 15


@pytest.mark.parametrize("is_computing", [False, True])
def test_figures_of_days_are_those_of_before_also_from_a_backup_while_they_were_computed(
    backups: Backups, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_computing: bool
) -> None:
    store, clock = backups.house.store, backups.house.clock
    writer = keep_uses(store, clock)
    kept_before = len(kept(store))
    if is_computing:
        writer.correct((0, UseTruth.NOBODY))
        # It takes a minute.
        interrupt(monkeypatch, [backups.take])
        with pytest.raises(StoreBusy):
            writer.fill(None)
    else:
        backups.take()
    expected = writer.reports.days(DAYS)
    backups.restore(tmp_path / "new")
    with closing(Store.open(tmp_path / "new" / "app.db", clock, create=False)) as restored:
        with restored.database.read() as connection:
            announced = connection.exec_driver_sql("SELECT count(*) FROM store_days WHERE figures IS NULL").scalar_one()
        assert (announced > 0) == is_computing
        assert differing(restored) == []
        assert Reports(restored).days(DAYS) == expected
        assert len(kept(restored)) == kept_before


@pytest.mark.parametrize("name", ["app.db", "app.db-wal", "app.db-shm", "media/0.mp4", "media/other"])
def test_nothing_is_overwritten(taken: Backups, tmp_path: Path, name: str) -> None:
    path = tmp_path / "new" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"mine")
    with pytest.raises(UsageError, match=f"{path.name} is there, and .*; move it away, or give another"):
        taken.restore(tmp_path / "new")
    assert [one for one in (tmp_path / "new").rglob("*") if one.is_file()] == [path]


def test_a_clip_of_that_name_with_another_content_is_never_overwritten(taken: Backups, tmp_path: Path) -> None:
    clip = next(taken.house.media.glob("*.mp4"))
    path = tmp_path / "new" / "media" / clip.name
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(clip.stat().st_size))
    with pytest.raises(UsageError, match="is not of this snapshot"):
        taken.restore(tmp_path / "new")
    assert not (tmp_path / "new" / "app.db").exists()


@pytest.mark.parametrize("is_missing", [True, False])
def test_a_lost_clip_is_named_and_the_rest_restored(taken: Backups, tmp_path: Path, is_missing: bool) -> None:
    clip = next(taken.house.media.glob("*.mp4"))
    kept = object_of(taken.folder, clip.read_bytes())
    if is_missing:
        kept.unlink()
    else:
        kept.write_bytes(bytes(kept.stat().st_size))
    [fault] = taken.verify()
    assert clip.name in fault
    assert str(kept) in fault
    assert taken.restore(tmp_path / "new").lost == [clip.name]
    events, files = read_house(tmp_path / "new")
    expected = taken.now()
    assert events == expected[0]
    assert files == {name: content for name, content in expected[1].items() if name != clip.name}
    kept.unlink(missing_ok=True)
    taken.take()
    assert taken.verify() == []


def test_a_damaged_database_is_not_restored(taken: Backups, tmp_path: Path) -> None:
    [database] = [path for path in (taken.folder / "objects").glob("*/*") if path.read_bytes()[:6] == b"SQLite"]
    database.write_bytes(bytes(database.stat().st_size))
    with pytest.raises(FatalError, match="restore another with --snapshot"):
        taken.restore(tmp_path / "new")
    assert not (tmp_path / "new" / "app.db").exists()


def test_a_damaged_manifest_is_refused_and_keeps_everything_from_being_removed(taken: Backups) -> None:
    [manifest] = (taken.folder / "snapshots").iterdir()
    content = manifest.read_bytes()
    objects = sorted((taken.folder / "objects").glob("*/*"))
    for damaged in (
        b"",
        content[: len(content) // 2],
        content.replace(b'"size_bytes":', b'"size_bytes":1'),
    ):
        manifest.write_bytes(damaged)
        with pytest.raises(FatalError, match=r"is damaged: .*; use another snapshot"):
            taken.restore(taken.folder.parent / "new")
        assert "is damaged" in taken.verify()[0]
    taken.take(QuickDisk(), keep=2)
    assert set(objects) <= set((taken.folder / "objects").glob("*/*"))


def test_a_folder_without_backups_is_refused(backups: Backups, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there are no backups in"):
        backups.restore(tmp_path / "new", "2026-11-26T03-00-00Z")
    backups.take()
    with pytest.raises(FatalError, match=r"there is no snapshot 2020-01-01T00-00-00Z in .*, only 20"):
        backups.restore(tmp_path / "new", "2020-01-01T00-00-00Z")
