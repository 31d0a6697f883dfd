"""Entry script of the backup: `python backend_api/backup.py --db ./data/app.db --to FOLDER`."""

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from backend_api.base.environment import require_environment  # noqa: E402

require_environment()

import argparse  # noqa: E402
import logging  # noqa: E402

from backend_api.base.arguments import ArgumentParser, count, folder  # noqa: E402
from backend_api.base.clock import SystemClock  # noqa: E402
from backend_api.base.database_address import add_database_flag, media_folder_beside, sqlite_file  # noqa: E402
from backend_api.base.durable_files import Disk  # noqa: E402
from backend_api.base.process import EXIT_DONE, EXIT_FAILED, FatalError, UsageError, run_process  # noqa: E402
from backend_api.media.place import MediaPlace, media_place  # noqa: E402
from backend_api.snapshots.repository import Repository  # noqa: E402
from backend_api.snapshots.taking import take_snapshot  # noqa: E402
from backend_api.snapshots.verifying import verify  # noqa: E402
from backend_api.store.db.errors import StoreBroken, StoreBusy, StoreFull  # noqa: E402

log = logging.getLogger(__name__)


def main() -> int:
    """Take a snapshot, or verify those that are there. Raises UsageError and FatalError, with the culprit."""
    options = _parse_options()
    try:
        return _verify(options.to) if options.verify else _take(options)
    except StoreBroken as error:
        raise UsageError(f"cannot back {options.db} up: {error}; or give another --db") from error
    except (StoreBusy, StoreFull) as error:
        raise FatalError(f"{error}; the snapshots before are as they were: run it again when that is over") from error
    except OSError as error:
        raise FatalError(
            f"{error.filename or options.to}: {error.strerror}; the snapshots before are as they were: make room, or "
            "let this user read and write there, then run it again"
        ) from error


def _take(options: argparse.Namespace) -> int:
    db, media = sqlite_file(options.db), options.media_dir or media_folder_beside(options.db)
    if not media.is_dir():
        raise UsageError(f"there is no media folder {media}; give the backend's --media-dir")
    if isinstance(options.to, Path) and options.to.resolve().is_relative_to(media.resolve()):
        raise UsageError(f"{options.to} lies in the media folder {media}; give a folder elsewhere with --to")
    clock = SystemClock()
    began_s = clock.monotonic_s()
    with Repository.open_for_writing(options.to, Disk()) as repository:
        taken = take_snapshot(db, media, repository, clock)
        removed = repository.prune(options.keep)
    log.info(
        "snapshot %s: the database and %d clips and pictures, %d of them new, %.1f MB written in %.1f s%s",
        taken.name,
        taken.files,
        taken.new_files,
        taken.new_bytes / 1e6,
        clock.monotonic_s() - began_s,
        f"; {removed} files that only older ones needed are removed" if removed else "",
    )
    return EXIT_DONE


def _verify(to: MediaPlace) -> int:
    with Repository.open_for_reading(to, Disk()) as repository:
        names = repository.names()
        wrong = verify(repository)
    for line in wrong:
        log.error("%s", line)
    if not names:
        raise UsageError(f"{to} holds no whole snapshot yet; run it without --verify first")
    log.info("snapshots: %d, the newest %s; faults: %s", len(names), names[-1], len(wrong) or "none")
    return EXIT_FAILED if wrong else EXIT_DONE


def _parse_options() -> argparse.Namespace:
    parser = ArgumentParser(
        prog="backend_api/backup.py",
        description="Back database, clips and pictures up into a folder or bucket, while everything runs. Only what "
        "is new is copied; a backup that is stopped at any instant leaves the ones before whole.",
        epilog="Exit codes: 0 done, 1 it could not be done, or --verify found something, 2 wrong use. "
        "backend_api/restore.py restores.",
    )
    add = parser.add_argument
    add_database_flag(parser, "the backend's database, which must be a file")
    add(
        "--media-dir",
        type=folder,
        metavar="FOLDER",
        help="the backend's folder of clips and thumbnails (default: media beside the database)",
    )
    add(
        "--to",
        type=media_place,
        required=True,
        metavar="PLACE",
        help="where backups are kept: a folder, made when missing, or an empty place in a bucket, such as "
        "s3://gym-backup/north, whose keys are AWS_* in the environment; one for each backend",
    )
    add(
        "--keep",
        type=count(1),
        default=7,
        metavar="COUNT",
        help="snapshots to keep; older ones go, with the clips that only they have (default: %(default)s)",
    )
    add(
        "--verify",
        action="store_true",
        help="back nothing up, but read every snapshot in --to, compare it with its hashes, and examine its database",
    )
    return parser.parse_args()


if __name__ == "__main__":
    run_process(main)
