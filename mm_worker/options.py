"""The command line of the worker: flags, their defaults, and what each means."""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backend_api.process import REPOSITORY, ArgumentParser, default_media_dir


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said; times are seconds."""

    db: str
    media_dir: Path
    seed: int
    poll_s: float
    drain: bool
    vlm: str
    lease_s: float
    max_attempts: int


def parse_options(argv: Sequence[str] | None = None) -> Options:
    """Read the command line (`sys.argv` when `argv` is None). Raises UsageError in one line; `--help` exits with 0."""
    return Options(**vars(_make_parser().parse_args(argv)))


def _make_parser() -> ArgumentParser:
    parser = ArgumentParser(
        description="Ask the model about every cleaning attempt in the database: was the machine wiped? "
        "Any number of workers may run on one database.",
        epilog="Exit codes: 0 done, 2 wrong use or configuration, 1 anything else. Ctrl-C finishes the clip at hand.",
    )
    add = parser.add_argument
    add(
        "--db",
        default=str(REPOSITORY / "data" / "app.db"),
        metavar="FILE",
        help="the backend's database; the worker waits until it is there (default: %(default)s)",
    )
    add(
        "--media-dir",
        type=Path,
        default=default_media_dir(),
        metavar="DIR",
        help="folder of the clips, the same as the backend's (default: data/media in the working directory where there "
        "is one, else in the repository: %(default)s)",
    )
    add("--seed", type=int, default=123, metavar="N", help="seed of the mocked model (default: %(default)s)")
    add(
        "--poll-s",
        type=_seconds,
        default=0.5,
        metavar="SECONDS",
        help="seconds between two looks for work when there was none (default: %(default)s)",
    )
    add("--drain", action="store_true", help="stop when nothing is left to do (default: wait for more)")
    add("--vlm", choices=["mock"], default="mock", help="who judges the pictures (default: %(default)s)")
    add(
        "--lease-s",
        type=_seconds,
        default=30.0,
        metavar="SECONDS",
        help="seconds after which another worker takes over the clip of one that died (default: %(default)s)",
    )
    add(
        "--max-attempts",
        type=_count,
        default=5,
        metavar="N",
        help="failed attempts after which an event is given up (default: %(default)s)",
    )
    return parser


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration: give seconds above 0, at most 86400")
    return seconds


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of attempts: give 1, 2, ...")
    return int(text)
