"""The video that the edge is measured on."""

from pathlib import Path

import pytest

from tests.benchmarks.busy_video import draw_busy_video, repeated

DRAWN_S = 6
REPEATS = 10


@pytest.fixture(scope="session")
def minute_of_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute: six drawn seconds, their packets repeated, which takes a tenth of the time."""
    return repeated(draw_busy_video(tmp_path_factory.mktemp("video") / "drawn.mp4", DRAWN_S), REPEATS)
