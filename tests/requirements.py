"""What a test needs of the machine: a missing program skips a newcomer's run with the reason, and fails in CI."""

import os
import shutil

import pytest

_PACKAGES = {"ffmpeg": "ffmpeg", "ffprobe": "ffmpeg", "chromium": "chromium"}


def need_program(name: str) -> str:
    """The path of the program `name`; without it skip, or fail when GYM_TESTS_REQUIRE_ALL is set (as CI does)."""
    path = shutil.which(name)
    if path is not None:
        return path
    reason = f"{name} is not installed; on Debian and Ubuntu: apt-get install {_PACKAGES.get(name, name)}"
    if os.environ.get("GYM_TESTS_REQUIRE_ALL"):
        pytest.fail(reason)
    pytest.skip(reason)
