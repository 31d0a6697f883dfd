"""The command line of the launcher: flags, their defaults, and what each means."""

import argparse
import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from backend_api.base.arguments import ArgumentParser, amount, port
from backend_api.base.process import REPOSITORY, UsageError
from backend_api.base.yaml_file import read_yaml
from deploy.launcher.commands import SAMPLE, VIDEO_VARIABLE, Settings

DEMO_DATA = REPOSITORY / "data" / "demo"
OWN_DATA = REPOSITORY / "data"


def parse_settings(argv: Sequence[str] | None = None) -> Settings:
    """Read the command line (`sys.argv` when `argv` is None). Raises UsageError in one line; `--help` exits with 0.

    An empty value counts as none, since that is what a variable of make is that nobody set.
    """
    flags = _make_parser().parse_args(argv)
    video = flags.video or os.environ.get(VIDEO_VARIABLE, "").strip()
    videos = _videos_of(flags.config)
    is_demo = not video and videos is None
    # The edge says so where there is a second word on what `cameras` names.
    camera_id, store_id = (None, None) if videos is not None else ("cam_01", "gym_demo" if is_demo else "my_gym")
    if is_demo and not SAMPLE.is_file():
        raise UsageError(f"{SAMPLE} is missing: `make sample.mp4` draws it, or give a video of your own with --video")
    if 0 in (flags.port, flags.ui_port) or flags.port == flags.ui_port:
        raise UsageError(f"--port {flags.port} and --ui-port {flags.ui_port}: give two different ones, from 1 on")
    return Settings(
        video=_from_here(video) if video else None,
        config=_absolute(flags.config),
        model=_absolute(flags.model),
        camera_id=flags.camera_id or camera_id,
        store_id=flags.store_id or store_id,
        port=flags.port,
        ui_port=flags.ui_port,
        data_dir=_absolute(flags.data_dir) or (DEMO_DATA if is_demo else OWN_DATA),
        keep_gb=flags.keep_gb,
        backend_flags=flags.backend_flags,
        worker_flags=flags.worker_flags,
        ui_flags=flags.ui_flags,
        edge_flags=flags.edge_flags,
        videos=videos,
    )


def _videos_of(config: Path | None) -> tuple[str, ...] | None:
    """The videos of the cameras that the file names itself; None where it is of one camera. The edge checks the rest.

    Raises UsageError when it is no YAML.
    """
    data = read_yaml(config).data if config is not None and config.is_file() else None
    cameras = data.get("cameras") if isinstance(data, dict) else None
    if not isinstance(cameras, list):
        return None
    return tuple(str(camera.get("video")) for camera in cameras if isinstance(camera, dict))


def _from_here(video: str) -> str:
    """A file's path from any folder; a camera's address or number as it is."""
    return str(Path(video).absolute()) if Path(video).is_file() else video


def _absolute(path: Path | None) -> Path | None:
    return path and path.absolute()


def _make_parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="deploy/launcher/main.py",
        description="Start backend, worker, dashboard and edge together; start again what dies; end them together.",
        epilog="Exit codes: 0 stopped, 2 wrong use or configuration, 1 anything else. `make run` calls this.",
    )
    add = parser.add_argument
    add(
        "--video",
        metavar="SOURCE",
        help=f"a video file, a live camera, a webcam's number; other "
        f"users of this computer see a flag, so better set {VIDEO_VARIABLE} for an address with a password "
        "(default: the drawn sample)",
    )
    add(
        "--config",
        type=_path,
        metavar="FILE",
        help="machines, zones and rules, or several cameras (default: the edge's)",
    )
    add("--model", type=_path, metavar="FILE", help="ONNX weights of a person detector (default: people are invented)")
    add("--camera-id", metavar="ID", help="the camera's name (default: cam_01)")
    add("--store-id", metavar="ID", help="the gym's name (default: gym_demo for the sample, else my_gym)")
    add("--port", type=port, default=8000, metavar="N", help="the backend's TCP port (default: %(default)s)")
    add("--ui-port", type=port, default=8501, metavar="N", help="the dashboard's TCP port (default: %(default)s)")
    add(
        "--data-dir",
        type=_path,
        metavar="DIR",
        help="folder of database, clips and outbox (default: data/demo for the sample, else data)",
    )
    add(
        "--keep-gb",
        type=amount(above=0, most=1e6),
        default=10.0,
        metavar="GB",
        help="gigabytes of clips to keep, the oldest go first, their events stay (default: %(default)g)",
    )
    for name in ("backend", "worker", "ui", "edge"):
        more = f"more flags for the {name}, as one text (default: none)"
        add(f"--{name}-flags", type=_words, default=(), metavar="TEXT", help=more)
    return parser


def _path(text: str) -> Path | None:
    return Path(text) if text else None


def _words(text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is no list of flags: {error}") from error
