"""When checkpoints are written, and what becomes of them on a disk that does not take them."""

import errno
import logging
import os
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from edge_service.pipeline.checkpoint import Checkpoint, CheckpointFile, Run
from edge_service.pipeline.checkpointing import INTERVAL_S, Checkpointer
from tests.edge_service.crashing_disk import QuickDisk
from tests.fake_clock import FakeClock

RUN = Run("/videos/gym.mp4", "gym", "cam_01", datetime(2026, 1, 31, 9, tzinfo=UTC))


class SwitchedDisk(QuickDisk):
    """Takes nothing while `writes_fail`, gives up nothing while `removals_fail`, not even bytes while `cuts_fail`."""

    writes_fail = False
    removals_fail = False
    cuts_fail = False

    def _write(self, descriptor: int, data: bytes) -> None:
        if self.writes_fail:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super()._write(descriptor, data)

    def _unlink(self, path: Path) -> None:
        if self.removals_fail:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        super()._unlink(path)

    def _truncate(self, descriptor: int, length_bytes: int) -> None:
        if self.cuts_fail:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        super()._truncate(descriptor, length_bytes)


class Desk:
    """A Checkpointer whose checkpoints are numbered from 0, and its file."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.disk = SwitchedDisk()
        self.file = CheckpointFile(folder / "cam_01.checkpoint", self.disk)
        self.is_silent = False
        self._numbers = count()
        self.checkpointer = Checkpointer(self.file, self._take, self.clock)

    def _take(self) -> Checkpoint | None:
        return None if self.is_silent else Checkpoint(RUN, next(self._numbers), ())

    @property
    def stored(self) -> object:
        """The number of the checkpoint in the file; None without one."""
        checkpoint = self.file.load()
        return checkpoint and checkpoint.rules


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_one_is_due_at_once_and_then_every_second(desk: Desk) -> None:
    numbers = []
    for _ in range(12):
        desk.checkpointer.save_if_due()
        numbers.append(desk.stored)
        desk.clock.advance(INTERVAL_S / 4)
    assert numbers == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]


def test_one_that_was_asked_for_moves_the_next_that_is_due(desk: Desk) -> None:
    desk.checkpointer.save()
    desk.clock.advance(0.9 * INTERVAL_S)
    desk.checkpointer.save()
    desk.clock.advance(0.9 * INTERVAL_S)
    desk.checkpointer.save_if_due()
    assert desk.stored == 1


def test_where_there_is_none_to_take_the_file_stays_as_it_is(desk: Desk) -> None:
    desk.checkpointer.save()
    desk.is_silent = True
    desk.checkpointer.save()
    assert desk.stored == 0


def test_a_full_disk_is_told_once_and_leaves_no_stale_one_until_there_is_room(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.checkpointer.save()
    for _ in range(2):
        caplog.clear()
        desk.disk.writes_fail = True
        for _ in range(3):
            desk.checkpointer.save()
        assert desk.stored is None
        assert [record.levelno for record in caplog.records] == [logging.WARNING]
        assert "No space left on device" in caplog.text
        desk.disk.writes_fail = False
        desk.checkpointer.save()
        assert isinstance(desk.stored, int)


def test_a_disk_that_cannot_be_changed_at_all_stops_nothing(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.checkpointer.save()
    desk.disk.writes_fail = desk.disk.removals_fail = desk.disk.cuts_fail = True
    desk.checkpointer.save()
    desk.checkpointer.save()
    assert len(caplog.records) == 1


def test_a_folder_that_cannot_be_changed_keeps_no_stale_one_either(desk: Desk) -> None:
    desk.checkpointer.save()
    desk.disk.writes_fail = desk.disk.removals_fail = True
    desk.checkpointer.save()
    desk.disk.removals_fail = False
    assert desk.stored is None
