"""The edge, cut short at every single write, fsync, truncation, rename and unlink, then started again."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.edge_service.crashing_disk import Crash, CrashingDisk, QuickDisk
from tests.edge_service.restart_checks import check_handed_over, check_sessions, end_reasons
from tests.edge_service.restart_scene import Scene

SHORT_PAUSE_S, LONG_PAUSE_S = 0.6, 60.0


def crashes(
    scene_in: Callable[[Path], Scene],
    folder: Path,
    *,
    power_cut: bool = False,
    begins_s: float = 0.0,
    dies_s: float = 1e9,
    first: int = 0,
    step: int = 1,
) -> Iterator[Scene]:
    """The scene after a run that dies at an operation of the disk, at each `step`-th in turn from the `first` on; at
    `dies_s` at the latest. A write that is cut short leaves its half."""
    for crash_at in itertools.count(first, step):
        scene = scene_in(folder / str(crash_at))
        disk = CrashingDisk(scene.folder, crash_at, half=True, power_cut=power_cut)
        with suppress(Crash):
            scene.run(disk, begins_s=begins_s, dies_s=dies_s)
        disk.restore()
        if disk.operations <= crash_at:
            assert crash_at > 20
            return
        yield scene
        shutil.rmtree(scene.folder)


@pytest.fixture
def killed(long_video: Path, memory: Path) -> Scene:
    """Killed while the first two clips of the second session wait for their post-roll."""
    scene = Scene(long_video, memory / "killed")
    with pytest.raises(Crash):
        scene.run(QuickDisk(), dies_s=7.2)
    assert len(scene.promised - set(scene.ledger.bodies)) == 2
    return scene


# At every operation either the power fails or the process is killed, and where that is thorough both are tried.
EVEN, ODD = 0, 1
OTHERS = pytest.mark.thorough


@pytest.mark.parametrize("first", [EVEN, pytest.param(ODD, marks=OTHERS)])
def test_after_a_power_cut_the_same_run_completes_the_same_events(undisturbed: Scene, memory: Path, first: int) -> None:
    for scene in crashes(lambda folder: Scene(undisturbed.video, folder), memory, power_cut=True, first=first, step=2):
        scene.run(QuickDisk())
        assert scene.ledger.bodies == undisturbed.ledger.bodies
        assert scene.ledger.contradictions == []
        scene.check_media()
        assert scene.left_open() == []


@pytest.mark.parametrize("first", [ODD, pytest.param(EVEN, marks=OTHERS)])
def test_after_a_kill_a_later_run_loses_nothing_and_continues_or_closes_what_was_open(
    undisturbed: Scene, short_video: Path, memory: Path, first: int
) -> None:
    reasons: dict[float, set[str]] = {SHORT_PAUSE_S: set(), LONG_PAUSE_S: set()}
    for crashed in crashes(lambda folder: Scene(undisturbed.video, folder), memory, first=first, step=2):
        for pause_s, found in reasons.items():
            after = replace(crashed.copy(memory / "copy"), video=short_video)
            after.run(QuickDisk(), begins_s=crashed.last_look_s + pause_s)
            check_handed_over(crashed, after, undisturbed)
            check_sessions(after)
            found |= end_reasons(after)
            shutil.rmtree(after.folder)
    assert reasons == {
        SHORT_PAUSE_S: {"left", "end_of_stream"},
        LONG_PAUSE_S: {"left", "end_of_stream", "recovered"},
    }


def test_a_restart_that_is_killed_too_makes_up_for_everything_the_next_time(
    undisturbed: Scene, killed: Scene, short_video: Path, memory: Path
) -> None:
    for after in crashes(lambda folder: replace(killed.copy(folder), video=short_video), memory, begins_s=60.0):
        after.run(QuickDisk(), begins_s=120.0)
        check_handed_over(killed, after, undisturbed)
        check_sessions(after)
        assert "recovered" in end_reasons(after)


def test_a_repetition_that_is_killed_forgets_nothing_of_the_run_that_it_repeats(
    undisturbed: Scene, killed: Scene, short_video: Path, memory: Path
) -> None:
    for again in crashes(killed.copy, memory, dies_s=7.1, step=3):
        after = replace(again, video=short_video)
        after.run(QuickDisk(), begins_s=60.0)
        check_handed_over(killed, after, undisturbed)
        check_sessions(after)
        assert "recovered" in end_reasons(after)
