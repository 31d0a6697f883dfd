"""The sample video: H.264 that browsers play, and that shows its scenario."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from backend_api.base.process import REPOSITORY
from edge_service.config import load_config
from edge_service.evaluation.scenario_truth import scenario_truth
from edge_service.evaluation.truth import load_truth
from edge_service.sample import FPS, HEIGHT, WIDTH, draw_sample, main
from tests.processes import refusal

MACHINES = load_config(REPOSITORY / "edge_service" / "sample_config.yaml").machines
DURATION_S = 2.5


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "sample.mp4"
    draw_sample(path, MACHINES, seed=42, duration_s=DURATION_S)
    return path


def run(*flags: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(REPOSITORY / "edge_service" / "sample.py"), *flags]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


def test_it_is_h264_that_browsers_play(video: Path) -> None:
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height, stream.average_rate) == (WIDTH, HEIGHT, Fraction(FPS))
        assert stream.frames == DURATION_S * FPS
        key_times_s = [
            float(packet.pts * packet.time_base)
            for packet in container.demux(stream)
            if packet.is_keyframe and packet.pts is not None and packet.time_base is not None
        ]
    assert key_times_s == [0.0, 1.0, 2.0]
    content = video.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_somebody_moves_in_it(video: Path) -> None:
    with av.open(str(video)) as container:
        first, *_, last = (frame.to_ndarray(format="gray").astype(np.int16) for frame in container.decode(video=0))
    moved = np.abs(first - last) > 40
    assert moved[HEIGHT // 2 :].mean() > 0.01


def test_the_same_arguments_give_the_same_bytes(video: Path, tmp_path: Path) -> None:
    done = run("--out", "again.mp4", "--seed", "42", "--duration-s", str(DURATION_S), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "again.mp4").read_bytes() == video.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["again.mp4"]


def test_it_says_what_happens_in_it_instead_of_drawing(tmp_path: Path) -> None:
    done = run("--truth", "truth.yaml", "--duration-s", "60", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["truth.yaml"]
    truth = load_truth(tmp_path / "truth.yaml")
    assert list(truth.machines) == [machine.machine_id for machine in MACHINES]
    written, meant = truth.moments(), scenario_truth(42, MACHINES, 60).moments()
    assert [(moment.machine_id, moment.event_type) for moment in written] == [
        (moment.machine_id, moment.event_type) for moment in meant
    ]
    assert [moment.time_s for moment in written] == pytest.approx([moment.time_s for moment in meant], abs=0.001)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--out", "no/such/folder.mp4"], "no/such/folder.mp4: No such file or directory; give a file"),
        (["--out", "."], ".: Is a directory; give a file"),
        (["--truth", "no/such/folder.yaml"], "folder.yaml: No such file or directory; give a file that can be written"),
        (["--truth", "t.yaml", "--out", "t.mp4"], "argument --out: not allowed with argument --truth; see --help"),
        (["--duration-s", "0"], "argument --duration-s: '0' is no duration"),
        (["--duration-s", "nan"], "argument --duration-s: 'nan' is no duration"),
        (["--config", "missing.yaml"], "missing.yaml: No such file or directory"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, flags: list[str], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in refusal(main, *flags)
    assert list(tmp_path.iterdir()) == []
