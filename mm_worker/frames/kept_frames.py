"""Keeping the pictures for the model in the media folder, so that a person can look at the very same pictures.

In this order, so that a name never leads to half a file: every picture under a temporary name, fsync; then the renames;
then fsync of the folder. It is done before the model is asked: a verdict never waits for its pictures.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

from backend_api.base.durable_files import Disk
from backend_api.media.folder import MediaFolder
from mm_worker.frames.pictures import Picture

log = logging.getLogger(__name__)


def keep_pictures(media: MediaFolder, event_id: UUID, pictures: Sequence[Picture]) -> None:
    """Write the pictures as the event's frames 1, 2, ...; a failure to write them is logged and no more.

    The same clip gives the same pictures: those that are there already are left alone.
    """
    wanted = {media.frame_path(event_id, number): picture.jpeg for number, picture in enumerate(pictures, start=1)}
    try:
        try:
            _put(wanted)
        except FileNotFoundError:
            # A backend that starts at this very moment takes a temporary file for a killed worker's.
            _put(wanted)
    except OSError as error:
        log.warning("the frames of %s could not be kept: %s; the verdict goes without", event_id, error.strerror)


def _put(wanted: Mapping[Path, bytes]) -> None:
    Disk().replace_all({path: jpeg for path, jpeg in wanted.items() if _content(path) != jpeg})


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
