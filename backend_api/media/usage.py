"""How much of the media each event's files take."""

from dataclasses import dataclass
from uuid import UUID

from backend_api.contract.media import clip_name, frame_name, thumbnail_name
from backend_api.contract.verdicts import MAX_SHOWN_FRAMES
from backend_api.media.media import Media


@dataclass(slots=True)
class EventFiles:
    """The files of one event: their names, their bytes, and those of its clip among them."""

    names: list[str]
    size_bytes: int = 0
    clip_bytes: int = 0


def read_usage(media: Media) -> dict[UUID, EventFiles]:
    """The files in `media` that bear an event's id, by event; nothing else is counted."""
    used: dict[UUID, EventFiles] = {}
    for name, size_bytes in media.entries():
        event_id = owner_of(name)
        if event_id is None:
            continue
        files = used.setdefault(event_id, EventFiles([]))
        files.names.append(name)
        files.size_bytes += size_bytes
        files.clip_bytes += size_bytes if name.endswith(".mp4") else 0
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
