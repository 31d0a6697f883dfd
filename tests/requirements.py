"""What a test needs of the machine: a missing program skips a newcomer's run with the reason, and fails in CI."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

_PACKAGES = {"ffmpeg": "ffmpeg", "ffprobe": "ffmpeg", "chromium": "chromium"}
RTSP_PACKAGES = (
    "gir1.2-gst-rtsp-server-1.0",
    "gstreamer1.0-plugins-base",
    "gstreamer1.0-plugins-good",
    "gstreamer1.0-plugins-ugly",
    "python3-gi",
)
"""GStreamer's RTSP server, for Debian's own Python."""


def need_program(name: str) -> str:
    """The path of the program `name`; without it skip, or fail when GYM_TESTS_REQUIRE_ALL is set (as CI does)."""
    # Debian keeps servers where only root's PATH leads.
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if path is not None:
        return path
    return _miss(name, _PACKAGES.get(name, name))


def need_rtsp_server() -> str:
    """The path of a Python that can serve RTSP; without it as `need_program`."""
    python = shutil.which("python3", path="/usr/bin")
    loads = ["-c", "import gi; gi.require_version('GstRtspServer', '1.0'); gi.require_version('Gst', '1.0')"]
    if python is not None and subprocess.run([python, *loads], check=False, capture_output=True).returncode == 0:
        return python
    return _miss("GStreamer's RTSP server", " ".join(RTSP_PACKAGES))


def need_postgres() -> Path:
    """The folder of the newest PostgreSQL's programs; without one as `need_program`."""
    # Debian keeps them where no PATH leads; elsewhere they are beside each other.
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    where = str(found[-1]) if found else shutil.which("initdb")
    return Path(where).parent if where is not None else _miss("PostgreSQL", "postgresql")


def need_strace() -> str:
    """The path of strace; where it is missing, or may not watch others (some containers), as `need_program`."""
    path = need_program("strace")
    if subprocess.run([path, "-o", os.devnull, "true"], check=False, capture_output=True).returncode:
        return _miss("strace that may watch processes", "strace, and allow ptrace")
    return path


def need_weed() -> str:
    """The path of SeaweedFS, a server of buckets, which pip installs beside Python; without it as `need_program`."""
    path = shutil.which("weed", path=Path(sys.executable).parent) or shutil.which("weed")
    if path is not None:
        return path
    return _give_up("SeaweedFS is not installed: pip install -r requirements-dev.txt")


def _miss(what: str, packages: str) -> NoReturn:
    _give_up(f"{what} is not installed; on Debian and Ubuntu: apt-get install {packages}")


def _give_up(reason: str) -> NoReturn:
    if os.environ.get("GYM_TESTS_REQUIRE_ALL"):
        pytest.fail(reason)
    pytest.skip(reason)
