"""Several cameras in one process: what they find is what a process for each finds, and one that fails hinders none."""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import pytest

import edge_service.main
from backend_api.base.clock import SystemClock
from backend_api.base.durable_files import Disk
from backend_api.base.http_client import Answer
from backend_api.base.process import EXIT_DONE, EXIT_FAILED, UsageError
from backend_api.base.watchdog import Watchdog
from backend_api.contract.cameras import CameraReport, CameraReports, CameraSetup
from backend_api.contract.events import BatchResult
from edge_service.camera_run import CameraPlan, Surroundings
from edge_service.cameras import load_cameras
from edge_service.delivery.backend_client import BackendClient
from edge_service.detection.runtime import Networks
from edge_service.detection.turns import Turns
from edge_service.main import (
    plan_again,
    plan_camera,
    plan_cameras,
    preview_of_camera,
    watch_all,
    watch_one,
    watched,
)
from edge_service.options import Options, parse_options
from edge_service.watched_camera import WatchedCamera
from tests.edge_service import tiny_videos
from tests.edge_service.local_server import serving

CAMERAS = 8
NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)
RULES = "{enter_s: 2, exit_s: 1, attempt_s: 1, window_s: 8}"


class Backend:
    """Takes all events and reports."""

    def __init__(self) -> None:
        self.events: dict[str, str] = {}
        self.reports: dict[str, list[CameraReport]] = {}
        self.setups: dict[str, CameraSetup] = {}

    def post(self, ndjson: bytes) -> Answer:
        lines = ndjson.decode().splitlines()
        self.events |= {json.loads(line)["event_id"]: line for line in lines}
        result = BatchResult(stored=len(lines), duplicates=0, rejected=[])
        return Answer(200, result.model_dump_json().encode())

    def put(self, path: str, body: bytes | BinaryIO, headers: Mapping[str, str]) -> Answer:
        assert isinstance(body, bytes)
        _, _, *names = path.split("?")[0].split("/")
        if path == "/cameras":
            for one in CameraReports.model_validate_json(body).reports:
                self.reports.setdefault(one.camera_id, []).append(one.report)
            return Answer(200, b"")
        camera_id, *what = names
        if not what:
            self.reports.setdefault(camera_id, []).append(CameraReport.model_validate_json(body))
        elif what == ["setup"]:
            self.setups[camera_id] = CameraSetup.model_validate_json(body)
        return Answer(204, b"")


@pytest.fixture
def backend() -> Backend:
    return Backend()


@pytest.fixture
def address(backend: Backend) -> Iterator[str]:
    with serving(backend) as server:
        yield server.url


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("several") / "gym.mp4"
    return tiny_videos.draw_video(path, rate=Fraction(5), seconds=20, key_every=5)


def configured(folder: Path, videos: list[str]) -> Path:
    def camera(number: int, video: str) -> str:
        left = 0.05 + 0.05 * number  # each sees other people in it
        zone = f"[[{left}, 0.3], [{left + 0.4}, 0.3], [{left + 0.4}, 0.95], [{left}, 0.95]]"
        machines = f"[{{machine_id: bench_{number}, name: Bench, zone: {zone}}}]"
        return f"  - {{camera_id: cam_{number}, video: {video}, machines: {machines}}}\n"

    path = folder / "gym.yaml"
    cameras = "".join(camera(number, video) for number, video in enumerate(videos, start=1))
    common = f"rules: {RULES}\ndetector: {{fps: 2.5}}\nclip: {{pre_s: 1, post_s: 1, end_pre_s: 2}}\n"
    path.write_text(f"store_id: gym_demo\n{common}cameras:\n{cameras}", encoding="utf-8")
    return path


def options(config: Path, *flags: str) -> Options:
    return parse_options(["--config", str(config), "--speed", "max", *flags], {})


def around(folder: Path, address: str, turns: Turns | None) -> Surroundings:
    for name in ("media", "outbox"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return Surroundings(
        folder / "media", folder / "outbox", address, None, False, Networks(turns), Disk(), SystemClock(), 60.0
    )


def cameras(
    plans: Sequence[CameraPlan], given: Options, config: Path, surroundings: Surroundings
) -> list[WatchedCamera]:
    backend = BackendClient(surroundings.backend_url, SystemClock())
    return [watched(plan, given, config, surroundings, backend, Watchdog(SystemClock(), {})) for plan in plans]


def media(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (folder / "media").iterdir()}


def test_eight_cameras_in_a_process_find_what_eight_processes_find(
    tmp_path: Path, video: Path, backend: Backend, address: str
) -> None:
    config = configured(tmp_path, [str(video)] * CAMERAS)
    given = options(config, "--start-time", "2026-01-31T09:00:00Z")
    plans = plan_cameras(given, config, NOW)
    stop = threading.Event()
    together_in, alone_in = around(tmp_path / "together", address, Turns(2)), around(tmp_path / "alone", address, None)
    assert watch_all(cameras(plans, given, config, together_in), together_in, backend, stop) == EXIT_DONE
    together, backend.events = backend.events, {}
    assert {json.loads(line)["camera_id"] for line in together.values()} >= {"cam_1", f"cam_{CAMERAS}"}
    for camera in cameras(plans, given, config, alone_in):
        assert watch_one(camera, alone_in, backend, stop) == EXIT_DONE
    assert backend.events == together
    assert media(tmp_path / "alone") == media(tmp_path / "together")
    assert {name: reports[-1].has_ended for name, reports in backend.reports.items()} == {
        plan.camera_id: True for plan in plans
    }


def test_one_that_fails_is_told_of_and_the_others_go_on(
    tmp_path: Path, video: Path, backend: Backend, address: str
) -> None:
    config = configured(tmp_path, [str(video), "gone.mp4", str(video)])
    given, together_in = options(config), around(tmp_path, address, Turns(2))
    plans = plan_cameras(given, config, NOW)
    found = watch_all(cameras(plans, given, config, together_in), together_in, backend, threading.Event())
    assert found == EXIT_FAILED
    assert {json.loads(line)["camera_id"] for line in backend.events.values()} == {"cam_1", "cam_3"}
    gone = backend.reports["cam_2"][-1]
    assert not gone.has_signal
    assert not gone.has_ended
    assert "gone.mp4: does not exist" in str(gone.last_error)
    assert "started again in" in str(gone.last_error)


def test_all_files_begin_together_and_no_event_is_ahead_of_the_clock(tmp_path: Path, video: Path) -> None:
    short = tiny_videos.draw_video(tmp_path / "short.mp4", rate=Fraction(10), seconds=3)
    config = configured(tmp_path, [str(video), str(short), "gone.mp4"])
    starts = {plan.start_time for plan in plan_cameras(options(config), config, NOW)}
    (start,) = starts
    assert start is not None
    assert (NOW - start).total_seconds() == pytest.approx(20, abs=0.21)


def test_a_live_camera_begins_when_it_is_started_and_flags_for_files_are_refused(tmp_path: Path) -> None:
    config = configured(tmp_path, ["one.mp4", '"rtsp://admin:s3cret@cam/1"'])
    plans = plan_cameras(parse_options(["--config", str(config)], {}), config, NOW)
    assert [(plan.speed, plan.start_time) for plan in plans] == [(1.0, NOW), (None, None)]
    assert all("s3cret" not in f"{plan}" for plan in plans)
    with pytest.raises(UsageError, match="--speed: is for video files; rtsp://cam/1 is live, leave it out"):
        plan_cameras(options(config), config, NOW)


def test_with_another_configuration_all_else_of_a_camera_is_watched_as_before(tmp_path: Path) -> None:
    config = configured(tmp_path, ["one.mp4, detect_video: small.mp4", '"rtsp://cam/1", detect_video: "rtsp://cam/2"'])
    given = parse_options(["--config", str(config), "--seed", "7", "--preview", str(tmp_path / "out.mp4")], {})
    for plan in plan_cameras(given, config, NOW):
        machines = (replace(plan.config.machines[0], name="Other"),)
        changed = replace(plan.config, machines=machines)
        assert plan_again(plan, given, config, changed) == replace(plan, config=changed, start_time=None)


def test_each_camera_has_a_preview_of_its_own(tmp_path: Path) -> None:
    assert preview_of_camera(tmp_path / "out.mp4", "cam_01") == tmp_path / "out.cam_01.mp4"
    assert preview_of_camera(None, "cam_01") is None
    (tmp_path / "out.cam_1.mp4").touch()
    config = configured(tmp_path, ["out.cam_1.mp4"])
    given = parse_options(["--config", str(config), "--preview", str(tmp_path / "out.mp4")], {})
    with pytest.raises(UsageError, match=r"--preview .*out\.cam_1\.mp4: is the video that is watched"):
        plan_cameras(given, config, NOW)


@pytest.mark.parametrize("small", ["", ', detect_video: "rtsp://admin:s3cret@cam/2"'])
def test_the_backend_is_told_a_cameras_part_of_the_configuration_without_its_streams(
    tmp_path: Path, small: str
) -> None:
    config = configured(tmp_path, ["one.mp4", f'"rtsp://admin:s3cret@cam/1"{small}'])
    given = parse_options(["--config", str(config)], {})
    sent = plan_camera(given, config, load_cameras(config).cameras[1], "gym", None).shared_config
    assert sent is not None
    assert "s3cret" not in sent
    assert "video" not in sent
    assert "cam_2" in sent
    assert "cam_1" not in sent
    assert "enter_s: 2" in sent


@pytest.mark.parametrize(
    ("flags", "environ", "told"),
    [
        (["--video", "a.mp4"], {}, "--video: .* names its cameras, their videos and their store itself; leave"),
        (["--camera-id", "cam_01"], {}, "--camera-id: .* leave the flag out"),
        (["--store-id", "gym"], {}, "--store-id: .* leave the flag out"),
        ([], {"GYM_VIDEO": "rtsp://a:s3cret@b/c"}, "GYM_VIDEO: .* unset the variable"),
    ],
)
def test_a_second_word_on_what_is_watched_is_refused(
    tmp_path: Path, flags: list[str], environ: dict[str, str], told: str
) -> None:
    config = configured(tmp_path, ["one.mp4"])
    with pytest.raises(UsageError, match=told) as refused:
        parse_options(["--config", str(config), *flags], environ)
    assert "s3cret" not in str(refused.value)


def test_the_whole_way_from_the_command_line(
    tmp_path: Path, video: Path, backend: Backend, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured(tmp_path, [str(video)] * 2)
    folders = ["--media-dir", str(tmp_path / "media"), "--outbox-dir", str(tmp_path / "outbox")]
    command = ["main.py", "--config", str(config), "--speed", "max", "--backend-url", address, *folders]
    monkeypatch.setattr("sys.argv", command)
    monkeypatch.delenv("GYM_VIDEO", raising=False)
    monkeypatch.setattr(edge_service.main, "stop_on_signals", threading.Event)
    assert edge_service.main.main() == EXIT_DONE
    assert {json.loads(line)["camera_id"] for line in backend.events.values()} == {"cam_1", "cam_2"}
