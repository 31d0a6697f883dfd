"""Entry script of the backend: `python backend_api/main.py --db ./data/app.db --media-dir ./data/media`."""

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
import re  # noqa: E402
from contextlib import closing  # noqa: E402
from urllib.parse import urlsplit  # noqa: E402
from uuid import uuid4  # noqa: E402

from backend_api.alerts.config import DEFAULT_ALERTS, load_alerts  # noqa: E402
from backend_api.alerts.ping import check_ping_url  # noqa: E402
from backend_api.app import KEEP_ALERTS_DAYS, Settings, create_app  # noqa: E402
from backend_api.base.arguments import ArgumentParser, amount, port  # noqa: E402
from backend_api.base.clock import SystemClock  # noqa: E402
from backend_api.base.database_address import add_database_flag, media_folder_beside  # noqa: E402
from backend_api.base.followed_file import FollowedFile  # noqa: E402
from backend_api.base.process import EXIT_DONE, run_process, stop_on_signals  # noqa: E402
from backend_api.base.watchdog import Watchdog  # noqa: E402
from backend_api.media.folder import MediaFolder  # noqa: E402
from backend_api.media.place import add_media_flag, open_media  # noqa: E402
from backend_api.media.retention_policy import KeepLimits  # noqa: E402
from backend_api.store.store import Store  # noqa: E402
from backend_api.web.auth import Keys  # noqa: E402
from backend_api.web.keys_file import load_keys  # noqa: E402
from backend_api.web.server import listen, serve  # noqa: E402

log = logging.getLogger(__name__)


def main() -> int:
    """Serve until stopped. Raises UsageError for a taken port, or a database or folder that cannot be used."""
    options = _parse_options()
    logging.getLogger("alembic").setLevel(logging.WARNING)
    stop = stop_on_signals()
    clock = SystemClock()

    def load(*, must_write: bool = False) -> Keys:
        named = None if options.keys is None else load_keys(options.keys)
        return Keys.of(options.api_key, options.read_key, os.environ, named, must_write=must_write)

    keys = load(must_write=True)
    followed = None if options.keys is None else FollowedFile(options.keys, load, clock.monotonic_s)
    settings = Settings(
        keys=keys,
        followed_keys=followed,
        cors_origins=tuple(options.cors_origin),
        allowed_hosts=(options.host, *options.allowed_host),
        keeps_access_log=options.access_log,
        alerts=load_alerts(options.alerts, os.environ),
        keep_alerts_days=options.keep_alerts_days,
        ping_url=_ping_url(options.ping_url),
        keep=KeepLimits(options.keep_days, options.keep_gb and round(options.keep_gb * 1e9), options.keep_events_days),
    )
    with closing(listen(options.host, options.port, is_guarded=bool(keys))) as listening:
        place = options.media_dir or media_folder_beside(options.db)
        folder = MediaFolder.open(place) if isinstance(place, Path) else None
        with closing(Store.open(options.db, clock, create=True)) as store:
            # A backend that is refused leaves the folder as it is: it may be that of another one.
            if folder is not None:
                folder.remove_leftovers()
                folder.mark(uuid4())
            redirects = options.media_serve == "redirect"
            media = folder or open_media(place, store.database, is_probed=True, redirects=redirects)
            log.info("events in %s, clips in %s", options.db, media.name)
            serve(create_app(store, media, clock, settings), listening, stop, tick=Watchdog(clock, os.environ).feed)
    log.info("stopped; everything that was acknowledged is stored")
    return EXIT_DONE


def _parse_options() -> argparse.Namespace:
    parser = ArgumentParser(
        prog="backend_api/main.py",
        description="The backend: takes the edges' events, keeps them, serves them and their clips over HTTP.",
    )
    add_database_flag(parser, "the database, whose tables are made when missing, and updated when older")
    add_media_flag(
        parser,
        "the folder of clips and thumbnails, made when missing, or a bucket such as s3://gym-media/clips, whose "
        "keys and endpoint are AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL and AWS_REGION in the "
        "environment",
    )
    parser.add_argument(
        "--media-serve",
        choices=["proxy", "redirect"],
        default="proxy",
        help="how clients get the files of a bucket: through the backend, or from the bucket itself, by an address "
        "that is signed for two hours (default: %(default)s)",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="the address to listen on; without a key only ones of this computer (default: %(default)s)",
    )
    parser.add_argument(
        "--port",
        type=port,
        default=8000,
        help="the TCP port, 0 to 65535; 0 takes any free one (default: %(default)s)",
    )
    _add_access(parser)
    _add_watching(parser)
    _add_retention(parser)
    return parser.parse_args()


def _add_access(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--api-key",
        action="append",
        default=[],
        metavar="KEY",
        help="a key that callers must send as Authorization: Bearer; may be given several times. Others on this "
        "computer may see it here, so better set GYM_API_KEY (default: no key is asked for)",
    )
    parser.add_argument(
        "--read-key",
        action="append",
        default=[],
        metavar="KEY",
        help="the same for callers that may only read (default: none)",
    )
    parser.add_argument(
        "--keys",
        type=Path,
        metavar="FILE",
        help="hashed keys in a file (YAML), each with a name, a role and stores, which backend_api/keys.py writes; it "
        "is read again when it has changed (default: none)",
    )
    parser.add_argument(
        "--cors-origin",
        action="append",
        default=[],
        type=_origin,
        metavar="ORIGIN",
        help="an origin whose pages may read and write, such as https://gym.example; may be given several times "
        "(default: none)",
    )
    parser.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        type=_host_name,
        metavar="NAME",
        help="a name by which browsers and edges reach the backend, such as gym.example; may be given several times "
        "(default: this computer's own names; addresses such as 192.168.1.5 always do)",
    )


def _add_watching(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--access-log",
        action="store_true",
        help="write down each request in a line of JSON: when, whence, what, status, milliseconds (default: none)",
    )
    parser.add_argument(
        "--alerts",
        type=Path,
        default=DEFAULT_ALERTS,
        metavar="FILE",
        help="what is told to whom, when something is wrong, as YAML (default: backend_api/alerts.yaml)",
    )
    parser.add_argument(
        "--ping-url",
        metavar="URL",
        help="an address elsewhere that is asked every minute while backend, worker and cameras are well, such as one "
        "of healthchecks.io, which tells when it stays away. Others on this computer may see it here, so better set "
        "GYM_PING_URL (default: none)",
    )


def _add_retention(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--keep-days",
        type=amount(above=0, most=1e6),
        metavar="DAYS",
        help="days after their event for which clips and pictures are kept; the events stay (default: for ever)",
    )
    parser.add_argument(
        "--keep-events-days",
        type=amount(above=0, most=1e6),
        metavar="DAYS",
        help="days for which events are kept, with their verdicts, reviews and clips; sessions and all figures stay. "
        "python backend_api/doctor.py --count-old-events DAYS says first what would go "
        "(default: for ever)",
    )
    parser.add_argument(
        "--keep-alerts-days",
        type=amount(above=1, most=1e6),
        default=KEEP_ALERTS_DAYS,
        metavar="DAYS",
        help="days for which alerts are kept that are over and told, more than 1; others stay (default: %(default)g)",
    )
    parser.add_argument(
        "--keep-gb",
        type=amount(above=0, most=1e6),
        metavar="GB",
        help="gigabytes (10^9 bytes) that clips and pictures may take together: the oldest go first, reviewed "
        "ones last; the events stay (default: as much as there is)",
    )


def _ping_url(flag: str | None) -> str | None:
    """The address of --ping-url, else of GYM_PING_URL; None without either. Raises UsageError."""
    url = flag or os.environ.get("GYM_PING_URL")
    return check_ping_url(url) if url else None


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.netloc or text != f"{parts.scheme}://{parts.netloc}":
        raise argparse.ArgumentTypeError(f"{text} is no origin; give one such as https://gym.example")
    return text


def _host_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?", text):
        raise argparse.ArgumentTypeError(f"{text} is no host name; give one such as gym.example, without a port")
    return text


if __name__ == "__main__":
    run_process(main)
