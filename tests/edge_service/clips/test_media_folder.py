"""Clips and thumbnails in the media folder: whole under their names, or not there."""

import errno
import os
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_api.base.durable_files import Disk
from edge_service.clips.cut import ClipError
from edge_service.clips.event_factory import EventFactory
from edge_service.clips.media_folder import ClipFolder, remove_leftovers
from edge_service.clips.mp4 import Clip
from tests.edge_service.crashing_disk import Crash, CrashingDisk, FullDisk, QuickDisk

EVENT_ID = UUID("0a4fbb4e-8f0c-5a0e-9f0b-3f7f3c1f2d11")
FACTORY = EventFactory("gym_demo", "cam_01", datetime(2026, 1, 31, 9, tzinfo=UTC))
CLIP = Clip(mp4=b"pictures" * 100, start_s=1.5, end_s=9.25, width=96, height=64)


class SweepingDisk(QuickDisk):
    """Another edge starts between the first write and its rename, and removes the temporary file."""

    def __init__(self) -> None:
        self._swept = False

    def _rename(self, source: Path, target: Path) -> None:
        if not self._swept:
            self._swept = True
            source.unlink()
        super()._rename(source, target)


class ReadOnlyDisk(QuickDisk):
    """Refuses every change."""

    def _write(self, descriptor: int, data: bytes) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def _unlink(self, path: Path) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_clip_bears_its_events_id_and_is_what_is_promised(tmp_path: Path) -> None:
    info = ClipFolder(tmp_path, Disk()).keep_clip(EVENT_ID, CLIP, FACTORY)
    assert names(tmp_path) == [f"{EVENT_ID}.mp4"]
    data = (tmp_path / f"{EVENT_ID}.mp4").read_bytes()
    assert data == CLIP.mp4
    assert (info.bytes, info.sha256) == (len(data), sha256(data).hexdigest())
    assert (info.codec, info.width, info.height) == ("h264", 96, 64)
    assert info.start_ts == datetime(2026, 1, 31, 9, 0, 1, 500_000, tzinfo=UTC)
    assert info.end_ts == datetime(2026, 1, 31, 9, 0, 9, 250_000, tzinfo=UTC)


@given(st.integers(0, 12), st.booleans(), st.booleans())
def test_wherever_the_power_fails_the_name_means_the_whole_clip(
    tmp_path_factory: pytest.TempPathFactory, crash_at: int, half: bool, power_cut: bool
) -> None:
    folder = tmp_path_factory.mktemp("media")
    disk = CrashingDisk(folder, crash_at, half=half, power_cut=power_cut)
    try:
        ClipFolder(folder, disk).keep_clip(EVENT_ID, CLIP, FACTORY)
        was_promised = True
    except Crash:
        was_promised = False
    disk.restore()
    remove_leftovers(folder, QuickDisk())
    assert names(folder) in ([f"{EVENT_ID}.mp4"], [] if not was_promised else None)
    assert all(path.read_bytes() == CLIP.mp4 for path in folder.iterdir())


@pytest.mark.parametrize("operation", range(3))
def test_a_full_disk_is_told_and_nothing_is_left(operation: int, tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="No space left on device"):
        ClipFolder(tmp_path, FullDisk(operation, operation)).keep_clip(EVENT_ID, CLIP, FACTORY)
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_changed_is_told(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="Read-only file system"):
        ClipFolder(tmp_path, ReadOnlyDisk()).keep_clip(EVENT_ID, CLIP, FACTORY)


def test_a_folder_that_has_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="No such file or directory"):
        ClipFolder(tmp_path / "gone", QuickDisk()).keep_clip(EVENT_ID, CLIP, FACTORY)


def test_a_swept_temporary_file_is_written_again(tmp_path: Path) -> None:
    ClipFolder(tmp_path, SweepingDisk()).keep_clip(EVENT_ID, CLIP, FACTORY)
    assert names(tmp_path) == [f"{EVENT_ID}.mp4"]


def test_a_thumbnail_that_cannot_be_written_is_logged_and_no_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ClipFolder(tmp_path, FullDisk(0, 0)).keep_thumbnail(EVENT_ID, b"jpeg")
    assert names(tmp_path) == []
    assert f"{EVENT_ID}.jpg" in caplog.text
    assert "No space left on device" in caplog.text


def test_leftovers_go_and_everything_else_stays(tmp_path: Path) -> None:
    stays = [f"{EVENT_ID}.mp4", f"{EVENT_ID}.jpg", "notes.tmp", "holiday.mp4", f"{EVENT_ID}.upload.tmp"]
    for name in [*stays, f"{EVENT_ID}.mp4.tmp", f"{EVENT_ID}.jpg.tmp"]:
        (tmp_path / name).write_bytes(b"x")
    remove_leftovers(tmp_path, QuickDisk())
    assert names(tmp_path) == sorted(stays)
