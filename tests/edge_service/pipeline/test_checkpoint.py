"""The checkpoint: what is stored comes back or nothing does, when it is written, and a disk that does not take it."""

import errno
import logging
import os
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_api.base.process import UsageError
from backend_api.contract.events import EndReason, EventType
from edge_service.pipeline.checkpoint import INTERVAL_S, Checkpoint, Checkpointer, CheckpointFile, Run
from edge_service.rules.rule_event import RuleEvent
from tests.edge_service.crashing_disk import Crash, CrashingDisk, QuickDisk
from tests.fake_clock import FakeClock

START_TIME = datetime(2026, 1, 31, 9, tzinfo=UTC)
RUN = Run("/videos/gym.mp4", "gym", "cam_01", START_TIME)
OLD = Checkpoint(RUN, {"time_s": 1.0, "machines": {}}, ())
NEW = Checkpoint(
    RUN, {"time_s": 2.0, "machines": {}}, (RuleEvent(EventType.CLEANING_ATTEMPT, "bike", 1.5, 0.5, 1, 0.9),)
)

seconds = st.integers(-(10**9), 10**9).map(lambda ms: ms / 1000)
maybe_seconds = st.none() | seconds
rule_events = st.builds(
    RuleEvent,
    event_type=st.sampled_from(EventType),
    machine_id=st.text(max_size=9),
    time_s=seconds,
    session_start_s=seconds,
    track_id=st.none() | st.integers(0, 10**6),
    confidence=st.floats(0, 1),
    occupied_s=maybe_seconds,
    end_reason=st.none() | st.sampled_from(EndReason),
    closes_at_s=maybe_seconds,
    seconds_into_window=maybe_seconds,
)
runs = st.builds(
    Run,
    video=st.text(max_size=20),
    store_id=st.text(max_size=9),
    camera_id=st.text(max_size=9),
    start_time=st.integers(0, 10**12).map(lambda ms: START_TIME + timedelta(milliseconds=ms)),
)
jsons = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | seconds | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=9,
)


def file_in(folder: Path) -> CheckpointFile:
    return CheckpointFile(folder / "cam_01.checkpoint", QuickDisk())


@given(st.builds(Checkpoint, run=runs, rules=jsons, pending=st.lists(rule_events, max_size=4).map(tuple)))
def test_what_is_stored_comes_back_whatever_it_is(tmp_path: Path, checkpoint: Checkpoint) -> None:
    file = file_in(tmp_path)
    file.store(checkpoint)
    assert file.load() == checkpoint


def test_without_a_file_there_is_none_and_forgetting_it_again_is_no_error(tmp_path: Path) -> None:
    file = file_in(tmp_path)
    assert file.load() is None
    file.store(NEW)
    file.forget()
    file.forget()
    assert file.load() is None
    assert list(tmp_path.iterdir()) == []


@given(st.data())
def test_damage_anywhere_is_found(tmp_path: Path, data: st.DataObject) -> None:
    file, path = file_in(tmp_path), tmp_path / "cam_01.checkpoint"
    file.store(NEW)
    line = bytearray(path.read_bytes())
    position = data.draw(st.integers(0, len(line) - 1))
    line[position] ^= data.draw(st.integers(1, 255))
    path.write_bytes(line if data.draw(st.booleans()) else line[:position])
    assert file.load() is None


def test_damage_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "cam_01.checkpoint").write_bytes(b"")
    with caplog.at_level(logging.WARNING):
        assert file_in(tmp_path).load() is None
    assert f"{tmp_path / 'cam_01.checkpoint'} is damaged" in caplog.text


@pytest.mark.parametrize("power_cut", [False, True], ids=["killed", "power cut"])
@pytest.mark.parametrize("half", [False, True], ids=["before a write", "half-way"])
def test_a_crash_leaves_the_old_one_or_the_new_one(tmp_path: Path, half: bool, power_cut: bool) -> None:
    for crash_at in range(4):
        folder = tmp_path / str(crash_at)
        folder.mkdir()
        file_in(folder).store(OLD)
        disk = CrashingDisk(folder, crash_at, half=half, power_cut=power_cut)
        with pytest.raises(Crash):
            CheckpointFile(folder / "cam_01.checkpoint", disk).store(NEW)
        disk.restore()
        assert file_in(folder).load() in (OLD, NEW)
        assert [path.name for path in folder.iterdir()] == ["cam_01.checkpoint"]


def test_a_file_that_cannot_be_read_is_one_line_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "cam_01.checkpoint").mkdir()
    with pytest.raises(UsageError, match=r"cam_01.checkpoint cannot be used \(Is a directory\): .* remove it"):
        file_in(tmp_path).load()


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
