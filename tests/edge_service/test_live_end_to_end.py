"""The edge at a real RTSP camera that is killed and comes back."""

import json
import signal
from datetime import datetime
from pathlib import Path

import pytest

from tests.processes import Running, free_port, script
from tests.requirements import need_rtsp_server

pytestmark = pytest.mark.e2e

SECRET = "s3cret"
CONFIG = """
machines: [{machine_id: bike_01, name: Bike 1, zone: [[0, 0], [1, 0], [1, 1], [0, 1]]}]
rules: {enter_s: 1, exit_s: 0.5, attempt_s: 0.5, window_s: 20}
clip: {pre_s: 60, post_s: 3}
"""


def serve(port: int, *flags: str) -> Running:
    return Running([need_rtsp_server(), str(Path(__file__).with_name("rtsp_camera.py")), str(port), *flags])


def test_a_camera_that_is_killed_comes_back_and_the_gap_is_declared(tmp_path: Path) -> None:
    """It comes back worse: it speaks UDP alone, and every twentieth packet is lost on the way."""
    port = free_port()
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    flags = [
        "--video",
        f"rtsp://admin:{SECRET}@127.0.0.1:{port}/cam?token={SECRET}",
        "--camera-id",
        "c",
        "--store-id",
        "s",
    ]
    folders = ["--media-dir", str(tmp_path / "media"), "--outbox-dir", str(tmp_path / "outbox")]
    backend = ["--backend-url", f"http://127.0.0.1:{free_port()}", "--config", str(config)]
    with serve(port) as camera:
        camera.wait_for("serving")
        with Running([*script("edge_service/main.py"), *flags, *folders, *backend]) as edge:
            edge.wait_for("sends h264 320x240")
            edge.wait_for("MACHINE_OCCUPIED_START")
            camera.kill()
            edge.wait_for("trying again until pictures come")
            edge.wait_for("MACHINE_OCCUPIED_END")  # it is known while the camera is still away
            with serve(port, "--udp", "--lose-every", "20"):
                edge.wait_for("sends pictures again")
                edge.wait_for("with its clip")  # whatever it is, its clip reaches over the gap
                assert edge.stop(signal.SIGTERM) == 0
    assert "reconnected 1 times" in edge.output
    assert SECRET not in edge.output
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    lines = (tmp_path / "outbox" / "c.jsonl").read_text(encoding="utf-8").splitlines()
    clips = [json.loads(line)["event"]["clip"] for line in lines if "event" in json.loads(line)]
    gaps = [gap for clip in clips for gap in clip.get("gaps", [])]
    assert gaps
    assert all(datetime.fromisoformat(gap["start_ts"]) < datetime.fromisoformat(gap["end_ts"]) for gap in gaps)
