"""The file of lines: positions keep their meaning, whatever is dropped and whatever fails on the way."""

import errno
import os
from pathlib import Path

import pytest

from edge_service.outbox.event_log import EventLog
from tests.edge_service.crashing_disk import CrashingDisk, QuickDisk, StubbornDisk

LINES = [b"%d of the lines\n" % number for number in range(20)]


class UnsyncedFolder(QuickDisk):
    """Fails to make the folder's names sure after `syncs_left` more times."""

    syncs_left = 10**9

    def sync_folder(self, folder: Path) -> None:
        if self.syncs_left == 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self.syncs_left -= 1
        super().sync_folder(folder)


def fill(log: EventLog) -> list[int]:
    """Append all lines; the position of each."""
    positions = []
    for line in LINES:
        positions.append(log.end)
        log.append(line)
    return positions


def test_positions_survive_the_dropping_of_the_front_and_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = EventLog.open(path, None, QuickDisk())
    positions = fill(log)
    size_bytes = path.stat().st_size
    log.drop_before(positions[12])
    assert path.stat().st_size < size_bytes
    for restarted in (False, True):
        opened = EventLog.open(path, positions[15], QuickDisk()) if restarted else log
        assert opened.base == positions[12]
        assert opened.size_bytes == path.stat().st_size
        assert [*opened.lines(positions[15])] == LINES[15:]
        assert opened.count(positions[15]) == 5


def test_an_exchange_that_fails_before_the_rename_leaves_the_log_as_it_was(tmp_path: Path) -> None:
    disk = StubbornDisk()
    log = EventLog.open(tmp_path / "log", None, disk)
    positions = fill(log)
    disk.is_failing = True
    with pytest.raises(OSError, match="error"):
        log.drop_before(positions[12])
    disk.is_failing = False
    assert [*log.lines(0)] == LINES
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_an_exchange_that_fails_after_the_rename_is_made_sure_of_by_the_next_append(tmp_path: Path) -> None:
    disk = UnsyncedFolder()
    log = EventLog.open(tmp_path / "log", None, disk)
    positions = fill(log)
    # The first one is that of the new file beside the old one.
    disk.syncs_left = 1
    with pytest.raises(OSError, match="error"):
        log.drop_before(positions[12])
    with pytest.raises(OSError, match="error"):
        log.append(b"more\n")
    disk.syncs_left = 10
    log.append(b"more\n")
    assert log.base == positions[12]
    assert [*log.lines(positions[18])] == [*LINES[18:], b"more\n"]
    assert (tmp_path / "log").stat().st_size == log.size_bytes


def test_what_a_failed_append_has_left_is_cut_off_before_the_next_one(tmp_path: Path) -> None:
    disk = StubbornDisk()
    log = EventLog.open(tmp_path / "log", None, disk)
    log.append(LINES[0])
    disk.is_failing = True
    with pytest.raises(OSError, match="error"):
        log.append(LINES[1])
    disk.is_failing = False
    log.append(LINES[2])
    assert [*log.lines(0)] == [LINES[0], LINES[2]]


def test_a_name_that_a_killed_process_left_unsure_is_made_sure_of_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "log"
    EventLog.open(path, None, QuickDisk())
    disk = CrashingDisk(tmp_path, None, power_cut=True, settled=False)
    EventLog.open(path, None, disk).append(LINES[0])
    disk.restore()
    assert [*EventLog.open(path, None, QuickDisk()).lines(0)] == [LINES[0]]


def test_it_can_be_emptied_unless_a_line_has_come_in_between(tmp_path: Path) -> None:
    log = EventLog.open(tmp_path / "log", None, QuickDisk())
    positions = fill(log)
    assert not log.empty(positions[19])
    assert [*log.lines(0)] == LINES
    assert log.empty(log.end)
    assert log.end == log.base
    assert (tmp_path / "log").stat().st_size == log.size_bytes
    log.append(LINES[0])
    assert [*log.lines(log.base)] == [LINES[0]]


def test_emptying_that_fails_is_made_good_by_the_next_append(tmp_path: Path) -> None:
    disk = UnsyncedFolder()
    log = EventLog.open(tmp_path / "log", None, disk)
    fill(log)
    disk.syncs_left = 0
    assert log.empty(log.end)
    disk.syncs_left = 10
    log.append(LINES[5])
    assert [*log.lines(log.base)] == [LINES[5]]


def test_a_left_over_new_file_is_removed(tmp_path: Path) -> None:
    EventLog.open(tmp_path / "log", None, QuickDisk())
    (tmp_path / "log.tmp").write_bytes(b"half of it")
    EventLog.open(tmp_path / "log", None, QuickDisk())
    assert not (tmp_path / "log.tmp").exists()


def test_a_file_that_somebody_has_cut_says_so(tmp_path: Path) -> None:
    log = EventLog.open(tmp_path / "log", None, QuickDisk())
    positions = fill(log)
    os.truncate(tmp_path / "log", 100)
    with pytest.raises(OSError, match="shorter than it was"):
        [*log.lines(0)]
    with pytest.raises(OSError, match="shorter than it was"):
        log.drop_before(positions[12])
