"""Entry script for weights, `python edge_service/fetch_model.py yolox_nano`: fetch, verify, and put them in place."""

import argparse
import logging
import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from backend_api.base.environment import require_environment  # noqa: E402

require_environment()

from backend_api.base.arguments import ArgumentParser, folder  # noqa: E402
from backend_api.base.clock import SystemClock  # noqa: E402
from backend_api.base.durable_files import Disk  # noqa: E402
from backend_api.base.process import EXIT_DONE, UsageError, run_process  # noqa: E402
from edge_service.weights.catalogue import CATALOGUE, MODELS_FOLDER, Weights  # noqa: E402
from edge_service.weights.fetching import fetch, is_whole, shown, take  # noqa: E402

log = logging.getLogger(__name__)


def main() -> int:
    """Fetch the weights that the command line names. Returns the exit code; raises UsageError and FatalError."""
    flags = _make_parser().parse_args()
    weights = CATALOGUE[flags.name]
    try:
        path = _have(weights, flags.source, flags.models_dir)
    except OSError as error:
        # A disk that is full says of no file that it is.
        culprit = error.filename or flags.models_dir
        raise UsageError(f"{culprit}: {error.strerror}; see --from and --models-dir") from error
    log.info("%s is in place: %s, sha256 %s, licence %s", weights.name, path, weights.sha256, weights.licence)
    return EXIT_DONE


def _have(weights: Weights, source: str | None, models_dir: Path) -> Path:
    path = models_dir / weights.file_name
    if is_whole(path, weights):
        return path
    if not weights.is_confirmed:
        log.warning(
            "%s: its sha256 was found in one place alone; what comes is held against it all the same", weights.name
        )
    if source is not None and not source.startswith(("http://", "https://")):
        return take(weights, Path(source), models_dir, Disk())
    log.info("fetching %s from %s", weights.name, shown(source or weights.url))
    return fetch(weights, models_dir, SystemClock(), Disk(), source)


def _make_parser() -> ArgumentParser:
    table = "\n".join(
        f"  {weights.name}  {weights.licence}, "
        f"{'size not known' if weights.size_bytes is None else f'{weights.size_bytes:,} bytes'}, "
        f"{'confirmed' if weights.is_confirmed else 'not confirmed'}\n    {weights.url}\n    sha256 {weights.sha256}"
        for weights in CATALOGUE.values()
    )
    parser = ArgumentParser(
        description="Fetch the weights of a network that finds people, verify them, and put them where\n"
        "`--detector onnx` finds them. A download that was cut is resumed.",
        epilog=f"the weights:\n{table}\n\nexit codes: 0 done, 2 wrong use, 1 anything else",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=CATALOGUE, metavar="NAME", help=f"which: {', '.join(CATALOGUE)}")
    parser.add_argument(
        "--from",
        dest="source",
        metavar="FILE|URL",
        help="the file, brought here by hand, or another address that has it (default: the official release)",
    )
    parser.add_argument(
        "--models-dir", type=folder, default=MODELS_FOLDER, metavar="DIR", help="where it is put (default: %(default)s)"
    )
    return parser


if __name__ == "__main__":
    run_process(main)
