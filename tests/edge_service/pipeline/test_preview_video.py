"""The preview as a video: every frame at its media time, playable at any time, and never in the run's way."""

import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from backend_api.base.process import REPOSITORY, UsageError
from edge_service.pipeline.preview_video import preview_of
from edge_service.privacy.masking import Masking
from edge_service.privacy.privacy_config import PrivacyConfig
from edge_service.rules.engine import RuleEngine
from edge_service.video.frame import Frame, Image
from tests.edge_service.fake_frames import blank_frame, frame_showing
from tests.edge_service.scripted import machine

MACHINES = [machine()]
TIMES_S = (0.0, 0.2, 0.4, 0.467, 3.1, 60.0)


def record(path: Path, frames: list[Frame]) -> None:
    with preview_of(path, MACHINES, Masking(PrivacyConfig())) as preview:
        assert preview is not None
        for frame in frames:
            preview.add(frame, [], RuleEngine(MACHINES))


def test_without_a_name_there_is_none() -> None:
    with preview_of(None, MACHINES, Masking(PrivacyConfig())) as preview:
        assert preview is None


@pytest.mark.parametrize(
    ("size", "shown"), [((1920, 1080), (1280, 720)), ((64, 36), (640, 360)), ((641, 361), (640, 360))]
)
def test_it_is_h264_with_every_frame_at_its_media_time(
    tmp_path: Path, size: tuple[int, int], shown: tuple[int, int]
) -> None:
    width, height = size
    record(tmp_path / "p.mp4", [blank_frame(time_s, width=width, height=height) for time_s in TIMES_S])
    assert [path.name for path in tmp_path.iterdir()] == ["p.mp4"]
    with av.open(str(tmp_path / "p.mp4")) as container:
        codec = container.streams.video[0].codec_context
        assert (codec.name, codec.pix_fmt, codec.width, codec.height) == ("h264", "yuv420p", *shown)
        frames = list(container.decode(video=0))
    assert [frame.time for frame in frames] == pytest.approx(TIMES_S, abs=0.001)
    assert frames[0].to_ndarray(format="rgb24").max() > 100


def test_a_picture_that_is_drawn_into_is_its_own(tmp_path: Path) -> None:
    image: Image = np.zeros((36, 64, 3), np.uint8)
    record(tmp_path / "p.mp4", [frame_showing(lambda: image, width=64, height=36)])
    assert not image.any()


def test_a_camera_may_change_its_size_and_repeat_a_time(tmp_path: Path) -> None:
    frames = [blank_frame(0.0), blank_frame(0.5, width=128, height=96), blank_frame(0.5), blank_frame(0.1)]
    record(tmp_path / "p.mp4", frames)
    with av.open(str(tmp_path / "p.mp4")) as container:
        assert [frame.time for frame in container.decode(video=0)] == [0.0, 0.5]


def test_a_preview_of_nothing_leaves_nothing(tmp_path: Path) -> None:
    record(tmp_path / "p.mp4", [])
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_fails_keeps_what_it_has_seen(tmp_path: Path) -> None:
    def fail() -> Image:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        record(tmp_path / "p.mp4", [blank_frame(0.0), frame_showing(fail, 1.0, width=64, height=36)])
    assert [path.name for path in tmp_path.iterdir()] == ["p.mp4"]


def test_a_preview_of_nothing_leaves_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "p.mp4").write_bytes(b"before")
    record(tmp_path / "p.mp4", [])
    assert (tmp_path / "p.mp4").read_bytes() == b"before"


def test_a_run_that_is_killed_leaves_what_plays_and_nothing_else(tmp_path: Path) -> None:
    with preview_of(tmp_path / "p.mp4", MACHINES, Masking(PrivacyConfig())) as preview:
        assert preview is not None
        for index in range(60):
            preview.add(blank_frame(index / 5), [], RuleEngine(MACHINES))
        (tmp_path / "killed.mp4").write_bytes((tmp_path / "p.mp4").read_bytes())
        assert {path.name for path in tmp_path.iterdir()} == {"p.mp4", "killed.mp4"}
    with av.open(str(tmp_path / "killed.mp4")) as container:
        assert 30 <= len(list(container.decode(video=0))) < 60
    with av.open(str(tmp_path / "p.mp4")) as container:
        assert len(list(container.decode(video=0))) == container.streams.video[0].frames == 60


def test_a_full_disk_ends_the_preview_alone(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        record(Path("/dev/full"), [blank_frame(index / 5) for index in range(60)])
    assert len(caplog.records) == 1
    assert "No space left on device; the run goes on without a preview" in caplog.text


def test_an_encoder_that_fails_ends_the_preview_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise av.error.ExternalError(1, "the encoder gave up")

    monkeypatch.setattr("edge_service.pipeline.preview_video.draw_preview", fail)
    record(tmp_path / "p.mp4", [blank_frame(index / 5) for index in range(3)])
    assert "the encoder gave up; the run goes on without a preview" in caplog.text


@pytest.mark.parametrize("name", [".", "no/such/folder.mp4"])
def test_a_name_that_cannot_be_written_is_refused_at_once(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"--preview .*; give"):
        record(tmp_path / name, [])


def test_the_edge_draws_what_it_has_looked_at(drawn: Callable[[str], Path], tmp_path: Path) -> None:
    flags = ["--video", str(drawn("no_b_frames")), "--camera-id", "cam_01", "--store-id", "gym", "--speed", "max"]
    folders = ["--media-dir", "media", "--outbox-dir", "outbox", "--backend-url", "http://127.0.0.1:9"]
    command = [sys.executable, str(REPOSITORY / "edge_service" / "main.py"), *flags, *folders, "--preview", "p.mp4"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "the preview is p.mp4" in done.stderr
    with av.open(str(tmp_path / "p.mp4")) as container:
        times_s = [frame.time for frame in container.decode(video=0)]
    assert len(times_s) > 3
    assert times_s[:4] == pytest.approx([0.0, 0.2, 0.4, 0.6], abs=0.05)
