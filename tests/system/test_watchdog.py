"""Real processes feed systemd's watchdog while they work, and are silent while they hang."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend_api.base.process import REPOSITORY
from backend_api.base.watchdog import ALIVE
from tests.processes import Running, free_port, script

PATIENCE_S = 8.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "notify"))
        yield server


def hears(server: socket.socket, within_s: float) -> bool:
    server.settimeout(within_s)
    try:
        return ALIVE in server.recv(100).split(b"\n")
    except TimeoutError:
        return False


def silent_after(server: socket.socket) -> bool:
    """What is still on its way is taken first."""
    while hears(server, 0.2):
        pass
    return not hears(server, PATIENCE_S)


@pytest.mark.parametrize("name", ["backend", "worker", "edge", "edge whose camera is away", "dashboard"])
def test_a_process_that_hangs_is_silent_for_longer_than_systemd_waits(
    name: str, tmp_path: Path, server: socket.socket, sample: Path
) -> None:
    database = ["--db", str(tmp_path / "app.db"), "--media-dir", str(tmp_path / "media")]
    folders = ["--media-dir", str(tmp_path / "media"), "--outbox-dir", str(tmp_path / "outbox")]
    camera = ["--camera-id", "cam_01", "--store-id", "gym", *folders, "--backend-url", "http://127.0.0.1:9"]
    streamlit = [sys.executable, "-m", "streamlit", "run", str(REPOSITORY / "ui/app.py")]
    command = {
        "backend": [*script("backend_api/main.py"), *database, "--port", str(free_port())],
        "worker": [*script("mm_worker/worker.py"), *database],
        "edge": [*script("edge_service/main.py"), "--video", str(sample), "--loop", "0", *camera],
        "edge whose camera is away": [*script("edge_service/main.py"), "--video", "rtsp://127.0.0.1:9/gym", *camera],
        "dashboard": [*streamlit, "--server.port", str(free_port())],
    }[name]
    told = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": str(round(PATIENCE_S * 1e6))}
    with Running(command, env=told) as process:
        assert hears(server, 60)
        assert hears(server, PATIENCE_S)
        os.kill(process.pid, signal.SIGSTOP)
        assert silent_after(server)
        os.kill(process.pid, signal.SIGCONT)
        assert hears(server, PATIENCE_S)
