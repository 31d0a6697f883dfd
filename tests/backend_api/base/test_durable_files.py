"""Files that survive: folders are tried before they are needed, and several files appear whole or not at all."""

import errno
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from backend_api.base.durable_files import Disk, make_writable, temporary_path
from backend_api.base.process import UsageError


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    folder = make_writable(tmp_path / "a" / "b", "--media-dir")
    assert folder.is_dir()
    assert list(folder.iterdir()) == []


def test_a_file_in_the_way_is_named_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "media").write_text("in the way")
    with pytest.raises(UsageError, match=r"media: .*--media-dir"):
        make_writable(tmp_path / "media", "--media-dir")


def test_a_folder_where_nothing_can_be_written_is_refused() -> None:
    with pytest.raises(UsageError, match=r"/proc.*--outbox-dir"):
        make_writable(Path("/proc/self"), "--outbox-dir")


def test_a_full_disk_stops_no_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_room(**_options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", no_room)
    assert make_writable(tmp_path, "--media-dir") == tmp_path
    assert f"{tmp_path}: No space left on device; free some" in caplog.text


def test_temporary_names_of_one_file_differ_and_lie_beside_it(tmp_path: Path) -> None:
    paths = {temporary_path(tmp_path / "clip.mp4") for _ in range(20)}
    assert len(paths) == 20
    assert {path.parent for path in paths} == {tmp_path}


class RecordingDisk(Disk):
    """Notes the order of what is done, and fails at the operation `fails_at`, e.g. `rename b`."""

    def __init__(self, fails_at: str = "") -> None:
        self.done: list[str] = []
        self._fails_at = fails_at

    def _fsync(self, descriptor: int) -> None:
        self._step("fsync", Path(f"/proc/self/fd/{descriptor}").readlink())
        super()._fsync(descriptor)

    def _rename(self, source: Path, target: Path) -> None:
        self._step("rename", target)
        super()._rename(source, target)

    def _step(self, what: str, path: Path) -> None:
        # A temporary name is told by the name that it is for.
        step = f"{what} {path.name.partition('.')[0]}"
        self.done.append(step)
        if step == self._fails_at:
            raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_several_files_are_on_the_disk_before_the_first_is_named(tmp_path: Path) -> None:
    disk = RecordingDisk()
    disk.replace_all({tmp_path / "a": b"1", tmp_path / "b": b"2"})
    assert sorted(disk.done[:2]) == ["fsync a", "fsync b"]
    assert disk.done[2:] == ["rename a", "rename b", f"fsync {tmp_path.name}"]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"1", "b": b"2"}


@pytest.mark.parametrize("fails_at", ["fsync a", "fsync b", "rename a", "rename b"])
def test_several_files_that_fail_leave_nothing_half_and_nothing_temporary(tmp_path: Path, fails_at: str) -> None:
    for name in "ab":
        (tmp_path / name).write_bytes(b"old")
    with pytest.raises(OSError, match="Input/output"):
        RecordingDisk(fails_at).replace_all({tmp_path / "a": b"new", tmp_path / "b": b"new"})
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b"}
    assert {path.read_bytes() for path in tmp_path.iterdir()} <= {b"old", b"new"}


def test_no_files_are_no_work(tmp_path: Path) -> None:
    disk = RecordingDisk()
    disk.replace_all({})
    assert disk.done == []


class LinklessDisk(Disk):
    """A file system without hard links."""

    def _link(self, source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))


disks = pytest.mark.parametrize("disk", [Disk(), LinklessDisk()])


@disks
def test_a_new_file_appears_whole_and_once(tmp_path: Path, disk: Disk) -> None:
    disk.put_new(tmp_path / "a", b"whole")
    disk.put_new(tmp_path / "a", b"whole")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"whole"}


@disks
def test_a_file_that_is_there_is_not_replaced(tmp_path: Path, disk: Disk) -> None:
    disk.put_new(tmp_path / "a", b"first")
    with pytest.raises(FileExistsError):
        disk.put_new(tmp_path / "a", b"second")
    (tmp_path / "b").write_bytes(b"first")
    with pytest.raises(FileExistsError):
        disk.put_again(tmp_path / "b", tmp_path / "a", b"second")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"first", "b": b"first"}


def test_of_many_writers_at_once_one_gives_the_name(tmp_path: Path) -> None:
    path = tmp_path / "a"
    temporaries = [temporary_path(path) for _ in range(50)]
    for number, temporary in enumerate(temporaries):
        temporary.write_bytes(b"%d" % number)
    with ThreadPoolExecutor(max_workers=8) as executor:
        told = list(executor.map(lambda temporary: Disk().publish_new(temporary, path), temporaries))
    assert told.count(True) == 1
    assert path.read_bytes() == b"%d" % told.index(True)
    assert list(tmp_path.iterdir()) == [path]


def test_a_further_name_takes_no_room_where_there_are_hard_links(tmp_path: Path) -> None:
    disk = Disk()
    disk.put_new(tmp_path / "a", b"data")
    disk.put_again(tmp_path / "a", tmp_path / "b", b"data")
    assert (tmp_path / "a").samefile(tmp_path / "b")
    LinklessDisk().put_again(tmp_path / "a", tmp_path / "c", b"data")
    assert not (tmp_path / "a").samefile(tmp_path / "c")
    assert (tmp_path / "c").read_bytes() == b"data"
