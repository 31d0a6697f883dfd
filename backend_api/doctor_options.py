"""The command line of the doctor: flags, their defaults, and what each means."""

import argparse
import getpass
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from backend_api.base.arguments import ArgumentParser, amount, seconds
from backend_api.base.database_address import DatabaseAddress, add_database_flag, media_folder_beside
from backend_api.checks.folder import ASIDE
from backend_api.media.place import MediaPlace, add_media_flag


@dataclass(frozen=True, slots=True)
class Options:
    """The flags of the command line; ages are seconds."""

    db: DatabaseAddress
    media_dir: MediaPlace
    fix: bool
    orphan_age_s: float
    session_age_s: float
    hide: UUID | None = None
    show: UUID | None = None
    allow_removal: bool = False
    count_old_events: float | None = None
    list_unmasked: bool = False
    remove_unmasked: bool = False
    camera_id: str | None = None
    reason: str = ""
    by: str = ""

    @property
    def is_command(self) -> bool:
        """Whether something is to be done, and nothing examined."""
        asked = (self.hide, self.show, self.count_old_events)
        return any(one is not None for one in asked) or any(
            (self.allow_removal, self.list_unmasked, self.remove_unmasked)
        )


def parse_options(argv: Sequence[str] | None = None) -> Options:
    """Read the command line (`sys.argv` when `argv` is None). Raises UsageError in one line; `--help` exits with 0."""
    parser = _make_parser()
    flags = vars(parser.parse_args(argv))
    if flags["hide"] and not flags["reason"].strip():
        parser.error("--hide needs --reason TEXT: whoever misses the event reads it")
    if flags["remove_unmasked"] and not flags["reason"].strip():
        parser.error("--remove-unmasked needs --reason TEXT: whoever asks for one of those clips reads it")
    if flags["camera_id"] and not (flags["list_unmasked"] or flags["remove_unmasked"]):
        parser.error("--camera-id belongs to --list-unmasked or --remove-unmasked")
    by = flags["by"] or _user()
    return Options(**flags | {"media_dir": flags["media_dir"] or media_folder_beside(flags["db"]), "by": by})


def _user() -> str:
    """The name of the user, where the system knows one."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"


def _make_parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="backend_api/doctor.py",
        description="Compare database and media folder: promised clips that are missing or different, files without an "
        "event, sessions that lack an event or differ from their events, enrichments that nobody works on, events of "
        "times that cannot be. Only looks, unless --fix is given; may run beside the backend.",
        epilog="Exit codes: 0 nothing is wrong (any more), 1 something is, or not everything could be examined, "
        "2 wrong use. No event is ever changed, and no file deleted but by --remove-unmasked.",
    )
    add = parser.add_argument
    add_database_flag(parser, "the backend's database")
    add_media_flag(parser, "the backend's folder or bucket of clips and thumbnails")
    add(
        "--fix",
        action="store_true",
        help="repair what can be: stale leases and missing enrichments become PENDING, sessions that differ are made "
        f"anew, files without an event are moved to {ASIDE}/ in the media folder, and back when their event has come "
        "(default: only look)",
    )
    add(
        "--orphan-age-s",
        type=seconds(most=1e9),
        default=86_400.0,
        metavar="SECONDS",
        help="seconds for which a file may be without its event, which may wait in an edge's outbox "
        "(default: %(default)g)",
    )
    add(
        "--session-age-s",
        type=seconds(most=1e9),
        default=21_600.0,
        metavar="SECONDS",
        help="seconds for which a session may lack its next event, counted from when the last one arrived "
        "(default: %(default)g)",
    )
    add(
        "--hide",
        type=_event_id,
        metavar="EVENT_ID",
        help="let one event count nowhere, such as one of a year that cannot be: no list, session or figure has it. It "
        "is kept, with --reason and --by; nothing is examined then",
    )
    add("--show", type=_event_id, metavar="EVENT_ID", help="let a hidden event count again; nothing is examined then")
    add(
        "--count-old-events",
        type=amount(above=0, most=1e6),
        metavar="DAYS",
        help="say what the backend would remove with --keep-events-days DAYS; nothing is removed or examined",
    )
    add(
        "--allow-removal",
        action="store_true",
        help="let the backend remove what it holds back: where a sweep would take more than half of the clips, or "
        "follows a jump of the clock, it waits for a person's word; nothing is examined then",
    )
    add(
        "--list-unmasked",
        action="store_true",
        help="list the events of whose clips and pictures none says that anything was hidden in it (clip.masked); "
        "nothing is examined then",
    )
    add(
        "--remove-unmasked",
        action="store_true",
        help="remove those clips and pictures for good, with --reason; their events, verdicts and all figures stay. "
        "--list-unmasked says first what would go; nothing is examined then",
    )
    add(
        "--camera-id",
        metavar="ID",
        help="of --list-unmasked and --remove-unmasked: of this camera alone (default: of every camera)",
    )
    add(
        "--reason",
        default="",
        metavar="TEXT",
        help="why the event is hidden, or the clips are removed; --hide and --remove-unmasked need it",
    )
    add("--by", default="", metavar="NAME", help="the name of the person who hides it (default: the user's)")
    return parser


def _event_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no event_id; look for it in GET /events") from error
