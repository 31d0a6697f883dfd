"""Records that are set aside, each once."""

from pathlib import Path

import pytest

from backend_api.base.durable_files import Disk
from edge_service.outbox.record_file import RecordFile
from tests.edge_service.crashing_disk import StubbornDisk


def test_records_are_appended_in_order(tmp_path: Path) -> None:
    records = RecordFile(tmp_path / "aside.jsonl", Disk())
    assert records.add([b"1\n", b"2\n"]) == 2
    assert records.add([b"3\n"]) == 1
    assert records.path.read_bytes() == b"1\n2\n3\n"


def test_without_a_record_there_is_no_file(tmp_path: Path) -> None:
    records = RecordFile(tmp_path / "aside.jsonl", Disk())
    assert records.add([]) == 0
    assert not records.path.exists()


def test_a_repeat_adds_nothing_also_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "aside.jsonl"
    RecordFile(path, Disk()).add([b"1\n", b"2\n"])
    restarted = RecordFile(path, Disk())
    assert restarted.add([b"1\n", b"2\n", b"2\n", b"3\n", b"3\n"]) == 1
    assert path.read_bytes() == b"1\n2\n3\n"


def test_a_torn_last_record_is_cut_off_and_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "aside.jsonl"
    path.write_bytes(b"first\nsec")
    assert RecordFile(path, Disk()).add([b"second\n"]) == 1
    assert path.read_bytes() == b"first\nsecond\n"


def test_what_a_failed_append_has_left_is_cut_off_before_the_next_one(tmp_path: Path) -> None:
    disk = StubbornDisk()
    records = RecordFile(tmp_path / "aside.jsonl", disk)
    records.add([b"first\n"])
    disk.is_failing = True
    with pytest.raises(OSError, match="error"):
        records.add([b"second\n"])
    disk.is_failing = False
    records.add([b"second\n"])
    assert records.path.read_bytes() == b"first\nsecond\n"
