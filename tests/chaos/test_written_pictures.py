"""No frame of any file that the edge ever writes shows a head: every rate and mask, with more kills."""

from pathlib import Path

import pytest

from tests.edge_service.magenta_gym import draw_gym
from tests.edge_service.privacy.test_written_pictures import try_out


@pytest.fixture(scope="module")
def head_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_gym(tmp_path_factory.mktemp("gym") / "head.mp4")


@pytest.mark.parametrize("mask", ["heads", "people"])
@pytest.mark.parametrize("fps", [2, 5, 10])
def test_no_frame_ever_shows_the_head(tmp_path: Path, head_video: Path, fps: float, mask: str) -> None:
    pictures, wrong = try_out(tmp_path, head_video, fps, f"{{mask: {mask}}}", kills=8)
    assert wrong == []
    assert pictures >= 10
