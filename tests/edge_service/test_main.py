"""What the edge's entry decides before the first frame: whose machines, since when, and whether people are invented."""

from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest

from backend_api.base.process import UsageError
from edge_service.config import DEFAULT_CONFIG, SAMPLE_CONFIG
from edge_service.main import choose_config, choose_start
from edge_service.options import Options, parse_options
from edge_service.simulation.sample_video import is_sample
from edge_service.video.address import CameraAddress
from tests.edge_service import tiny_videos
from tests.processes import Running, free_port, script

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)


def options(video: Path | str, *flags: str) -> Options:
    return parse_options(["--video", str(video), "--camera-id", "cam_01", "--store-id", "gym_demo", *flags])


@pytest.fixture(scope="module")
def real_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("real") / "gym.mp4"
    return tiny_videos.draw_video(path, rate=Fraction(10), seconds=12, key_every=10)


def test_the_sample_is_known_by_its_mark_whatever_its_name(sample: Path, real_video: Path, tmp_path: Path) -> None:
    copy = tmp_path / "holiday.mp4"
    copy.write_bytes(sample.read_bytes())
    assert is_sample(copy)
    for other in (real_video, tmp_path, tmp_path / "missing.mp4", SAMPLE_CONFIG):
        assert not is_sample(other)


def test_the_sample_has_its_own_configuration_unless_another_one_is_named(sample: Path, real_video: Path) -> None:
    assert choose_config(options(sample)) == SAMPLE_CONFIG
    assert choose_config(options(real_video)) == DEFAULT_CONFIG
    assert choose_config(options("rtsp://cam/stream")) == DEFAULT_CONFIG
    for video in (sample, real_video):
        assert choose_config(options(video, "--config", "mine.yaml")) == Path("mine.yaml")


@pytest.mark.parametrize(
    ("flags", "before_s"),
    [
        ([], 0.0),
        (["--speed", "0.5"], 0.0),
        (["--speed", "1", "--loop", "0"], 0.0),
        (["--speed", "4"], 9.0),
        (["--speed", "max"], 12.0),
        (["--speed", "max", "--loop", "3"], 36.0),
    ],
)
def test_no_event_of_a_file_is_ahead_of_the_clock_at_any_speed(
    real_video: Path, flags: Sequence[str], before_s: float
) -> None:
    start = choose_start(options(real_video, *flags), real_video, NOW)
    assert (NOW - start).total_seconds() == pytest.approx(before_s, abs=0.11)


def test_a_live_camera_begins_now() -> None:
    assert choose_start(options("rtsp://cam/stream"), CameraAddress("rtsp://cam/stream"), NOW) == NOW


@pytest.mark.parametrize("speed", ["max", "1.01"])
def test_a_file_that_is_played_faster_and_for_ever_needs_a_start(real_video: Path, speed: str) -> None:
    with pytest.raises(UsageError, match=r"--loop 0 .* --start-time"):
        choose_start(options(real_video, "--speed", speed, "--loop", "0"), real_video, NOW)


@pytest.mark.parametrize("loop", ["100000000", "999999999999999"])
def test_a_file_that_would_have_begun_years_ago_needs_a_start(real_video: Path, loop: str) -> None:
    with pytest.raises(UsageError, match=r"would have begun years ago with --loop \d+: give --start-time"):
        choose_start(options(real_video, "--speed", "max", "--loop", loop), real_video, NOW)


@pytest.mark.e2e
@pytest.mark.parametrize("kind", ["sample", "real"])
def test_invented_people_are_said_at_the_start_unless_it_is_the_sample(
    sample: Path, real_video: Path, tmp_path: Path, kind: str
) -> None:
    video = sample if kind == "sample" else real_video
    command = [*script("edge_service/main.py"), "--video", str(video), "--camera-id", "cam_01", "--store-id", "gym"]
    folders = ["--media-dir", str(tmp_path / "media"), "--outbox-dir", str(tmp_path / "outbox")]
    address = f"http://127.0.0.1:{free_port()}"
    with Running([*command, *folders, "--backend-url", address, "--speed", "max"]) as edge:
        assert edge.wait(60) == 0
    first_lines = "\n".join(edge.lines[:3])
    assert "MOCKED detector" in edge.lines[0 if kind == "real" else 1]
    assert ("the people are INVENTED" in first_lines) == (kind == "real")
    assert ("is the drawn sample" in first_lines) == (kind == "sample")
