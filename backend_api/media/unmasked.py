"""Clips and pictures in which nothing was hidden before they were written, and masking or removing them on purpose.

A change of an edge's privacy settings touches nothing that is stored, so what came before stays until a person masks
or removes it. Pictures of an event without a clip are among these: nothing says that anything was hidden in them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import bindparam, select

from backend_api.base.instants import from_ms
from backend_api.contract.events import ClipInfo
from backend_api.contract.media import clip_name, thumbnail_name
from backend_api.media.media import Media
from backend_api.media.usage import EventFiles, read_usage
from backend_api.store.db.database import Database
from backend_api.store.db.tables import events
from backend_api.store.removed_media import RemovedMedia
from backend_api.store.store import Store

_EVENTS_A_QUERY = 500
_OF_IDS = select(events.c.event_id, events.c.store_id, events.c.camera_id, events.c.ts_ms, events.c.body).where(
    events.c.event_id.in_(bindparam("ids", expanding=True))
)


@dataclass(frozen=True, slots=True)
class UnmaskedMedia:
    """The files of an event, none of which says that anything was hidden in it; `at` is the event's time, aware."""

    event_id: UUID
    store_id: str
    camera_id: str
    at: datetime
    files: EventFiles


def find_unmasked(database: Database, media: Media, camera_id: str | None = None) -> list[UnmaskedMedia]:
    """All of them, of one camera or of every one, the oldest first. Raises OSError."""
    used = read_usage(media)
    found: list[UnmaskedMedia] = []
    names = iter(used)
    while part := list(islice(names, _EVENTS_A_QUERY)):
        with database.read() as connection:
            rows = connection.execute(_OF_IDS, {"ids": [str(event_id) for event_id in part]}).all()
        for row in rows:
            clip = from_json(row.body).get("clip") or {}
            if clip.get("masked") is None and camera_id in (None, row.camera_id):
                event_id = UUID(row.event_id)
                files = used[event_id]
                found.append(UnmaskedMedia(event_id, row.store_id, row.camera_id, from_ms(row.ts_ms), files))
    return sorted(found, key=lambda one: (one.at, str(one.event_id)))


def remove_unmasked(found: Sequence[UnmaskedMedia], media: Media, removed: RemovedMedia, reason: str) -> None:
    """Remove the files of `found`; their events stay, and their media answer 410 with `reason`.

    As retention does, it is written down first that they go: after a crash in between, the next call finds the files
    there and removes them. Raises OSError, StoreBusy, StoreFull.
    """
    for start in range(0, len(found), _EVENTS_A_QUERY):
        part = found[start : start + _EVENTS_A_QUERY]
        removed.note([(one.event_id, reason) for one in part])
        media.remove([name for one in part for name in one.files.names])


def keep_masked(
    one: UnmaskedMedia,
    mp4: bytes,
    info: ClipInfo,
    thumbnail: bytes | None,
    media: Media,
    store: Store,
) -> None:
    """Put the masked clip `mp4`, of which the event says `info` from now on, and its `thumbnail` in the place of `one`.

    Invariant: no event says that its clip is masked while any file of it is not. So the files come first: the clip and
    the thumbnail are replaced on the disk, all other pictures go, and only then the event's row is written. After a
    crash in between the event is found again, and its clip, which may be masked by then, is masked once more.
    Raises OSError, StoreBusy, StoreFull.
    """
    contents = {clip_name(one.event_id): mp4}
    if thumbnail is not None:
        contents[thumbnail_name(one.event_id)] = thumbnail
    media.replace_all(contents)
    media.remove([name for name in one.files.names if name not in contents])
    store.events.replace_clip(one.event_id, info)
    if store.removed_media.find(one.event_id) is not None:
        # Retention came in between; what it has removed does not come back.
        media.remove(contents)
