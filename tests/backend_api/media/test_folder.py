"""The media folder at a start: leftovers go, and a full disk is no reason not to start."""

import errno
import hashlib
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest

from backend_api.base.durable_files import Disk, temporary_path
from backend_api.base.process import UsageError
from backend_api.contract.media import clip_name, frame_name, thumbnail_name
from backend_api.media.folder import MediaFolder
from tests.backend_api.events import make_event

EVENT_ID = make_event().event_id
NAMES = [clip_name(EVENT_ID), thumbnail_name(EVENT_ID), frame_name(EVENT_ID, 12)]


def no_room(*_args: object, **_options: object) -> None:
    """What every write says on a full disk."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("name", NAMES)
def test_leftovers_go(tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture) -> None:
    leftovers = [temporary_path(tmp_path / name) for _ in range(3)]
    assert len({*leftovers}) == 3
    for path in leftovers:
        path.write_bytes(b"half of")
    caplog.set_level("INFO")
    MediaFolder.open(tmp_path).remove_leftovers()
    assert list(tmp_path.iterdir()) == []
    assert all(str(path) in caplog.text for path in leftovers)


@pytest.mark.parametrize("name", [*NAMES, f"{NAMES[0]}.tmp", "notes.12345678.tmp", f"{NAMES[0]}.notes.tmp", "x.tmp"])
def test_everything_else_stays(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"whole")
    MediaFolder.open(tmp_path).remove_leftovers()
    assert (tmp_path / name).read_bytes() == b"whole"


def test_on_a_full_disk_the_folder_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    MediaFolder.open(tmp_path).mark(UUID(int=1))

    with monkeypatch.context() as disk:
        disk.setattr("tempfile.NamedTemporaryFile", no_room)
        disk.setattr(Disk, "_write", no_room)
        media = MediaFolder.open(tmp_path)
        media.mark(UUID(int=2))
    assert f"{tmp_path}: No space left on device" in caplog.text
    assert media.find_id() == UUID(int=1)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_full_disk_on_which_there_is_no_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "mkdir", no_room)
    with pytest.raises(UsageError, match=r"media: No space left on device; .*with --media-dir"):
        MediaFolder.open(tmp_path / "media")


def test_uploads_of_several_threads_do_not_trip_over_each_other(tmp_path: Path) -> None:
    class NoWait(Disk):
        def _fsync(self, _descriptor: int) -> None:
            pass

    media = MediaFolder(tmp_path, NoWait())

    def put(thread: int) -> None:
        for number in range(80):
            name, content = f"{thread}-{number}.mp4", f"{thread} {number}".encode()
            temporary = media.temporary_path(name)
            temporary.write_bytes(content)
            assert media.put_new(temporary, name, hashlib.sha256(content).hexdigest())

    before = sys.getswitchinterval()
    # As often as can be, so that each thread is met in the middle of what the others do.
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(6) as threads:
            list(threads.map(put, range(6)))
    finally:
        sys.setswitchinterval(before)
    assert len(list(tmp_path.iterdir())) == 6 * 80
