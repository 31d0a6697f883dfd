"""The folder of clips and thumbnails: a final name is always a complete file, and never becomes another one."""

import logging
import re
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from backend_api.base.durable_files import Disk
from backend_api.contract.events import ClipInfo, Gap
from backend_api.contract.media import clip_name, thumbnail_name
from edge_service.clips.cut import ClipError
from edge_service.clips.event_factory import EventFactory
from edge_service.clips.mp4 import Clip

log = logging.getLogger(__name__)

# What Disk.put_new writes to before the file has its name, for the names that this module gives.
_TEMPORARY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(mp4|jpg)\.tmp")


def remove_leftovers(folder: Path, disk: Disk) -> None:
    """Remove what a run that was killed while it wrote left in `folder`; one that cannot be removed stays, and is said.

    Raises OSError when the folder cannot be read.
    """
    for path in folder.iterdir():
        if _TEMPORARY.fullmatch(path.name):
            try:
                disk.remove(path)
            except OSError as error:  # another user's, say: no clip of ours needs its name
                log.warning("%s: an earlier run left it, and it cannot be removed: %s", path, error.strerror)
            else:
                log.info("%s: removed, an earlier run was stopped while it wrote it", path)


class ClipFolder:
    """Writes into `folder`; an event's files bear its id."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._folder = folder
        self._disk = disk

    def keep_clip(self, event_id: UUID, clip: Clip, factory: EventFactory, twin_id: UUID | None = None) -> ClipInfo:
        """Write `clip`, and say what the event promises of it; `twin_id` is an event that it was kept for already.

        Raises ClipError, also when another clip is there already; a begun file is removed then.
        """
        path = self._folder / clip_name(event_id)
        twin = None if twin_id is None else self._folder / clip_name(twin_id)
        try:
            self._put_new(path, clip.mp4, twin)
        except FileExistsError as error:
            raise ClipError(f"another clip is stored as {path.name}, and no stored clip is ever replaced") from error
        except OSError as error:
            raise ClipError(f"{path.name} could not be written: {error.strerror}") from error
        return ClipInfo(
            start_ts=factory.timestamp(clip.start_s),
            end_ts=factory.timestamp(clip.end_s),
            codec="h264",
            width=clip.width,
            height=clip.height,
            bytes=len(clip.mp4),
            sha256=sha256(clip.mp4).hexdigest(),
            gaps=tuple(
                Gap(start_ts=factory.timestamp(gap.start_s), end_ts=factory.timestamp(gap.end_s)) for gap in clip.gaps
            ),
            masked=clip.masked,
        )

    def keep_thumbnail(self, event_id: UUID, jpeg: bytes) -> None:
        """Write a thumbnail; that it could not be written is logged and no more."""
        path = self._folder / thumbnail_name(event_id)
        try:
            self._put_new(path, jpeg)
        except FileExistsError:
            log.warning("%s is there already with another picture, and stays as it is", path)
        except OSError as error:
            log.warning("%s could not be written: %s; the event goes without its thumbnail", path, error.strerror)

    def _put_new(self, path: Path, data: bytes, twin: Path | None = None) -> None:
        try:
            if twin is not None:
                self._disk.put_again(twin, path, data)
                return
            try:
                self._disk.put_new(path, data)
            except FileNotFoundError:
                # Another camera's edge that starts with the same folder may take the temporary file for a leftover.
                self._disk.put_new(path, data)
        except OSError:
            with suppress(OSError):  # the first error is the one to tell
                self._disk.remove(path.with_name(f"{path.name}.tmp"))
            raise
