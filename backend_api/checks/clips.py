"""Whether every clip that an event promises is there, and is the one that it promises."""

import hashlib
import stat
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import select

from backend_api.checks.finding import Finding, Kind
from backend_api.checks.folder import set_aside_path
from backend_api.checks.sweep import in_window, sweep
from backend_api.contract.media import clip_name
from backend_api.media.media import Media
from backend_api.store.db.database import Database
from backend_api.store.db.tables import events, removed_media

_PROMISED = select(events.c.event_id, events.c.clip_sha256, events.c.body).where(
    events.c.clip_sha256.is_not(None),
    in_window(events.c.seq),
    # Those are gone on purpose.
    events.c.seq.not_in(select(removed_media.c.seq)),
)


def check_clips(database: Database, media: Media) -> Iterator[Finding]:
    """The promised clips that are missing or different; nothing here can repair them."""
    for event_id, sha256, body in sweep(database, _PROMISED):
        size_bytes = from_json(body)["clip"]["bytes"]
        name = clip_name(UUID(event_id))
        if media.folder is not None and _is_aside(media.folder, name):
            continue  # check_folder has found that one, and can put it back
        with media.local(name) as path:
            found = _compare(path, name, size_bytes, sha256)
        if found is not None:
            kind, text = found
            where = f"{media.name}/{name}"
            cure = f"restore {where} from a backup or from the edge that made it; until then its event has no clip"
            yield Finding(kind, event_id, text, cure)


def _is_aside(folder: Path, name: str) -> bool:
    return not (folder / name).exists() and set_aside_path(folder, name).exists()


def _compare(path: Path, name: str, size_bytes: int, sha256: str) -> tuple[Kind, str] | None:
    """The fault of the clip at `path`, or None."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            return Kind.MISSING_CLIP, f"{name} is no file"
        if found.st_size != size_bytes:
            return Kind.DIFFERENT_CLIP, f"{name} has {found.st_size} bytes, the event promises {size_bytes}"
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return Kind.MISSING_CLIP, f"{name} cannot be read: {error.strerror}"
    if digest != sha256:
        return Kind.DIFFERENT_CLIP, f"{name} has the SHA-256 {digest}, the event promises {sha256}"
    return None
