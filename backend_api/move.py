"""Entry script of moving: `python backend_api/move.py --from ./data/app.db --to postgresql://...`."""

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from backend_api.base.environment import require_environment  # noqa: E402

require_environment()

import argparse  # noqa: E402
import logging  # noqa: E402
import os  # noqa: E402
from contextlib import closing  # noqa: E402

from backend_api.base.arguments import ArgumentParser  # noqa: E402
from backend_api.base.clock import Clock, SystemClock  # noqa: E402
from backend_api.base.database_address import ADDRESS_VARIABLE, DatabaseAddress, sqlite_file  # noqa: E402
from backend_api.base.durable_files import make_writable  # noqa: E402
from backend_api.base.process import EXIT_DONE, EXIT_FAILED, FatalError, UsageError, run_process  # noqa: E402
from backend_api.media.folder import MediaFolder  # noqa: E402
from backend_api.media.media import Media  # noqa: E402
from backend_api.media.moving import move_media  # noqa: E402
from backend_api.media.place import media_place, open_media  # noqa: E402
from backend_api.store.db.database import Database  # noqa: E402
from backend_api.store.db.errors import StoreBroken, StoreBusy, StoreFull  # noqa: E402
from backend_api.store.db.migrate import open_database  # noqa: E402
from backend_api.store.store import Store  # noqa: E402

log = logging.getLogger(__name__)


def main() -> int:
    """Move rows, media, or both. Raises UsageError and FatalError, with the culprit; to run it again goes on."""
    options, clock = _parse_options(), SystemClock()
    if options.source is not None:
        _move_rows(options, clock)
    return _move_media(options, clock) if options.media_to is not None else EXIT_DONE


def _move_rows(options: argparse.Namespace, clock: Clock) -> None:
    try:
        # Only this script and a backend on PostgreSQL need its driver.
        from backend_api.store.db.moving import move
        from backend_api.store.db.postgres_engine import PostgresDatabase
    except ImportError as error:
        raise UsageError(f"{error}: pip install -r requirements-chain.txt") from error
    path = sqlite_file(options.source)
    if not path.is_file():
        raise UsageError(f"there is no database {path}; give the file of the backend's --db with --from")
    began_s = clock.monotonic_s()
    with (
        closing(Store.open(path, clock, create=False)) as source,
        closing(PostgresDatabase(options.to.url)) as target,
    ):
        try:
            moved = move(source.database, target)
        except StoreBroken as error:
            raise UsageError(f"{error}; the source is as it was") from error
        except (StoreBusy, StoreFull) as error:
            raise FatalError(f"{error}; the source is as it was: run it again, it goes on") from error
    log.info(
        "%d rows of %d tables are in %s, the same as in %s, %d of them copied now, in %.1f s; start the backends with "
        "it, and keep the file for a while",
        moved.rows,
        moved.tables,
        options.to,
        options.source,
        moved.copied,
        clock.monotonic_s() - began_s,
    )


def _move_media(options: argparse.Namespace, clock: Clock) -> int:
    """Move clips and pictures; of a bucket the database at --to holds the index. EXIT_FAILED when some are lost."""
    began_s = clock.monotonic_s()
    with closing(open_database(options.to, clock, create=False)) as database:
        try:
            source, target = _places(options, database)
            moved = move_media(source, target)
        except OSError as error:
            again = "run it again without --from" if options.source is not None else "run it again"
            raise FatalError(
                f"{error.filename or options.media_to}: {error.strerror}; the source is as it was: {again}, it goes on"
            ) from error
    for name in moved.lost:
        log.error("%s cannot be read in %s; its event has none", name, source.name)
    log.info(
        "%d clips and pictures, %.1f MB, are in %s, the same as in %s, %d of them copied now, in %.1f s; keep the "
        "source for a while",
        moved.files,
        moved.size_bytes / 1e6,
        target.name,
        source.name,
        moved.copied,
        clock.monotonic_s() - began_s,
    )
    return EXIT_FAILED if moved.lost else EXIT_DONE


def _places(options: argparse.Namespace, database: Database) -> tuple[Media, Media]:
    source = open_media(options.media_from, database)
    if isinstance(options.media_from, Path) and not options.media_from.is_dir():
        raise UsageError(f"there is no media folder {options.media_from}; give the backend's --media-dir")
    if isinstance(options.media_to, Path):
        return source, MediaFolder(make_writable(options.media_to, "--media-to"))
    return source, open_media(options.media_to, database, is_probed=True)


def _parse_options() -> argparse.Namespace:
    parser = ArgumentParser(
        prog="backend_api/move.py",
        description="Move the database from an SQLite file into an empty PostgreSQL database, clips and pictures from "
        "a folder into a bucket or back, or both, while backend and workers stand still. All rows and files are "
        "compared in the end; what they come from is only read. After it was stopped, run it again: it goes on.",
        epilog="Exit codes: 0 done, 1 not done, or files are lost, 2 wrong use.",
    )
    add = parser.add_argument
    add(
        "--from",
        dest="source",
        type=DatabaseAddress.of,
        metavar="FILE",
        help="the SQLite file, such as ./data/app.db (default: no rows are moved, media alone)",
    )
    add(
        "--to",
        type=DatabaseAddress.of,
        default=os.environ.get(ADDRESS_VARIABLE),
        metavar="ADDRESS",
        help="with --from, postgresql://USER:PASSWORD@HOST/DATABASE, which is empty; without it, the backend's "
        f"database, which holds the index of a bucket (default: {ADDRESS_VARIABLE})",
    )
    add(
        "--media-from",
        type=media_place,
        metavar="PLACE",
        help="the folder of clips and pictures, or their bucket, such as s3://gym-media/clips (default: they stay)",
    )
    add(
        "--media-to",
        type=media_place,
        metavar="PLACE",
        help="the bucket that they are to lie in, or the folder (default: they stay)",
    )
    options = parser.parse_args()
    if options.to is None:
        parser.error(f"--to, or {ADDRESS_VARIABLE}, must name the database")
    if options.source is not None and options.to.url is None:
        parser.error(f"--to, or {ADDRESS_VARIABLE}, must be postgresql://USER:PASSWORD@HOST/DATABASE")
    _check_places(parser, options)
    return options


def _check_places(parser: ArgumentParser, options: argparse.Namespace) -> None:
    if (options.media_from is None) != (options.media_to is None):
        parser.error("--media-from and --media-to belong together")
    if options.source is None and options.media_to is None:
        parser.error("give --from, or --media-from and --media-to: else there is nothing to move")
    kinds = {isinstance(place, Path) for place in (options.media_from, options.media_to)}
    if options.media_to is not None and len(kinds) == 1:
        parser.error(
            "one of --media-from and --media-to must be a folder and the other a bucket: between two of a kind any "
            "program copies them as they are, such as rsync or rclone"
        )


if __name__ == "__main__":
    run_process(main)
