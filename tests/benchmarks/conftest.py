"""The video that the edge is measured on."""

import subprocess
from pathlib import Path

import pytest

from tests.benchmarks.busy_video import draw_busy_video
from tests.requirements import need_program

DRAWN_S = 6
REPEATS = 10


@pytest.fixture(scope="session")
def minute_of_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute: six drawn seconds, their packets repeated, which takes a tenth of the time."""
    folder = tmp_path_factory.mktemp("video")
    drawn, minute = draw_busy_video(folder / "drawn.mp4", DRAWN_S), folder / "busy.mp4"
    repeat = [need_program("ffmpeg"), "-v", "error", "-stream_loop", str(REPEATS - 1), "-i", str(drawn), "-c", "copy"]
    subprocess.run([*repeat, str(minute)], check=True)
    return minute
