"""Draws the scenario into a video, so that what a clip shows is what its event says.

    python edge_service/sample.py --out sample.mp4 --seed 42 --duration-s 124

The same arguments give the same bytes: the number of encoder threads is fixed, and no date is written.
"""

import errno
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from backend_api.base.environment import require_environment  # noqa: E402

require_environment()

import av  # noqa: E402
import cv2  # noqa: E402
import numpy as np  # noqa: E402
from av.video.stream import VideoStream  # noqa: E402

from backend_api.base.arguments import ArgumentParser, integer, seconds  # noqa: E402
from backend_api.base.durable_files import Disk  # noqa: E402
from backend_api.base.process import REPOSITORY, UsageError, run_process  # noqa: E402
from edge_service.config import SAMPLE_CONFIG, load_config  # noqa: E402
from edge_service.evaluation.scenario_truth import scenario_truth  # noqa: E402
from edge_service.evaluation.truth import format_truth  # noqa: E402
from edge_service.rules.machine import Machine  # noqa: E402
from edge_service.simulation.figure_picture import draw_figure  # noqa: E402
from edge_service.simulation.gym_picture import draw_gym  # noqa: E402
from edge_service.simulation.sample_video import METADATA  # noqa: E402
from edge_service.simulation.scenario import Scenario  # noqa: E402
from edge_service.video.drawing import draw_label  # noqa: E402
from edge_service.video.frame import Image  # noqa: E402

WIDTH, HEIGHT, FPS = 1280, 720, 30

_ENCODER_OPTIONS = {"preset": "veryfast", "crf": "25", "x264-params": f"keyint={FPS}:scenecut=0:threads=2"}

log = logging.getLogger(__name__)


def draw_sample(path: Path, machines: Sequence[Machine], seed: int, duration_s: float) -> None:
    """Write `duration_s` seconds of the scenario of `seed` to `path`: MP4, H.264 yuv420p, 1280 x 720, 30 frames/s.

    A key frame stands at each second, and the index first. The file appears whole or not at all. Raises OSError when it
    cannot be written.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    temporary = path.with_name(f"{path.name}.tmp")
    try:
        with av.open(str(temporary), "w", format="mp4", options={"movflags": "+faststart"}) as container:
            container.metadata.update(METADATA)
            stream = container.add_stream("libx264", FPS, options=_ENCODER_OPTIONS)
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            for image in _images(machines, seed, round(duration_s * FPS)):
                _encode(container, stream, image)
            container.mux(stream.encode(None))
        Disk().publish(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _encode(container: av.container.OutputContainer, stream: VideoStream, image: Image) -> None:
    planes = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), np.uint8)
    container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))


def _images(machines: Sequence[Machine], seed: int, count: int) -> Iterator[Image]:
    """The pictures in order, BGR; each is overwritten by the next one."""
    scenario = Scenario(seed, machines)
    gym = draw_gym(machines, WIDTH, HEIGHT)
    image = gym.copy()
    for index in range(count):
        time_s = index / FPS
        image[:] = gym
        # A person lower in the picture stands nearer, before the others.
        for figure in sorted(scenario.figures_at(time_s), key=lambda figure: figure.foot[1]):
            draw_figure(image, figure, time_s)
        draw_label(image, f"{int(time_s) // 60:02d}:{time_s % 60:04.1f}", (WIDTH - 90, 30), 0.9)
        yield image


def write_truth(path: Path, machines: Sequence[Machine], seed: int, duration_s: float) -> None:
    """Write what happens in the sample to `path`, as evaluate.py reads it. Raises OSError when it cannot be written."""
    comment = f"What happens in sample.mp4: seed {seed}, {duration_s:g} s"
    Disk().replace(path, format_truth(scenario_truth(seed, machines, duration_s), comment).encode())


def main() -> int:
    """Read the flags, and draw or write."""
    parser = ArgumentParser(description="Draw the mocked gym into a video that the edge can watch.")
    target = parser.add_mutually_exclusive_group()
    target.add_argument(
        "--out", type=Path, default=REPOSITORY / "sample.mp4", help="the file to write, MP4 (default: %(default)s)"
    )
    target.add_argument(
        "--truth",
        type=Path,
        help="draw nothing, but write to this file (YAML) what happens in the video, for evaluate.py (default: draw)",
    )
    parser.add_argument(
        "--seed", type=integer, default=42, help="seed of the scenario, as the edge's (default: %(default)s)"
    )
    parser.add_argument(
        "--duration-s",
        type=seconds(least=0.1, most=3600),
        default=124.0,
        help="length in seconds, at most 3600 (default: %(default)s: with the default seed nobody has just come or "
        "gone then)",
    )
    parser.add_argument(
        "--config",
        type=Path,
        default=SAMPLE_CONFIG,
        help="the machines to draw (default: %(default)s)",
    )
    flags = parser.parse_args()
    machines = load_config(flags.config).machines
    path, write, flag = (flags.truth, write_truth, "--truth") if flags.truth else (flags.out, draw_sample, "--out")
    try:
        write(path, machines, flags.seed, flags.duration_s)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; give a file that can be written with {flag}") from error
    log.info("%s: %g s of the gym with seed %d", path, flags.duration_s, flags.seed)
    return 0


if __name__ == "__main__":
    run_process(main)
