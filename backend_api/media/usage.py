"""How much of the media folder each event's files take."""

import os
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from backend_api.contract.media import clip_name, frame_name, thumbnail_name
from backend_api.contract.verdicts import MAX_SHOWN_FRAMES


@dataclass(slots=True)
class EventFiles:
    """The files of one event: their names, their bytes, and those of its clip among them."""

    names: list[str]
    size_bytes: int = 0
    clip_bytes: int = 0


def read_usage(folder: Path) -> dict[UUID, EventFiles]:
    """The files in `folder` that bear an event's id, by event; nothing else is counted. Empty when it is missing."""
    used: dict[UUID, EventFiles] = {}
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return used
    with entries:
        for entry in entries:
            event_id = owner_of(entry.name)
            if event_id is None:
                continue
            try:
                found = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # removed in between
            # Events of one instant share one file, each by a name of its own: what it takes is counted once.
            size_bytes = found.st_size // max(1, found.st_nlink)
            files = used.setdefault(event_id, EventFiles([]))
            files.names.append(entry.name)
            files.size_bytes += size_bytes
            files.clip_bytes += size_bytes if entry.name.endswith(".mp4") else 0
    return used


def owner_of(name: str) -> UUID | None:
    """The event whose file is called `name`; None when that is no name of an event's file."""
    try:
        event_id = UUID(name.partition(".")[0])
    except ValueError:
        return None
    if name in (clip_name(event_id), thumbnail_name(event_id)):
        return event_id
    return event_id if name in {frame_name(event_id, number) for number in range(1, MAX_SHOWN_FRAMES + 1)} else None
