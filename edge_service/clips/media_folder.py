"""The folder of clips and thumbnails: a final name is always a complete file."""

import logging
import re
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from backend_api.base.durable_files import Disk
from backend_api.contract.events import ClipInfo, Gap, clip_name, thumbnail_name
from edge_service.clips.cut import ClipError
from edge_service.clips.event_factory import EventFactory
from edge_service.clips.mp4 import Clip

log = logging.getLogger(__name__)

# What Disk.replace writes to before the file has its name, for the names that this module gives.
_TEMPORARY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(mp4|jpg)\.tmp")


def remove_leftovers(folder: Path, disk: Disk) -> None:
    """Remove what a run that was killed while it wrote left in `folder`. Raises OSError."""
    for path in folder.iterdir():
        if _TEMPORARY.fullmatch(path.name):
            disk.remove(path)
            log.info("%s: removed, an earlier run was stopped while it wrote it", path)


class ClipFolder:
    """Writes into `folder`; an event's files bear its id."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._folder = folder
        self._disk = disk

    def keep_clip(self, event_id: UUID, clip: Clip, factory: EventFactory) -> ClipInfo:
        """Write `clip`, and say what the event promises of it. Raises ClipError; what was begun is removed then."""
        path = self._folder / clip_name(event_id)
        try:
            self._write(path, clip.mp4)
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
        )

    def keep_thumbnail(self, event_id: UUID, jpeg: bytes) -> None:
        """Write a thumbnail; that it could not be written is logged and no more."""
        path = self._folder / thumbnail_name(event_id)
        try:
            self._write(path, jpeg)
        except OSError as error:
            log.warning("%s could not be written: %s; the event goes without its thumbnail", path, error.strerror)

    def _write(self, path: Path, data: bytes) -> None:
        try:
            self._replace(path, data)
        except OSError:
            with suppress(OSError):  # the first error is the one to tell
                self._disk.remove(path.with_name(f"{path.name}.tmp"))
            raise

    def _replace(self, path: Path, data: bytes) -> None:
        try:
            self._disk.replace(path, data)
        except FileNotFoundError:
            # Another camera's edge that starts with the same folder may take the temporary file for a leftover.
            self._disk.replace(path, data)
