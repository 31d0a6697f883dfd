"""The file of the checkpoint: what is stored comes back, or nothing does."""

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_api.base.process import UsageError
from backend_api.contract.events import EndReason, EventType
from edge_service.pipeline.checkpoint import Checkpoint, CheckpointFile, Run
from edge_service.rules.rule_event import Hit
from tests.edge_service.crashing_disk import Crash, CrashingDisk, QuickDisk

START_TIME = datetime(2026, 1, 31, 9, tzinfo=UTC)
RUN = Run("/videos/gym.mp4", "gym", "cam_01", START_TIME)
OLD = Checkpoint(RUN, {"time_s": 1.0, "machines": {}}, ())
NEW = Checkpoint(RUN, {"time_s": 2.0, "machines": {}}, (Hit(EventType.CLEANING_ATTEMPT, "bike", 1.5, 0.5, 1, 0.9),))

seconds = st.integers(-(10**9), 10**9).map(lambda ms: ms / 1000)
maybe_seconds = st.none() | seconds
hits = st.builds(
    Hit,
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


@given(st.builds(Checkpoint, run=runs, rules=jsons, pending=st.lists(hits, max_size=4).map(tuple)))
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
    with pytest.raises(UsageError, match=r"cam_01.checkpoint can't be used \(Is a directory\): .* remove it"):
        file_in(tmp_path).load()
