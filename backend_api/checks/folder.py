"""Whether everything in the media folder belongs to an event.

An event may wait in an edge's outbox while its clip is in the folder already, so only what has been there for long is
called orphaned. Nothing is ever deleted: a repair moves a file aside, and back when its event has come after all.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from backend_api.checks.finding import Finding, Kind
from backend_api.contract.media import FOLDER_ID_NAME, clip_name, frame_name, thumbnail_name
from backend_api.contract.verdicts import MAX_SHOWN_FRAMES
from backend_api.store.db.database import Database
from backend_api.store.db.tables import events

ASIDE = "orphaned"
_FILES_A_QUERY = 1_000


@dataclass(frozen=True, slots=True)
class _File:
    """A file in the folder; `event_id` is None when its name is not one that an event's file has."""

    name: str
    age_s: float
    event_id: str | None


def set_aside_path(folder: Path, name: str) -> Path:
    """Where a file of the media folder lies once it was moved aside."""
    return folder / ASIDE / name


def check_folder(database: Database, folder: Path, now_s: float, orphan_age_s: float) -> Iterator[Finding]:
    """The files that belong to no event, and those that were moved aside although they do.

    `now_s` is seconds since 1970; what is older than `orphan_age_s` is wrong, what is younger only told.
    """
    for file, is_owned in _owned(database, _files(folder, now_s)):
        if not is_owned:
            yield _unowned(folder, file, orphan_age_s)
    for file, is_owned in _owned(database, _files(folder / ASIDE, now_s)):
        if is_owned and not (folder / file.name).exists():
            repair = partial(_move, set_aside_path(folder, file.name), folder / file.name)
            text = f"it lies in {ASIDE}/, but its event has come since"
            yield Finding(Kind.SET_ASIDE_TOO_EARLY, file.name, text, "--fix moves it back", repair=repair)


def _unowned(folder: Path, file: _File, orphan_age_s: float) -> Finding:
    kind, text = Kind.ORPHANED_FILE, "no event promises it"
    if _is_temporary(file.name):
        kind, text = Kind.TEMPORARY_FILE, "somebody began to write it"
    elif file.event_id is None:
        return Finding(
            Kind.UNKNOWN_FILE, file.name, "not the name of a clip, thumbnail or frame", "left alone", is_wrong=False
        )
    text = f"{text}, {max(0, round(file.age_s))} s old"
    if file.age_s <= orphan_age_s:
        cure = f"left alone until it is {orphan_age_s:g} s old: it, or its event, may still be on the way"
        return Finding(kind, file.name, text, cure, is_wrong=False)
    repair = partial(_move, folder / file.name, set_aside_path(folder, file.name))
    return Finding(kind, file.name, text, f"--fix moves it to {ASIDE}/", repair=repair)


def _files(folder: Path, now_s: float) -> Iterator[_File]:
    """The files in `folder` itself, in no order; none when it is missing."""
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return
    with entries:
        for entry in entries:
            try:
                if entry.name != FOLDER_ID_NAME and entry.is_file(follow_symlinks=False):
                    age_s = now_s - entry.stat(follow_symlinks=False).st_mtime
                    yield _File(entry.name, age_s, _event_id(entry.name))
            except FileNotFoundError:
                continue  # it got its final name in between, and belongs to what is being written


def _owned(database: Database, files: Iterator[_File]) -> Iterator[tuple[_File, bool]]:
    """Each of `files`, and whether an event promises it; asked after the file was seen, since clips come first."""
    while batch := list(islice(files, _FILES_A_QUERY)):
        names = _promised_names(database, {file.event_id for file in batch if file.event_id})
        yield from ((file, file.name in names) for file in batch)


def _promised_names(database: Database, event_ids: Iterable[str]) -> set[str]:
    query = select(events.c.event_id, events.c.clip_sha256).where(events.c.event_id.in_(event_ids))
    with database.read() as connection:
        rows = connection.execute(query).all()
    clips = {clip_name(UUID(event_id)) for event_id, sha256 in rows if sha256 is not None}
    return clips.union(*(_picture_names(UUID(event_id)) for event_id, _ in rows))


def _picture_names(event_id: UUID) -> set[str]:
    return {thumbnail_name(event_id)} | {frame_name(event_id, number) for number in range(1, MAX_SHOWN_FRAMES + 1)}


def _event_id(name: str) -> str | None:
    """The id of the event that a file called `name` belongs to by its name."""
    try:
        event_id = UUID(name.partition(".")[0])
    except ValueError:
        return None
    return str(event_id) if name in {clip_name(event_id), *_picture_names(event_id)} else None


def _is_temporary(name: str) -> bool:
    return name.startswith(".") or name.endswith(".tmp")


def _move(source: Path, target: Path) -> None:
    """Give `source` the name `target`, which must be free. That `source` is gone is no error: somebody moved it."""
    target.parent.mkdir(exist_ok=True)
    if target.exists():
        raise FileExistsError(0, f"{target} is there already; keep the right one of the two", str(target))
    try:
        source.rename(target)
    except FileNotFoundError:
        return
