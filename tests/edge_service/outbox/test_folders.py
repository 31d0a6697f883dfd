"""Folders are tried before they are needed."""

import errno
import os
import tempfile
from pathlib import Path

import pytest

from backend_api.base.process import UsageError
from edge_service.outbox.folders import make_writable


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
    def no_room(dir: Path) -> None:  # noqa: A002 - as tempfile calls it
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "TemporaryFile", no_room)
    assert make_writable(tmp_path, "--media-dir") == tmp_path
    assert f"{tmp_path}: No space left on device; free some" in caplog.text
