"""The real edge, stopped and killed while a clip is pending and a machine is in use, then started again."""

import json
import shutil
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend_api.contract.events import Event, EventType
from backend_api.contract.media import clip_name
from tests.edge_service import tiny_videos
from tests.edge_service.local_server import serving
from tests.edge_service.restart_scene import Ledger
from tests.processes import Running, eventually, script

pytestmark = pytest.mark.e2e

FIRST_DAY, NEXT_DAY = "2026-01-31T09:00:00Z", "2026-02-01T09:00:00Z"
MIDNIGHT = datetime(2026, 2, 1, tzinfo=UTC)


def command(video: Path, folder: Path, address: str, *, start_time: str = FIRST_DAY, speed: str = "max") -> list[str]:
    return [
        *script("edge_service/main.py"),
        *("--video", str(video), "--camera-id", "cam_01", "--store-id", "gym_demo", "--seed", "42"),
        *("--media-dir", str(folder / "media"), "--outbox-dir", str(folder / "outbox"), "--backend-url", address),
        *("--start-time", start_time, "--speed", speed),
    ]


def run_to_the_end(video: Path, folder: Path, ledger: Ledger, *, start_time: str = FIRST_DAY) -> None:
    with serving(ledger) as backend, Running(command(video, folder, backend.url, start_time=start_time)) as edge:
        assert edge.wait(120) == 0
        assert "done: no event waits" in edge.lines[-1]
    assert ledger.contradictions == []
    assert not list(folder.rglob("*.tmp"))
    checkpoint = json.loads((folder / "outbox" / "cam_01.checkpoint").read_bytes())["checkpoint"]
    assert not checkpoint["pending"]
    assert not any(machine["session"] for machine in checkpoint["rules"]["machines"].values())
    clips = {path.name for path in (folder / "media").glob("*.mp4")}
    assert {clip_name(event.event_id) for event in ledger.events() if event.clip} <= clips


@pytest.fixture(scope="module")
def undisturbed(tiny_sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    ledger = Ledger()
    run_to_the_end(tiny_sample, tmp_path_factory.mktemp("undisturbed"), ledger)
    return ledger


def stands_still_at_the_moment(edge: Running, folder: Path) -> bool:
    """Whether a clip waits for its post-roll while a machine is in use; if so, it stays as it is."""
    edge.send(signal.SIGSTOP)
    if is_the_moment(folder):
        return True
    edge.send(signal.SIGCONT)
    return False


def is_the_moment(folder: Path) -> bool:
    """A clip waits for its post-roll, and a machine is in use."""
    checkpoint = json.loads((folder / "outbox" / "cam_01.checkpoint").read_bytes())["checkpoint"]
    sessions = [machine["session"] for machine in checkpoint["rules"]["machines"].values()]
    return bool(checkpoint["pending"]) and any(session and session["left_s"] is None for session in sessions)


@pytest.fixture(params=[signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
def interrupted(
    request: pytest.FixtureRequest, tiny_sample: Path, undisturbed: Ledger, tmp_path: Path
) -> tuple[Path, Ledger]:
    """The folder of a run that was ended by a signal, and what it had handed over by then."""
    folder, ledger = tmp_path / "interrupted", Ledger()
    with serving(ledger) as backend, Running(command(tiny_sample, folder, backend.url, speed="4")) as edge:
        edge.wait_for("MACHINE_OCCUPIED_START")
        eventually(lambda: stands_still_at_the_moment(edge, folder), "a clip is pending while a machine is in use")
        edge.send(request.param)
        edge.send(signal.SIGCONT)
        code = edge.wait()
    if request.param is signal.SIGTERM:
        assert code == 0
        assert "done: no event waits" in edge.lines[-1]
    assert len(ledger.bodies) < len(undisturbed.bodies)
    assert ledger.bodies.items() <= undisturbed.bodies.items()
    return folder, ledger


def test_what_a_signal_ended_is_completed_by_the_same_run_and_closed_by_a_later_one(
    interrupted: tuple[Path, Ledger], undisturbed: Ledger, tiny_sample: Path, tmp_path: Path
) -> None:
    folder, ledger = interrupted
    other_folder, other_ledger = tmp_path / "other", Ledger(dict(ledger.bodies))
    shutil.copytree(folder, other_folder)

    run_to_the_end(tiny_sample, folder, ledger)
    assert ledger.bodies == undisturbed.bodies

    second = tiny_videos.draw_video(tmp_path / "second.mp4", seconds=1)
    run_to_the_end(second, other_folder, other_ledger, start_time=NEXT_DAY)
    check_closed([event for event in other_ledger.events() if event.ts < MIDNIGHT], undisturbed.events())


def check_closed(events: list[Event], whole: list[Event]) -> None:
    """Each session has one END: its own, or an earlier one that says that it was made after a restart."""
    ends = {event.session_id: event for event in events if event.event_type is EventType.MACHINE_OCCUPIED_END}
    starts = [event for event in events if event.event_type is EventType.MACHINE_OCCUPIED_START]
    assert sorted(ends) == sorted(start.event_id for start in starts)
    own_ends = {event.session_id: event for event in whole if event.event_type is EventType.MACHINE_OCCUPIED_END}
    recovered = [end for end in ends.values() if end.attributes["end_reason"] == "recovered"]
    assert recovered
    for start in starts:
        end, own = ends[start.event_id], own_ends[start.event_id]
        assert start.ts < end.ts <= own.ts
        assert end.ts == own.ts or end in recovered
    assert {event.event_id for event in events} <= {event.event_id for event in [*whole, *recovered]}
