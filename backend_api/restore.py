"""Entry script of restoring: `python backend_api/restore.py --from FOLDER --db ./data/app.db`."""

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from backend_api.base.environment import require_environment  # noqa: E402

require_environment()

import argparse  # noqa: E402
import logging  # noqa: E402

from backend_api.base.arguments import ArgumentParser, folder  # noqa: E402
from backend_api.base.database_address import add_database_flag, media_folder_beside, sqlite_file  # noqa: E402
from backend_api.base.durable_files import Disk  # noqa: E402
from backend_api.base.process import EXIT_DONE, EXIT_FAILED, FatalError, UsageError, run_process  # noqa: E402
from backend_api.media.place import media_place  # noqa: E402
from backend_api.snapshots.repository import Repository  # noqa: E402
from backend_api.snapshots.restoring import restore_snapshot  # noqa: E402

log = logging.getLogger(__name__)


def main() -> int:
    """Restore a snapshot into an empty place. Raises UsageError and FatalError, with the culprit."""
    options = _parse_options()
    db, media, disk = sqlite_file(options.db), options.media_dir or media_folder_beside(options.db), Disk()
    try:
        with Repository.open_for_reading(options.source, disk) as repository:
            name = options.snapshot or next(reversed(repository.names()), None)
            if name is None:
                raise UsageError(f"{options.source} holds no whole snapshot; give the place of another backup")
            restored = restore_snapshot(repository, name, db, media, disk)
    except OSError as error:
        raise FatalError(
            f"{error.filename or db}: {error.strerror}; make room, or let this user write there, then run it again: "
            "it goes on"
        ) from error
    for lost in restored.lost:
        log.error("%s is missing or damaged in the backup; its event has none now", lost)
    log.info(
        "restored the snapshot %s to %s and %s: %d clips and pictures, %.1f MB; start the backend",
        name,
        db,
        media,
        restored.files,
        restored.size_bytes / 1e6,
    )
    return EXIT_FAILED if restored.lost else EXIT_DONE


def _parse_options() -> argparse.Namespace:
    parser = ArgumentParser(
        prog="backend_api/restore.py",
        description="Restore database, clips and pictures from a backup of backend_api/backup.py into an empty place. "
        "Nothing is overwritten. After it was stopped, run it again: it goes on.",
        epilog="Exit codes: 0 done, 1 not done, or clips are lost, 2 wrong use.",
    )
    add = parser.add_argument
    add(
        "--from",
        dest="source",
        type=media_place,
        required=True,
        metavar="PLACE",
        help="the folder or bucket of the backup, its --to",
    )
    add("--snapshot", metavar="NAME", help="which one, such as 2026-11-26T03-00-00Z (default: the newest)")
    add_database_flag(parser, "where the database is to lie, a file; nothing may be there")
    add(
        "--media-dir",
        type=folder,
        metavar="FOLDER",
        help="where clips and pictures are to lie; nothing may be there (default: media beside the database)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    run_process(main)
