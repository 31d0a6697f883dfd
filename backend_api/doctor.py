"""Entry script of the doctor, `python backend_api/doctor.py`: do database and media folder keep their promises?"""

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from backend_api.base.environment import require_environment  # noqa: E402

require_environment()

import os  # noqa: E402
import signal  # noqa: E402
from collections.abc import Iterable, Iterator  # noqa: E402
from contextlib import closing  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from datetime import timedelta  # noqa: E402

from backend_api.base.clock import Clock, SystemClock  # noqa: E402
from backend_api.base.instants import to_ms  # noqa: E402
from backend_api.base.process import (  # noqa: E402
    EXIT_DONE,
    EXIT_FAILED,
    FatalError,
    UsageError,
    escape_controls,
    run_process,
)
from backend_api.checks.clips import check_clips  # noqa: E402
from backend_api.checks.derived import check_derived  # noqa: E402
from backend_api.checks.enrichments import check_enrichments  # noqa: E402
from backend_api.checks.finding import Finding  # noqa: E402
from backend_api.checks.folder import check_folder  # noqa: E402
from backend_api.checks.integrity import check_integrity  # noqa: E402
from backend_api.checks.sessions import check_sessions  # noqa: E402
from backend_api.checks.strays import HasStrays, check_strays  # noqa: E402
from backend_api.checks.times import check_times  # noqa: E402
from backend_api.contract.values import format_timestamp  # noqa: E402
from backend_api.doctor_options import Options, parse_options  # noqa: E402
from backend_api.media.media import Media  # noqa: E402
from backend_api.media.place import MediaPlace, open_media  # noqa: E402
from backend_api.media.unmasked import find_unmasked, remove_unmasked  # noqa: E402
from backend_api.store.db.database import Database  # noqa: E402
from backend_api.store.db.errors import StoreBusy, StoreFull  # noqa: E402
from backend_api.store.db.migrate import open_database  # noqa: E402
from backend_api.store.db.settings import SettingName  # noqa: E402
from backend_api.store.old_events import OldEvents  # noqa: E402
from backend_api.store.store import Store  # noqa: E402


@dataclass(slots=True)
class CheckTotals:
    """The findings so far: `wrong` of which `fixed` are no longer, and `notes` that need nothing."""

    wrong: int = 0
    fixed: int = 0
    notes: int = 0


def main() -> int:
    """Examine what the command line names. Raises UsageError, or FatalError when it cannot come to an end."""
    # A reader that has seen enough, such as head, ends this process without a word.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    options, clock = parse_options(), SystemClock()
    try:
        return command(options, clock) if options.is_command else examine(options, clock)
    except KeyboardInterrupt as error:
        raise FatalError("stopped before everything was examined; run it again") from error


def command(options: Options, clock: Clock) -> int:
    """Do what a person asks for, and say what was done. Raises UsageError when that cannot be done, FatalError."""
    with closing(Store.open(options.db, clock, create=False)) as store:
        try:
            for line in _do(options, store, clock):
                _say(line)
        except (StoreBusy, StoreFull) as error:
            raise FatalError(f"{error}; run the doctor again when that is over") from error
    return EXIT_DONE


def _do(options: Options, store: Store, clock: Clock) -> Iterator[str]:
    if options.hide is not None:
        if not store.hidden_events.hide(options.hide, options.reason, options.by):
            raise UsageError(f"there is no event {options.hide}; GET /events lists what there is")
        yield f"{options.hide} counts nowhere now, and is kept; --show {options.hide} lets it count again"
    if options.show is not None:
        if not store.hidden_events.show(options.show):
            raise UsageError(f"{options.show} is no hidden event; the doctor lists those as notes")
        yield f"{options.show} counts again"
    if options.count_old_events is not None:
        old = store.old_events.count(clock.now() - timedelta(days=options.count_old_events))
        yield _describe(old, options.count_old_events)
    if options.list_unmasked or options.remove_unmasked:
        yield from _unmasked(options, store)
    if options.allow_removal:
        yield _allow_removal(store, clock)


def _allow_removal(store: Store, clock: Clock) -> str:
    held_back = store.settings.find(SettingName.REMOVAL_HELD_BACK)
    if held_back is None:
        raise UsageError("nothing is held back: the backend's log, and GET /ready, say so when something is")
    store.settings.keep(SettingName.REMOVAL_ALLOWED_MS, str(to_ms(clock.now())))
    return f"the backend's next look, within 10 minutes, removes it: {held_back}"


def _unmasked(options: Options, store: Store) -> Iterator[str]:
    """Say which clips and pictures are unmasked and, if that is asked for, remove them."""
    media = _open_media(options.media_dir, store.database)
    try:
        found = find_unmasked(store.database, media, options.camera_id)
        if options.remove_unmasked:
            remove_unmasked(found, media, store.removed_media, options.reason)
    except OSError as error:
        raise FatalError(f"cannot change {error.filename}: {error.strerror}; let this user do it") from error
    for one in found:
        what = "clip" if one.files.clip_bytes else "pictures"
        yield f"{one.event_id}: {what} of {one.store_id}/{one.camera_id}, {format_timestamp(one.at)}"
    size_mb = sum(one.files.size_bytes for one in found) / 1e6
    done = (
        "removed; the events stay"
        if options.remove_unmasked
        else "unmasked; --remove-unmasked removes them, edge_service/mask_stored.py masks them"
    )
    yield f"clips and pictures of {len(found)} events, {size_mb:.1f} MB, {done}" if found else "nothing is unmasked"


def _describe(old: OldEvents, days: float) -> str:
    if old.first is None or old.last is None:
        return f"--keep-events-days {days:g} would remove nothing: no session of {old.total} events is that old"
    return (
        f"--keep-events-days {days:g} would remove {old.events} of {old.total} events, {old.size_bytes / 1e6:.1f} MB "
        f"without their verdicts, of {old.sessions} sessions that began from {format_timestamp(old.first)} to "
        f"{format_timestamp(old.last)}, with their clips, their verdicts and the reviews of {old.reviewed} of them; "
        "sessions and all figures stay"
    )


def examine(options: Options, clock: Clock) -> int:
    """Write one line a finding and a summary to standard output; EXIT_DONE when nothing is wrong (any more).

    Only repairs write, and only with `fix` are they called. The database is opened like anybody else's reader does and
    not with SQLite's mode=ro, which leaves -wal and -shm files behind where nobody else has it open.
    """
    with closing(open_database(options.db, clock, create=False)) as database:
        # After the database: beside a wrong one there is no media folder either.
        media = _open_media(options.media_dir, database)
        try:
            totals = _report(_findings(database, media, options, clock), fix=options.fix)
        except (StoreBusy, StoreFull) as error:
            raise FatalError(f"{error}; run the doctor again when that is over") from error
        except OSError as error:
            raise FatalError(f"cannot read {error.filename}: {error.strerror}; let this user read it") from error
    _say(_summary(totals, options))
    return EXIT_DONE if totals.wrong == totals.fixed else EXIT_FAILED


def _findings(database: Database, media: Media, options: Options, clock: Clock) -> Iterator[Finding]:
    now = clock.now()
    yield from check_integrity(database)
    # The folder before clips: a clip that is moved back is no longer missing.
    if media.folder is not None:
        yield from check_folder(database, media.folder, now.timestamp(), options.orphan_age_s)
    elif isinstance(media, HasStrays):
        yield from check_strays(media, now.timestamp(), options.orphan_age_s)
    yield from check_clips(database, media)
    yield from check_times(database, to_ms(now))
    yield from check_sessions(database, to_ms(now), options.session_age_s)
    yield from check_enrichments(database, to_ms(now))
    # Last: what was repaired before has its session.
    yield from check_derived(database)


def _report(findings: Iterable[Finding], *, fix: bool) -> CheckTotals:
    totals = CheckTotals()
    for finding in findings:
        totals.wrong += finding.is_wrong
        totals.notes += not finding.is_wrong
        outcome = finding.cure
        if fix and finding.repair is not None:
            try:
                finding.repair()
            except OSError as error:
                outcome = f"not fixed: {error.strerror}"
            else:
                outcome = "fixed"
                totals.fixed += 1
        _say(f"{finding}; {outcome}")
    return totals


def _summary(totals: CheckTotals, options: Options) -> str:
    notes = f", {totals.notes} note{'' if totals.notes == 1 else 's'}" if totals.notes else ""
    if not totals.wrong:
        return f"nothing is wrong with {options.db} and {options.media_dir}{notes}"
    left = totals.wrong - totals.fixed
    return f"{totals.wrong} wrong, {totals.fixed} fixed, {left} left{notes} in {options.db} and {options.media_dir}"


def _say(text: str) -> None:
    """One line, whatever a file's name or a model's error holds."""
    line = escape_controls(" ".join(text.split()))
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _open_media(place: MediaPlace, database: Database) -> Media:
    if isinstance(place, Path):
        try:
            os.scandir(place).close()
        except OSError as error:
            raise UsageError(
                f"cannot read the media folder {place}: {error.strerror}; give the backend's --media-dir"
            ) from error
    return open_media(place, database)


if __name__ == "__main__":
    run_process(main)
