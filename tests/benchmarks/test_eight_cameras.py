"""Eight cameras of 1080p30 in one process: whether it keeps up, what it costs, and how much memory it takes."""

import json
import re
import sys
from pathlib import Path

import pytest
import yaml

from backend_api.base.clock import SystemClock
from backend_api.base.process import REPOSITORY
from tests.benchmarks.busy_video import draw_busy_video, repeated
from tests.benchmarks.drawn_gym import LENGTH_S
from tests.benchmarks.measure import cost_of
from tests.benchmarks.weights import bench_model
from tests.processes import free_port

CAMERAS = 8
FPS = 5
DRAWN_S = 12
PEAK_BYTES = 450_000_000
# The first frames wait for eight networks' first runs; at the end what could not be sent is given up after 5 s.
START_AND_END_S = 12.0


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight views of the normal gym."""
    folder = tmp_path_factory.mktemp("eight")
    draw_busy_video(folder / "gym.mp4", DRAWN_S, people=2, rate="3 Mbit/s")
    video = repeated(folder / "gym.mp4", LENGTH_S // (DRAWN_S))
    of_one = yaml.safe_load((REPOSITORY / "edge_service" / "config.yaml").read_text(encoding="utf-8"))
    cameras = [
        {"camera_id": f"cam_{number:02}", "video": str(video), "machines": of_one["machines"]}
        for number in range(1, CAMERAS + 1)
    ]
    path = folder / "gym.yaml"
    path.write_text(json.dumps({"store_id": "bench", "cameras": cameras}), encoding="utf-8")
    return path


def test_eight_cameras_are_watched_without_a_frame_that_is_late_in_little_memory(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GYM_BENCH_SCENE", "normal")
    monkeypatch.setenv("GYM_BENCH_MODEL", str(bench_model()))
    for name, value in (("MALLOC_ARENA_MAX", "2"), ("MALLOC_MMAP_THRESHOLD_", "262144")):  # as in the edge's service
        monkeypatch.setenv(name, value)
    clock, log = SystemClock(), tmp_path / "edge.log"
    command = [sys.executable, "-m", "tests.benchmarks.drawn_gym", "--config", str(config), "--speed", "1"]
    folders = ["--media-dir", str(tmp_path / "media"), "--outbox-dir", str(tmp_path / "outbox")]
    address = ["--backend-url", f"http://127.0.0.1:{free_port()}"]
    begin_s = clock.monotonic_s()
    cost = cost_of(["sh", "-c", 'exec "$@" 2>"$0"', str(log), *command, *folders, *address])
    took_s = clock.monotonic_s() - begin_s
    text = log.read_text(encoding="utf-8")
    ends = re.findall(r"(cam_\d+): media .* (\d+) frames = (\d+) processed", text)
    last = {name: (int(captured), int(processed)) for name, captured, processed in ends}
    print(
        f"\n{CAMERAS} cameras, {LENGTH_S} s: {cost.cpu_s:.0f} CPU-s, {cost.cpu_s / took_s:.2f} cores,"
        f" peak {cost.peak_bytes / 1e6:.0f} MB, took {took_s:.0f} s; frames and looks {sorted(set(last.values()))};"
        f" a frame takes {re.findall(r'a frame takes ([0-9.]+) ms', text)} ms"
    )
    assert last == dict.fromkeys(
        (f"cam_{number:02}" for number in range(1, CAMERAS + 1)), (30 * LENGTH_S, FPS * LENGTH_S)
    )
    assert took_s <= LENGTH_S + START_AND_END_S
    assert cost.peak_bytes <= PEAK_BYTES
