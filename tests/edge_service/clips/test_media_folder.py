"""Clips and thumbnails in the media folder: whole under their names, or not there."""

import errno
import os
from dataclasses import replace
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
OTHER_ID = UUID("0a4fbb4e-8f0c-5a0e-9f0b-3f7f3c1f2d12")
FACTORY = EventFactory("gym_demo", "cam_01", datetime(2026, 1, 31, 9, tzinfo=UTC))
CLIP = Clip(mp4=b"pictures" * 100, start_s=1.5, end_s=9.25, width=96, height=64)


class SweepingDisk(QuickDisk):
    """Another edge starts between the first write and its name, and removes the temporary file."""

    def __init__(self) -> None:
        self._swept = False

    def _link(self, source: Path, target: Path) -> None:
        if not self._swept:
            self._swept = True
            source.unlink()
        super()._link(source, target)


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


def test_a_leftover_that_cannot_be_removed_keeps_no_edge_from_starting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    left = tmp_path / f"{EVENT_ID}.mp4.tmp"
    left.write_bytes(b"x")
    remove_leftovers(tmp_path, ReadOnlyDisk())
    assert f"{left}: an earlier run left it, and it cannot be removed: Read-only file system" in caplog.text


class LinklessDisk(QuickDisk):
    """A file system without hard links, such as FAT."""

    def _link(self, source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))


@pytest.mark.parametrize("disk", [QuickDisk(), LinklessDisk()])
def test_a_stored_clip_or_thumbnail_is_never_replaced(
    tmp_path: Path, disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    media = ClipFolder(tmp_path, disk)
    media.keep_clip(EVENT_ID, CLIP, FACTORY)
    media.keep_thumbnail(EVENT_ID, b"jpeg")
    with pytest.raises(ClipError, match=r"another clip is stored as .*mp4, and no stored clip is ever replaced"):
        media.keep_clip(EVENT_ID, replace(CLIP, mp4=b"another recording"), FACTORY)
    media.keep_thumbnail(EVENT_ID, b"another picture")
    assert f"{EVENT_ID}.jpg is there already with another picture" in caplog.text
    assert (tmp_path / f"{EVENT_ID}.mp4").read_bytes() == CLIP.mp4
    assert (tmp_path / f"{EVENT_ID}.jpg").read_bytes() == b"jpeg"
    assert len(names(tmp_path)) == 2


@pytest.mark.parametrize("disk", [QuickDisk(), LinklessDisk()])
def test_the_very_same_clip_may_come_again(tmp_path: Path, disk: Disk) -> None:
    media = ClipFolder(tmp_path, disk)
    assert media.keep_clip(EVENT_ID, CLIP, FACTORY) == media.keep_clip(EVENT_ID, CLIP, FACTORY)
    assert names(tmp_path) == [f"{EVENT_ID}.mp4"]


def test_a_clip_of_two_events_is_on_the_disk_once(tmp_path: Path) -> None:
    media = ClipFolder(tmp_path, QuickDisk())
    first = media.keep_clip(EVENT_ID, CLIP, FACTORY)
    assert media.keep_clip(OTHER_ID, CLIP, FACTORY, twin_id=EVENT_ID) == first
    paths = [tmp_path / f"{event_id}.mp4" for event_id in (EVENT_ID, OTHER_ID)]
    assert paths[0].samefile(paths[1])
    paths[0].unlink()
    assert paths[1].read_bytes() == CLIP.mp4


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_clip_of_two_events_is_there_twice_where_it_cannot_be_linked(tmp_path: Path, is_gone: bool) -> None:
    """No hard links, or the first one was sent to another computer already."""
    media = ClipFolder(tmp_path, QuickDisk() if is_gone else LinklessDisk())
    media.keep_clip(EVENT_ID, CLIP, FACTORY)
    if is_gone:
        (tmp_path / f"{EVENT_ID}.mp4").unlink()
    media.keep_clip(OTHER_ID, CLIP, FACTORY, twin_id=EVENT_ID)
    assert (tmp_path / f"{OTHER_ID}.mp4").read_bytes() == CLIP.mp4


def test_another_clip_in_the_second_events_place_stays(tmp_path: Path) -> None:
    media = ClipFolder(tmp_path, QuickDisk())
    (tmp_path / f"{OTHER_ID}.mp4").write_bytes(b"another recording")
    media.keep_clip(EVENT_ID, CLIP, FACTORY)
    with pytest.raises(ClipError, match="ever replaced"):
        media.keep_clip(OTHER_ID, CLIP, FACTORY, twin_id=EVENT_ID)
    assert (tmp_path / f"{OTHER_ID}.mp4").read_bytes() == b"another recording"
    assert names(tmp_path) == sorted(f"{event_id}.mp4" for event_id in (EVENT_ID, OTHER_ID))
