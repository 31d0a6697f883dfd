"""The frames that the model was shown lie in the media folder, whole or not at all."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from backend_api.media.folder import MediaFolder
from mm_worker.frames.kept_frames import keep_pictures
from mm_worker.frames.pictures import Picture
from tests.backend_api.events import make_event

EVENT_ID = make_event().event_id
PICTURES = [Picture(0.5, b"first", "x"), Picture(1.5, b"second", "x")]


def test_frames_are_numbered_from_one(tmp_path: Path) -> None:
    media = MediaFolder(tmp_path)
    keep_pictures(media, EVENT_ID, PICTURES)
    assert media.frame_path(EVENT_ID, 1).read_bytes() == b"first"
    assert media.frame_path(EVENT_ID, 2).read_bytes() == b"second"
    assert len(list(tmp_path.iterdir())) == 2


def test_what_is_there_already_is_left_alone_and_the_rest_replaced(tmp_path: Path) -> None:
    media = MediaFolder(tmp_path)
    keep_pictures(media, EVENT_ID, PICTURES)
    os.utime(media.frame_path(EVENT_ID, 1), (0, 0))
    media.frame_path(EVENT_ID, 2).write_bytes(b"older")
    keep_pictures(media, EVENT_ID, PICTURES)
    assert media.frame_path(EVENT_ID, 1).stat().st_mtime == 0
    assert media.frame_path(EVENT_ID, 2).read_bytes() == b"second"


def test_a_name_is_given_only_to_what_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(descriptor: int) -> None:
        done.append("fsync")
        fsync(descriptor)

    def renamed(path: Path, target: Path) -> Path:
        done.append("rename")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    keep_pictures(MediaFolder(tmp_path), EVENT_ID, PICTURES)
    assert done == ["fsync", "fsync", "rename", "rename", "fsync"]


def test_a_full_disk_is_told_and_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with caplog.at_level(logging.WARNING):
        keep_pictures(MediaFolder(tmp_path), EVENT_ID, PICTURES)
    assert "No space left on device" in caplog.text
    assert list(tmp_path.iterdir()) == []


def while_writing(act: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `act` done when the next picture is on the disk, and does not bear its name yet."""
    fsync = os.fsync

    def sync_and_act(descriptor: int) -> None:
        monkeypatch.undo()
        fsync(descriptor)
        act()

    monkeypatch.setattr(os, "fsync", sync_and_act)


def test_what_a_starting_backend_takes_for_a_leftover_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    media = MediaFolder(tmp_path)
    while_writing(media.remove_leftovers, monkeypatch)
    keep_pictures(media, EVENT_ID, PICTURES[:1])
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"first"]
    assert not caplog.records


def test_a_folder_that_is_gone_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    keep_pictures(MediaFolder(tmp_path / "gone"), EVENT_ID, PICTURES)
    assert "No such file" in caplog.text


def test_two_that_judge_the_same_event_are_not_in_each_others_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One of them has lost its claim, and does not know it yet."""
    media = MediaFolder(tmp_path)
    while_writing(lambda: keep_pictures(media, EVENT_ID, PICTURES[:1]), monkeypatch)
    keep_pictures(media, EVENT_ID, PICTURES[:1])
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"first"]
    assert not caplog.records
