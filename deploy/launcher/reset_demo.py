"""Entry script of `make reset-demo`: removes what the demo has stored, after saying what that is."""

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from backend_api.base.environment import require_environment  # noqa: E402

require_environment()

import re  # noqa: E402
import shutil  # noqa: E402

import psutil  # noqa: E402

from backend_api.base.arguments import ArgumentParser  # noqa: E402
from backend_api.base.process import EXIT_DONE, FatalError, UsageError, run_process  # noqa: E402
from deploy.launcher.options import DEMO_DATA  # noqa: E402

# The database with the files beside it, the folders that stand beside a database, and what a killed look at room left.
_OF_THE_DEMO = re.compile(r"app\.db([.-].*)?|media|outbox|audit|\.writable-.*")


def main() -> int:
    """Say what there is, ask, and remove it.

    Raises UsageError while a process uses it, and where more lies there than a demo's; FatalError.
    """
    parser = ArgumentParser(
        prog="deploy/launcher/reset_demo.py", description="Remove the events, verdicts, reviews and clips of the demo."
    )
    parser.add_argument(
        "--data-dir", type=Path, default=DEMO_DATA, metavar="DIR", help="the demo's folder (default: %(default)s)"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask (default: ask)")
    flags = parser.parse_args()
    folder: Path = flags.data_dir
    if not folder.is_dir():
        sys.stdout.write(f"There is no demo data: no folder {folder}.\n")
        return EXIT_DONE
    if user := find_user(folder):
        raise UsageError(f"{folder} is in use by process {user}: end it first, Ctrl-C in the terminal of `make run`")
    if stranger := find_stranger(folder):
        raise UsageError(
            f"{folder} is no demo's folder, it holds {stranger}, too: give the demo's with --data-dir, or remove it by "
            "hand"
        )
    sys.stdout.write(describe(folder) + "\n")
    if not flags.yes and not confirmed():
        sys.stdout.write("Nothing was removed.\n")
        return EXIT_DONE
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise FatalError(f"cannot remove {error.filename}: {error.strerror}; remove {folder} by hand") from error
    sys.stdout.write(f"Removed {folder}; `make run` begins anew.\n")
    return EXIT_DONE


def describe(folder: Path) -> str:
    """The content of `folder`, in a line."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    clips = sum(path.suffix == ".mp4" for path in files)
    size_mb = sum(path.stat().st_size for path in files) / 1e6
    return (
        f"{folder}: the demo's database with its events, verdicts and reviews, {clips} clips, "
        f"{len(files)} files, {size_mb:,.0f} MB"
    )


def find_stranger(folder: Path) -> str | None:
    """The name of something in `folder` that no process of the demo puts there; None when there is nothing else."""
    names = sorted(path.name for path in folder.iterdir())
    return next((name for name in names if not _OF_THE_DEMO.fullmatch(name)), None)


def confirmed() -> bool:
    """Whether a person says yes; where nobody can be asked, nobody does."""
    sys.stdout.write("Remove all of it? [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def find_user(folder: Path) -> int | None:
    """The id of a process of this user that has a file in `folder` open; None when there is none."""
    root = str(folder.resolve())
    for process in psutil.process_iter():
        try:
            if any(file.path.startswith(root + "/") for file in process.open_files()):
                return process.pid
        except psutil.Error:
            continue
    return None


if __name__ == "__main__":
    run_process(main)
