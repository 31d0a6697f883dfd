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
from backend_api.base.clock import SystemClock  # noqa: E402
from backend_api.base.database_address import ADDRESS_VARIABLE, DatabaseAddress, sqlite_file  # noqa: E402
from backend_api.base.process import EXIT_DONE, FatalError, UsageError, run_process  # noqa: E402
from backend_api.store.db.errors import StoreBroken, StoreBusy, StoreFull  # noqa: E402
from backend_api.store.store import Store  # noqa: E402

log = logging.getLogger(__name__)


def main() -> int:
    """Move the database. Raises UsageError and FatalError, with the culprit; to run it again goes on."""
    options = _parse_options()
    try:
        # Only this script and a backend on PostgreSQL need its driver.
        from backend_api.store.db.moving import move
        from backend_api.store.db.postgres_engine import PostgresDatabase
    except ImportError as error:
        raise UsageError(f"{error}: pip install -r requirements-chain.txt") from error
    clock, path = SystemClock(), sqlite_file(options.source)
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
    return EXIT_DONE


def _parse_options() -> argparse.Namespace:
    parser = ArgumentParser(
        prog="backend_api/move.py",
        description="Move the database from an SQLite file into an empty PostgreSQL database, while backend and "
        "workers stand still. All rows are compared in the end; the file is only read. Clips and pictures stay where "
        "they are. After it was stopped, run it again: it goes on.",
        epilog="Exit codes: 0 done, 1 not done, 2 wrong use.",
    )
    add = parser.add_argument
    add(
        "--from",
        dest="source",
        type=DatabaseAddress.of,
        required=True,
        metavar="FILE",
        help="the SQLite file, such as ./data/app.db",
    )
    add(
        "--to",
        type=DatabaseAddress.of,
        default=os.environ.get(ADDRESS_VARIABLE),
        metavar="ADDRESS",
        help=f"postgresql://USER:PASSWORD@HOST/DATABASE, which is empty (default: {ADDRESS_VARIABLE})",
    )
    options = parser.parse_args()
    if options.to is None or options.to.url is None:
        parser.error(f"--to, or {ADDRESS_VARIABLE}, must be postgresql://USER:PASSWORD@HOST/DATABASE")
    return options


if __name__ == "__main__":
    run_process(main)
